"""How far to trust trajectories: errors of their energies, and shares without an ending."""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from scatter.outcomes import Outcome


@dataclass(frozen=True)
class Quality:
    """How far a set of trajectories is to be trusted; NaN for a set that is empty.

    Attributes:
        n: trajectories.
        max_energy_error_eV: largest energy error of those that have not failed, eV.
        rms_energy_error_eV: root mean square of the same, eV.
        undecided: fraction of all.
        failed: fraction of all.
    """

    n: int
    max_energy_error_eV: float
    rms_energy_error_eV: float
    undecided: float
    failed: float


def quality(trajectories: np.ndarray) -> Quality:
    """Energy errors and the fractions without a physical ending.

    A failed trajectory is in the fraction `failed` only: its energy error is NaN or whatever it
    had reached when it was given up.
    """
    outcome = trajectories["outcome"]
    error = trajectories["energy_error_eV"][outcome != Outcome.FAILED]
    n = len(outcome)
    return Quality(
        n=n,
        max_energy_error_eV=float(error.max()) if error.size else nan,
        rms_energy_error_eV=sqrt(np.mean(error**2)) if error.size else nan,
        undecided=int((outcome == Outcome.UNDECIDED).sum()) / n if n else nan,
        failed=int((outcome == Outcome.FAILED).sum()) / n if n else nan,
    )
