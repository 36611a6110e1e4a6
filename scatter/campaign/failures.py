"""Failed trajectories of a campaign: how many, why, and when they are too many."""

from collections import Counter
from pathlib import Path

import numpy as np

from scatter import store
from scatter.outcomes import REASONS, Outcome, Reason
from scatter.settings import Untrusted
from scatter.statistics import Quality


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


def refuse_failures(folder: Path, most: float) -> None:
    """Raise Untrusted if more than a fraction of a campaign's trajectories failed.

    Args:
        folder: of the campaign, with its results.
        most: the largest fraction that is taken as it is.
    """
    _, rows, _ = store.read_results(folder, ("point", "outcome", "reason"))
    found = by_reason(rows)
    failed = sum(found.values())
    if failed > most * len(rows):
        reason, n = next(iter(found.items()))
        raise Untrusted(
            f"{folder}: {failed} of {len(rows)} trajectories failed ({failed / len(rows):.1%}, and "
            f"[guards] most_failed = {most:g}), {n} of them by: {REASONS[reason]}; all is "
            f"written, but look before you use it: scatter inspect {folder}"
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
