"""What a folded MACE that sends vectors computes on a GPU, written out when this is imported.

The formulas are those of the CPU: `vector_formulas` and `message_formulas`. Arguments are tuples:
16 features `a`, 40 rows of messages `m`, ten radial functions `r` and their slopes, what is `sent`
(a scalar and three components), the harmonics `p` without the first.
"""

from typing import Any

import triton  # noqa: F401
import triton.language as tl  # noqa: F401

from scatter.mace.kernels.couplings import MESSAGE_ROWS, PATHS, STARTS, VECTORS
from scatter.mace.kernels.gpu.text import Source, Text, define, function, radials
from scatter.mace.kernels.harmonics import INVARIANTS, ROWS, rows
from scatter.mace.kernels.message_formulas import SENT, Way, along, message
from scatter.mace.kernels.vector_formulas import Back, Features, dot

COUNT = len(PATHS)


def _features(source: Source) -> Features:
    """Of an atom; the weights of an invariant, or of a vector, are `stride` after those before."""
    beta = source.loaded("beta", "stride", INVARIANTS)
    gamma = source.loaded("gamma", "stride", len(VECTORS))
    return Features(source, source.given("a", ROWS), beta, gamma)


def _product(source: Source) -> list[Any]:
    """B, and the components of V."""
    features = _features(source)
    return [features.scalar(), *features.vector()]


def _product_back(source: Source) -> list[Any]:
    """ā = B̄ ∂B/∂a + V̄ ∂V/∂a."""
    back, (by, *by_vector) = Back(_features(source)), source.given("bar", SENT)
    back.through_scalar(by)
    back.through_vector(by_vector)
    return [*back.features()]


def _harmonics(source: Source) -> list[Any]:
    return [1.0, *source.given("p", ROWS - 1)]


def _messages(source: Source) -> list[Any]:
    """M + R_path [x p] of all paths."""
    r, sent, y = source.given("r", COUNT), source.given("sent", SENT), _harmonics(source)
    found = []
    for radial, path in zip(r, PATHS, strict=True):
        found += message(source, path, [radial * value for value in along(path, sent)], y)
    before = source.given("m", MESSAGE_ROWS)
    return [one + other for one, other in zip(before, found, strict=True)]


def _messages_back(source: Source) -> list[Any]:
    """Derivatives by what is sent, by r, and by the harmonics but the first; here m is m̄."""
    m, r, slopes = (source.given(*of) for of in (("m", 40), ("r", COUNT), ("slopes", COUNT)))
    sent, y = source.given("sent", SENT), _harmonics(source)
    by_sent: list[Any] = [0.0] * SENT
    by_harmonics: list[Any] = [0.0] * ROWS
    by_r: Any = 0.0
    for n, path in enumerate(PATHS):
        way = Way(source, path, y, m[STARTS[n] : STARTS[n + 1]])
        answers, these = way.answers(), along(path, sent)
        for place, answer in zip(along(path, [*range(SENT)]), answers, strict=True):
            by_sent[place] = source.fma(r[n], answer, by_sent[place])
        by_r = source.fma(slopes[n], dot(source, these, answers), by_r)
        found = way.by_harmonics([r[n] * value for value in these])
        for row, value in zip(rows(path[1]), found, strict=True):
            by_harmonics[row] = by_harmonics[row] + value
    return [by_sent, by_r, by_harmonics]


def _forty() -> list[str]:
    """Functions of tuples of 40: each the same, from memory, and summed over the neighbours."""
    each = range(MESSAGE_ROWS)
    return [
        function("forty", "x", lambda source: MESSAGE_ROWS * [Text(source, "x")]),
        function("forty_rows", "base, C", lambda source: source.loaded("base", "C", MESSAGE_ROWS)),
        function(
            "sums_of_forty", "m", lambda source: [source.line(f"tl.sum(m[{k}], 0)") for k in each]
        ),
    ]


weights = "beta, gamma, stride"
define(globals(), [
    *radials(COUNT),
    *_forty(),
    function("product_v", f"a, {weights}", _product),
    function("product_v_back", f"a, {weights}, bar", _product_back),
    function("messages_added", "m, r, sent, p", _messages),
    function("messages_back", "m, r, slopes, sent, p", _messages_back),
])  # fmt: skip
