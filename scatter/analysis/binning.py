"""Real-valued quantum numbers -> whole ones, with the weight that each trajectory then has.

Three ways, which combine: the nearest whole number (histogram); a Gaussian weight that favours
trajectories whose numbers end up near whole ones; and classes of J two wide, for molecules whose
two atoms are alike and whose J therefore changes by even numbers only.
"""

from dataclasses import dataclass
from math import log

import numpy as np
from jaxtyping import Bool, Float, Int

from scatter.analysis.probability import wilson
from scatter.analysis.spins import homonuclear

NO_CLASS = -1  # of a trajectory that has no final v and J


@dataclass(frozen=True)
class Binned:
    """Trajectories in classes (v', J').

    Attributes:
        v: class of v', or `NO_CLASS`.
        J: class of J', or `NO_CLASS`.
        weight: of each trajectory; 0 without a class.
    """

    v: Int[np.ndarray, " trajectory"]
    J: Int[np.ndarray, " trajectory"]
    weight: Float[np.ndarray, " trajectory"]

    @property
    def classed(self) -> Bool[np.ndarray, " trajectory"]:
        """Which trajectories have a class."""
        return self.v != NO_CLASS


@dataclass(frozen=True)
class Binning:
    """How final quantum numbers are read.

    A number x belongs to the class n with n - 1/2 <= x < n + 1/2; with `parity`, J' of a
    homonuclear molecule to the class n with n - 1 <= J' < n + 1, n = J, J ± 2, ... An action below
    the lowest state's half quantum (v' < -1/2, which only rounding makes) counts as v' = 0; J' is
    never negative. A trajectory in the class n then weighs

        w = exp(-4 ln 2 (v' - n_v)² / δ_v²) exp(-4 ln 2 (J' - n_J)² / δ_J²),

    each factor being 1 where its width is None.

    Attributes:
        fwhm_v: δ_v, full width at half maximum in units of v; 0.1 is usual; None: histogram.
        fwhm_J: δ_J, the same for J.
        parity: ΔJ is even for homonuclear molecules; no other molecule is affected.
        alike: formulas of the molecules whose nuclei are one isotope, where masses say that; by
            default those whose formula does.
    Source: Bonnet & Rayez, Chem. Phys. Lett. 277, 183 (1997); 397, 106 (2004).
    """

    fwhm_v: float | None = None
    fwhm_J: float | None = None
    parity: bool = False
    alike: frozenset[str] | None = None

    def __post_init__(self) -> None:
        for name in ("fwhm_v", "fwhm_J"):
            width = getattr(self, name)
            if width is not None and not 0 < width < np.inf:
                raise ValueError(f"{name} = {width}: the width of a Gaussian must be above 0")

    @property
    def kind(self) -> str:
        """In words, such as "Gaussian (v 0.1, J 0.1)"."""
        widths = [
            f"{axis} {width:g}"
            for axis, width in (("v", self.fwhm_v), ("J", self.fwhm_J))
            if width is not None
        ]
        return f"Gaussian ({', '.join(widths)})" if widths else "histogram"

    def name(self, molecule: str) -> str:
        """For tables, as "histogram, even ΔJ" of H2 and "histogram" of HD."""
        return f"{self.kind}, even ΔJ" if self.step(molecule) == 2 else self.kind

    def step(self, molecule: str) -> int:
        """Between two classes of J: 2 where parity counts, else 1."""
        alike = homonuclear(molecule) if self.alike is None else molecule in self.alike
        return 2 if self.parity and alike else 1

    def classes(
        self,
        final_v: Float[np.ndarray, " trajectory"],
        final_J: Float[np.ndarray, " trajectory"],
        J: int,
        molecule: str,
    ) -> Binned:
        """The class and the weight of each trajectory.

        Args:
            final_v: real-valued v'; NaN: no class.
            final_J: real-valued J'; NaN: no class.
            J: initial rotational quantum number.
            molecule: formula.
        """
        known = np.isfinite(final_v) & np.isfinite(final_J)
        v, turns = np.where(known, final_v, 0.0), np.where(known, final_J, 0.0)
        step = self.step(molecule)
        offset = J % step
        whole_v = np.maximum(np.floor(v + 0.5), 0)
        whole_J = step * np.floor((turns - offset) / step + 0.5) + offset
        weight = _gaussian(v - whole_v, self.fwhm_v) * _gaussian(turns - whole_J, self.fwhm_J)
        return Binned(
            v=np.where(known, whole_v, NO_CLASS).astype(np.int64),
            J=np.where(known, whole_J, NO_CLASS).astype(np.int64),
            weight=np.where(known, weight, 0.0),
        )


HISTOGRAM = Binning()
GAUSSIAN = Binning(fwhm_v=0.1, fwhm_J=0.1)
PARITY = Binning(parity=True)


def _gaussian(
    distance: Float[np.ndarray, " trajectory"], fwhm: float | None
) -> Float[np.ndarray, " trajectory"]:
    if fwhm is None:
        return np.ones_like(distance)
    return np.exp(-4 * log(2) * (distance / fwhm) ** 2)


def effective_count(weight: Float[np.ndarray, " trajectory"]) -> float:
    """How many trajectories of equal weight would say as much: (Σw)² / Σw²; 0 for none."""
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0


def weighted_proportion(
    member: Bool[np.ndarray, " trajectory"],
    weight: Float[np.ndarray, " trajectory"],
    n: int,
) -> tuple[float, float, float]:
    """The probability of a class among n trajectories, of which these have a class, and its 95 %.

    Weights share out what is classed, and counting says how much that is:

        P = (N_classed / n) Σ_members w / Σ w.

    With S = Σ_members w / Σ w and the influence of each trajectory, ψ = (w/⟨w⟩)(b - S) + S - P
    (b: member or not; ψ = -P without a class), the variance of P is Σψ²/n². The interval is
    Wilson's for n' = P (1-P) / variance trials, the number without weights that would give this
    variance; equal weights give n' = n. At P = 0 and 1, where that is undefined,
    n' = n (Σw)² / (N_classed Σw²).

    Args:
        member: whether it is in the class, of all that have any.
        weight: their weights.
        n: all trajectories that P is a fraction of.

    Returns:
        P, low, high; NaN, 0, 1 where there are no trajectories, or all weights are 0.
    """
    total, classed = float(weight.sum()), len(weight)
    if classed == 0:
        return wilson(0, n)
    if not total > 0:
        return np.nan, 0.0, 1.0
    share = float(weight[member].sum()) / total
    p = min(classed / n * share, 1.0)
    influence = weight * (member - share) * (classed / total) + share - p
    squares = float((influence**2).sum()) + (n - classed) * p * p
    spread = p * (1 - p)
    if spread > 0 and squares > 0:
        trials = spread * n * n / squares
        trials = min(trials, n) if share * classed < 1 else trials
    else:
        trials = n * effective_count(weight) / classed
    return wilson(p * trials, trials)
