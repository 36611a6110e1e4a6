"""What keeps a campaign from being taken as it is: failures, and S0 that is not known."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scatter.analysis import Quality, Sticking
from scatter.outcomes import REASONS, Outcome, Reason
from scatter.report.table import point_names
from scatter.results.folder import COUNTED, ResultsFile
from scatter.settings import Untrusted


def by_reason(rows: np.ndarray) -> dict[Reason, int]:
    """How many trajectories failed for each reason, the commonest first.

    Args:
        rows: of `/trajectories`.
    """
    failed = rows["reason"][rows["outcome"] == Outcome.FAILED]
    return {Reason(code): n for code, n in Counter(failed.tolist()).most_common()}


def failures(rows: np.ndarray) -> str:
    """A sentence about the trajectories that failed; empty if none has."""
    counts = by_reason(rows)
    if not counts:
        return ""
    each = "; ".join(f"{n} {REASONS[reason]}" for reason, n in counts.items())
    return f"failed: {sum(counts.values())} of {len(rows)} ({each})"


def in_words(row: np.ndarray, names: dict[int, str]) -> str:
    """How a trajectory ended, and why if it failed.

    Args:
        row: a record of `/trajectories`.
        names: of endings, by code.
    """
    reason = Reason(int(row["reason"]))
    return names[int(row["outcome"])] + (f": {REASONS[reason]}" if reason else "")


def unknown(rows: Sequence[Sticking], most: float) -> str:
    """A sentence about the points whose S0 is not known; empty if there are none.

    Args:
        rows: all points.
        most: of `scatter.analysis.probability.settled`.
    """
    split = [name for row, name in zip(rows, point_names(rows), strict=True) if _unsettled(row)]
    if split:
        return (
            f"S0 is not known at {'; '.join(split)}: of the trajectories of its replicates more "
            f"are undecided or failed than [guards] most_unsettled = {most:g} allows"
        )
    shares = [(row.undecided + row.failed) / row.n if not row.known else 0.0 for row in rows]
    if not any(shares):
        return ""
    worst = int(np.argmax(shares))
    row, name = rows[worst], point_names(rows)[worst]
    longer = row.undecided >= row.failed
    remedy = "run it in a new folder with a longer [dynamics] max_time_fs" if longer else "see why"
    return (
        f"S0 is not known at {np.count_nonzero(shares)} of {len(rows)} points, only its bounds: "
        f"more trajectories than [guards] most_unsettled = {most:g} allows are undecided or failed "
        f"({name}: {row.undecided} and {row.failed} of {row.n}); {remedy}"
    )


def _unsettled(row: Sticking) -> bool:
    """Whether S0 of a point that was split is not known."""
    return row.repeated is not None and not row.known


def refuse_failures(folder: Path, most: float) -> None:
    """Raise Untrusted if more than a fraction of a campaign's trajectories failed.

    Args:
        folder: of the campaign, with its results.
        most: the largest fraction that is taken as it is.
    """
    _refuse(folder, _too_many_failed(ResultsFile.of(folder, COUNTED).ended, most))


def refuse_untrusted(folder: Path, results: ResultsFile | None = None) -> None:
    """Raise Untrusted if too many trajectories of a campaign failed, or S0 of a point is not known.

    Args:
        folder: of the campaign.
        results: in it, where they have been read.
    """
    results = results or ResultsFile.of(folder, COUNTED)
    doubts = (
        _too_many_failed(results.ended, results.guards.most_failed),
        unknown(results.rows, results.guards.most_unsettled),
    )
    _refuse(folder, "; ".join(sentence for sentence in doubts if sentence))


def _refuse(folder: Path, sentence: str) -> None:
    if sentence:
        raise Untrusted(
            f"{folder}: {sentence}; everything is written, but check it before you use it: "
            f"scatter inspect {folder}"
        )


def _too_many_failed(rows: np.ndarray, most: float) -> str:
    """A sentence about failures if they are more than this fraction of all trajectories."""
    counts = by_reason(rows)
    failed = sum(counts.values())
    if failed <= most * len(rows):
        return ""
    reason, n = next(iter(counts.items()))
    return (
        f"{failed} of {len(rows)} trajectories failed ({failed / len(rows):.1%}, and "
        f"[guards] most_failed = {most:g}), {n} of them by: {REASONS[reason]}"
    )


def quality_in_words(quality: Quality) -> str:
    """The energy errors of a campaign, and its shares without an ending."""
    if not quality.n:
        return "no trajectory has ended yet"
    shares = f"undecided {quality.undecided:.2%}, failed {quality.failed:.2%}"
    if not np.isfinite(quality.max_energy_error_eV):
        return f"no energy error is known, since every trajectory failed; {shares}"
    return (
        f"largest energy error {1e3 * quality.max_energy_error_eV:.2f} meV (RMS "
        f"{1e3 * quality.rms_energy_error_eV:.2f}); {shares}"
    )
