"""What trajectories that begin alike do otherwise: paired differences of observables.

What two trajectories share by their common start is free of sampling error, so that the mean of
their differences is known better than the difference of two means.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from scatter.analysis.means import mean_of
from scatter.analysis.paired import Paired, pairs
from scatter.analysis.per_point import Columns, by_point, long_table
from scatter.analysis.products import classes
from scatter.outcomes import Outcome, OwnEnding, ending_names, sticking_codes

SLAB = ("kinetic_slab_eV", "potential_slab_eV")
# Columns whose means are compared: over all pairs, and over those scattered on both.
OF_ALL = ("lowest_Z_A", "time_fs", "turning_points")
OF_BOTH = ("final_translational_eV", "energy_loss_eV", "final_v", "final_J", "final_polar_deg")
MODES = ("final_rotational_eV", "final_vibrational_eV", "final_mode")  # how names begin, likewise
TAKEN = ("bath_eV", "electrons_eV", "electrons_dissipated_eV")  # 0 where a campaign lacks them

Rows = np.ndarray


class Compared(NamedTuple):
    """An observable of pairs.

    Attributes:
        name: of it, with its unit.
        among: which pairs count, in words.
        n: how many have it on both.
        first: its mean on the first.
        second: on the second.
        difference: second less first.
        low: lower end of the 95 % interval of the difference.
        high: upper end.
    """

    name: str
    among: str
    n: int
    first: float
    second: float
    difference: float
    low: float
    high: float


def paired_means(
    points: Rows, first: Rows, second: Rows, own: Sequence[OwnEnding] = ()
) -> pd.DataFrame:
    """Every observable of the pairs of each point, as a long table.

    Proportions of all pairs: how many diatomics dissociated, kept their vibrational state
    (scattered, with the nearest v that of the start), lost or gained vibrational quanta; how many
    others stuck, and became each product (`products.classes`); their differences have Tango's
    interval. Means: of columns, of the energy that the slab has taken up, and of what was given to
    a bath and to electrons; their differences have Student's interval.

    Args:
        points: /points of both campaigns.
        first: trajectories of the one, with all columns.
        second: of the other.
        own: custom endings.

    Returns:
        Behind the columns of the point those of `Compared`.
    """
    mine, its = pairs(first, second)
    joined = zip(by_point(points, mine), by_point(points, its), strict=True)
    return long_table(
        {**columns, **compared._asdict()}
        for (columns, before), (_, after) in joined
        for compared in _of_point(columns, before, after, own)
    )


def paired_endings(
    points: Rows, first: Rows, second: Rows, own: Sequence[OwnEnding] = ()
) -> pd.DataFrame:
    """How many pairs of each point became so on the first and so on the second, as a long table.

    What a trajectory has become is its ending, or its products where rows name these
    (`products.classes`). The arguments are those of `paired_means`.

    Returns:
        `point` (its row in /points), `first`, `second`, `pairs`.
    """
    mine, its = pairs(first, second)
    joined = zip(by_point(points, mine), by_point(points, its), strict=True)
    counts = (
        (row, Counter(zip(classes(before, names), classes(after, names), strict=True)))
        for names in (ending_names(own),)
        for row, ((_, before), (_, after)) in enumerate(joined)
    )
    return long_table(
        {"point": row, "first": here, "second": there, "pairs": count}
        for row, counted in counts
        for (here, there), count in counted.most_common()
    )


def _of_point(
    columns: Columns, first: Rows, second: Rows, own: Sequence[OwnEnding]
) -> Iterator[Compared]:
    before, after = _endings(columns, first, own), _endings(columns, second, own)
    nobody = np.zeros(len(first), bool)
    for name in dict.fromkeys([*before, *after]):
        yield _proportion(name, before.get(name, nobody), after.get(name, nobody))
    everyone = np.ones(len(first), bool)
    both = (first["outcome"] == Outcome.SCATTERED) & (second["outcome"] == Outcome.SCATTERED)
    present = first.dtype.names or ()
    measured = (*OF_BOTH, *(name for name in present if name.startswith(MODES)))
    for names, those, among in ((OF_ALL, everyone, "all"), (measured, both, "both scattered")):
        for name in names:
            if name in present:
                here, there = (rows[name][those].astype(np.float64) for rows in (first, second))
                yield _mean(name, among, here, there)
    taken = {"to_slab_eV": (_to_slab(first), _to_slab(second))}
    for name in TAKEN:
        if any(name in (rows.dtype.names or ()) for rows in (first, second)):
            taken[name] = _or_none(first, name), _or_none(second, name)
    for name, (here, there) in taken.items():
        yield _mean(name, "all", here, there)
        yield _mean(name, "both scattered", here[both], there[both])


def _endings(
    columns: Columns, rows: Rows, own: Sequence[OwnEnding]
) -> Mapping[str, Bool[np.ndarray, " pair"]]:
    """What has happened to each trajectory, by name."""
    there = {"dissociated": rows["outcome"] == Outcome.DISSOCIATED}
    scattered = rows["outcome"] == Outcome.SCATTERED
    if "final_v" not in (rows.dtype.names or ()):
        became = np.array(classes(rows, ending_names(own)), object)
        products = {label: became == label for label in dict.fromkeys(sorted(became))}
        return {"stuck": np.isin(rows["outcome"], sticking_codes(own)), **products}
    v = np.floor(rows["final_v"] + 0.5)
    return {
        **there,
        "state_kept": scattered & (v == columns["v"]),
        "quanta_lost": scattered & (v < columns["v"]),
        "quanta_gained": scattered & (v > columns["v"]),
    }


def _proportion(
    name: str, first: Bool[np.ndarray, " pair"], second: Bool[np.ndarray, " pair"]
) -> Compared:
    n = len(first)
    apart = Paired(n, int((second & ~first).sum()), int((first & ~second).sum()))
    mine, its = (float(each.mean()) if n else np.nan for each in (first, second))
    return Compared(name, "all", n, mine, its, apart.difference, apart.low, apart.high)


def _mean(
    name: str, among: str, first: Float[np.ndarray, " pair"], second: Float[np.ndarray, " pair"]
) -> Compared:
    known = np.isfinite(first) & np.isfinite(second)
    before, after = first[known], second[known]
    apart = mean_of(after - before)
    mine, its = (float(each.mean()) if len(each) else np.nan for each in (before, after))
    return Compared(name, among, apart.n, mine, its, apart.mean, apart.low, apart.high)


def _to_slab(rows: Rows) -> Float[np.ndarray, " pair"]:
    """Energy that the slab has taken up, eV."""
    return sum(
        (rows[f"final_{name}"] - rows[f"initial_{name}"] for name in SLAB), np.zeros(len(rows))
    )


def _or_none(rows: Rows, name: str) -> Float[np.ndarray, " pair"]:
    return rows[name] if name in (rows.dtype.names or ()) else np.zeros(len(rows))
