"""What keeps a campaign from being taken as it is: failures, and S0 that is not known."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scatter import store
from scatter.analysis import Quality, Sticking, in_turn, sticking
from scatter.campaign.progress import point_names
from scatter.campaign.surfaces import surfaces_of
from scatter.dynamics.guards import Guards
from scatter.foreign import reason as why
from scatter.outcomes import REASONS, Outcome, Reason
from scatter.results import Told
from scatter.settings import Untrusted, UserError

NEEDED = ("point", "number", "outcome", "reason")


def by_reason(rows: np.ndarray) -> dict[Reason, int]:
    """How many trajectories failed for each reason, the commonest first.

    Args:
        rows: of `/trajectories`.
    """
    failed = rows["reason"][rows["outcome"] == Outcome.FAILED]
    return {Reason(code): n for code, n in Counter(failed.tolist()).most_common()}


def told(rows: np.ndarray) -> str:
    """A sentence about those that failed; empty if none has."""
    found = by_reason(rows)
    if not found:
        return ""
    each = "; ".join(f"{n} {REASONS[reason]}" for reason, n in found.items())
    return f"failed: {sum(found.values())} of {len(rows)} ({each})"


def guards_in(place: Path, text: str) -> Guards:
    """The table [guards] in the text of an input; the rest of it is not looked at.

    Args:
        place: the file that holds the text, named in errors.
        text: the input.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return Guards.model_validate(tomllib.loads(text).get("guards", {}))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: the input in it cannot be read ({why(error)})") from error


def judged(points: np.ndarray, ended: np.ndarray, attributes: Told) -> list[Sticking]:
    """The points of a campaign, S0 known by what its own input allows.

    Args:
        points: /points of `results.h5`.
        ended: /trajectories; of an unfinished campaign those that are `in_turn` count.
        attributes: of the file.
    """
    guards = guards_in(attributes.path, attributes["input"])
    surfaces = surfaces_of(points, attributes)
    own = attributes.own_endings
    return sticking(points, in_turn(ended), guards.most_unsettled, surfaces, own)


def unknown(rows: Sequence[Sticking], most: float) -> str:
    """A sentence about the points whose S0 is not known; empty if there are none.

    Args:
        rows: all points.
        most: of `scatter.analysis.probability.settled`.
    """
    shares = [(row.undecided + row.failed) / row.n if not row.known else 0.0 for row in rows]
    if not any(shares):
        return ""
    worst = int(np.argmax(shares))
    row, name = rows[worst], point_names(rows)[worst]
    longer = row.undecided >= row.failed
    mend = "run it in a new folder with more [dynamics] max_time_fs" if longer else "see why"
    return (
        f"S0 is not known at {np.count_nonzero(shares)} of {len(rows)} points, only its bounds: "
        f"more trajectories than [guards] most_unsettled = {most:g} allows are undecided or failed "
        f"({name}: {row.undecided} and {row.failed} of {row.n}); {mend}"
    )


def refuse_failures(folder: Path, most: float) -> None:
    """Raise Untrusted if more than a fraction of a campaign's trajectories failed.

    Args:
        folder: of the campaign, with its results.
        most: the largest fraction that is taken as it is.
    """
    _, rows, _ = store.read_results(folder, NEEDED)
    _refuse(folder, _too_many_failed(rows, most))


def refuse_untrusted(folder: Path) -> None:
    """Raise Untrusted if too many trajectories of a campaign failed, or S0 of a point is not known.

    Args:
        folder: of the campaign, with its results.
    """
    points, ended, attributes = store.read_results(folder, NEEDED)
    guards = guards_in(attributes.path, attributes["input"])
    rows = judged(points, ended, attributes)
    found = (_too_many_failed(ended, guards.most_failed), unknown(rows, guards.most_unsettled))
    _refuse(folder, "; ".join(sentence for sentence in found if sentence))


def _refuse(folder: Path, sentence: str) -> None:
    if sentence:
        raise Untrusted(
            f"{folder}: {sentence}; all is written, but look before you use it: scatter inspect "
            f"{folder}"
        )


def _too_many_failed(rows: np.ndarray, most: float) -> str:
    """A sentence about failures if they are more than this fraction of all trajectories."""
    found = by_reason(rows)
    failed = sum(found.values())
    if failed <= most * len(rows):
        return ""
    reason, n = next(iter(found.items()))
    return (
        f"{failed} of {len(rows)} trajectories failed ({failed / len(rows):.1%}, and "
        f"[guards] most_failed = {most:g}), {n} of them by: {REASONS[reason]}"
    )


def quality_told(found: Quality) -> str:
    """The energy errors of a campaign, and its shares without an ending, in words."""
    if not found.n:
        return "no trajectory has ended yet"
    shares = f"undecided {found.undecided:.2%}, failed {found.failed:.2%}"
    if not np.isfinite(found.max_energy_error_eV):
        return f"no energy error can be told, since every trajectory failed; {shares}"
    return (
        f"largest energy error {1e3 * found.max_energy_error_eV:.2f} meV (RMS "
        f"{1e3 * found.rms_energy_error_eV:.2f}); {shares}"
    )
