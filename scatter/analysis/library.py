"""Points that have been computed, S0(E; v, J), as functions of the energy with propagated errors.

Between two energies S0 is linear in E; below the first and above the last it is held, and how much
weight falls there is said. An average is then a sum c·S0 over the points, whose 95 % interval

    θ - √Σ [c (S0 - low)]²,    θ + √Σ [c (high - S0)]²        (low, high swapped where c < 0)

follows from the Wilson intervals of the points (MOVER). Unlike resampled counts, it is not empty at
points where nothing dissociated, and always holds the estimate.

Source: Zou, Huang & Zhang, Comput. Stat. Data Anal. 53, 1080 (2009).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.interpolate import PchipInterpolator

from scatter.analysis.curve import Curve, curves
from scatter.analysis.probability import Sticking
from scatter.analysis.spins import nuclei
from scatter.conditions import CONDITIONS
from scatter.settings import UserError

State = tuple[int, int]  # v, J
SAME = tuple(name for name in CONDITIONS if name not in ("v", "J", "energy_eV"))

StateEnergy = Float[np.ndarray, "state energy"]
PerEnergy = Float[np.ndarray, " energy"]
PerPoint = Float[np.ndarray, " point"]


@dataclass(frozen=True)
class Library:
    """Sticking curves along the energy, one for each state, all else equal.

    Attributes:
        molecule: formula.
        polar_deg: polar angle of incidence.
        curves: by (v, J); energies increase, and each has trajectories.
        masses_amu: of the molecule's atoms; None for those of the isotopes that its formula names.
    """

    molecule: str
    polar_deg: float
    curves: dict[State, Curve]
    masses_amu: tuple[float, float] | None = None

    @classmethod
    def of(
        cls, rows: Sequence[Sticking], masses_amu: tuple[float, float] | None = None
    ) -> "Library":
        """The library of a campaign; points without trajectories are left out.

        Args:
            rows: its points.
            masses_amu: as the attribute.

        Raises:
            UserError: the points differ in more than state and energy, a rotation is aligned, none
                has trajectories, or S0 of one is not known.
        """
        rows = [row for row in rows if row.n]
        if not rows:
            raise UserError("no point has a trajectory that has ended; nothing can be averaged")
        for name in SAME:
            values = {getattr(row, name) for row in rows}
            if len(values) > 1:
                said = ", ".join(sorted(map(str, values)))
                raise UserError(
                    f"points to be averaged differ in {name} ({said}); choose those of one {name}"
                )
        for row in rows:
            if row.mJ is not None and row.J:
                raise UserError(
                    f"points with a chosen m_J ({row.mJ:g}, of J = {row.J}) cannot stand for a "
                    "gas, whose rotation has no preferred direction; run them without mj"
                )
        _refuse_unknown(rows)
        by_state: dict[State, list[Sticking]] = {}
        for row in rows:
            by_state.setdefault((row.v, row.J), []).append(row)
        along = {state: curves(group, "energy_eV")[0] for state, group in by_state.items()}
        return cls(rows[0].molecule, rows[0].polar_deg, along, masses_amu)

    @property
    def mass_amu(self) -> float:
        """Of the molecule."""
        return sum(mass for _, mass in nuclei(self.molecule, self.masses_amu))

    def nodes(self) -> PerEnergy:
        """All energies at which a point has been computed, eV."""
        return np.unique(np.concatenate([curve.x for curve in self.curves.values()]))

    def at_normal_incidence(self) -> "Library":
        """The same, if its energies are normal energies.

        Raises:
            UserError: the molecules did not come along the surface normal.
        """
        if self.polar_deg:
            raise UserError(
                f"points at polar_deg = {self.polar_deg:g} cannot stand for all directions; "
                "take those at polar_deg = 0"
            )
        return self


def _refuse_unknown(rows: Sequence[Sticking]) -> None:
    """Raise UserError if an average would take bounds of S0 for S0 itself."""
    unknown = [row for row in rows if not row.known]
    if unknown:
        worst = max(unknown, key=lambda row: (row.undecided + row.failed) / row.n)
        raise UserError(
            f"S0 is not known at {len(unknown)} of {len(rows)} points, so an average means nothing "
            f"(at {worst.energy_eV:g} eV, v = {worst.v}, J = {worst.J}, {worst.undecided} of "
            f"{worst.n} trajectories are undecided, {worst.failed} failed); run them longer "
            "([dynamics] max_time_fs, in a new folder), or allow more by [guards] most_unsettled "
            "and run the same campaign again"
        )


@dataclass(frozen=True)
class Sampled:
    """S0 of some states by the points of a library.

    Attributes:
        curves: those in use.
        of: which curve each state follows; -1 for none.
        own: whether it is the state's own.
    """

    curves: tuple[Curve, ...]
    of: Int[np.ndarray, " state"]
    own: Bool[np.ndarray, " state"]

    @classmethod
    def of_states(
        cls, library: Library, states: Sequence[State], nearest_J: bool = False
    ) -> "Sampled":
        """Curves for states.

        Args:
            library: of computed points.
            states: (v, J) of each.
            nearest_J: let a state that the library lacks follow the curve of the same v whose J
                is nearest (the lower of two).
        """
        known = list(library.curves)
        of = []
        for v, J in states:
            alike = sorted((abs(k[1] - J), k[1], i) for i, k in enumerate(known) if k[0] == v)
            near = alike and (nearest_J or alike[0][0] == 0)
            of.append(alike[0][2] if near else -1)
        own = np.array([state in library.curves for state in states], bool)
        return cls(tuple(library.curves.values()), np.array(of, int), own)

    @property
    def known(self) -> Bool[np.ndarray, " state"]:
        """Which states follow a curve."""
        return self.of >= 0

    def S0(self, energy: PerEnergy, smooth: bool = False) -> StateEnergy:
        """S0 at energies (eV), linear or by monotone cubics (`smooth`); 0 where not known."""
        each = [_cubic(c, energy) if smooth else np.interp(energy, c.x, c.S0) for c in self.curves]
        return np.array([*each, np.zeros_like(energy)])[self.of]

    def bounds(self, energy: PerEnergy, rises: bool) -> tuple[StateEnergy, StateEnergy]:
        """What S0 may be: 0 to 1 where no point is near, had the unsettled stuck or not elsewhere.

        Args:
            energy: eV.
            rises: S0 never falls with the energy: it is no more than at the first point below
                that, and no less than at the last point above that.
        """
        low, high = [], []
        for c in self.curves:
            below, above = energy < c.x[0], energy > c.x[-1]
            S0, most = np.interp(energy, c.x, c.S0), np.interp(energy, c.x, c.highest)
            low.append(np.where(below | (above & (not rises)), 0.0, S0))
            high.append(np.where(above | (below & (not rises)), 1.0, most))
        zero = np.zeros_like(energy)
        return np.array([*low, zero])[self.of], np.array([*high, zero + 1])[self.of]

    def pull(self, weight: StateEnergy, energy: PerEnergy) -> Float[np.ndarray, "energy point"]:
        """The c of Σ c S0 over all points that is weight S0(energy) summed over states."""
        pulls = [
            weight[self.of == i].sum(axis=0)[:, None] * _hats(curve, energy)
            for i, curve in enumerate(self.curves)
        ]
        return np.concatenate(pulls, axis=1)

    def outside(self, energy: PerEnergy) -> tuple[Bool[np.ndarray, "..."], Bool[np.ndarray, "..."]]:
        """Which energies lie below and above the points of each state's curve."""
        below = np.array([*(energy < c.x[0] for c in self.curves), energy < -1])[self.of]
        above = np.array([*(energy > c.x[-1] for c in self.curves), energy < -1])[self.of]
        return below, above

    def interval(
        self, value: Float[np.ndarray, " value"], c: Float[np.ndarray, "value point"]
    ) -> tuple[Float[np.ndarray, " value"], Float[np.ndarray, " value"]]:
        """95 % intervals, by MOVER, of values whose linear part in S0 of the points is c."""
        S0, low, high = (
            np.concatenate([getattr(curve, name) for curve in self.curves])
            for name in ("S0", "low", "high")
        )
        down = c * (S0 - np.where(c > 0, low, high))
        up = c * (np.where(c > 0, high, low) - S0)
        return value - np.sqrt((down**2).sum(axis=1)), value + np.sqrt((up**2).sum(axis=1))


def _hats(curve: Curve, energy: PerEnergy) -> Float[np.ndarray, "energy node"]:
    """How much each point of a curve counts for S0 at each energy: two at most."""
    last = len(curve.x) - 1
    right = np.clip(np.searchsorted(curve.x, energy), 1, max(last, 1))
    hats = np.zeros((len(energy), last + 1))
    if last == 0:
        return hats + 1
    left, each = right - 1, np.arange(len(energy))
    part = np.clip((energy - curve.x[left]) / (curve.x[right] - curve.x[left]), 0, 1)
    hats[each, left], hats[each, right] = 1 - part, part
    return hats


def _cubic(curve: Curve, energy: PerEnergy) -> PerEnergy:
    """S0 by monotone cubics (Fritsch & Carlson), held beyond the ends."""
    if len(curve.x) == 1:
        return np.full_like(energy, curve.S0[0])
    return PchipInterpolator(curve.x, curve.S0)(np.clip(energy, curve.x[0], curve.x[-1]))
