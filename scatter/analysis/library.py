"""Points that have been computed, S0(E; v, J), as functions of the energy with propagated errors.

Where a curve is fitted, S0 is that of the fit. Elsewhere it is linear in E between two energies;
below the first and above the last it is held. How much weight falls beyond the points is reported.
An average is then a sum c·S0 over the points, whose 95 % interval

    θ - √Σ [c (S0 - low)]²,    θ + √Σ [c (high - S0)]²        (low, high swapped where c < 0)

follows from the Wilson intervals of the points (MOVER). Unlike resampled counts, it is not empty at
points where nothing dissociated, and always holds the estimate. A fitted curve is one term of the
sum, with the ends that its resampled parameters give.

Source: Zou, Huang & Zhang, Comput. Stat. Data Anal. 53, 1080 (2009).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.interpolate import PchipInterpolator

from scatter.analysis.curve import Curve, curves
from scatter.analysis.estimate import ENDS, Counts
from scatter.analysis.fits import Fit, best_fits
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
        fits: of curves, which then stand for their points.
    """

    molecule: str
    polar_deg: float
    curves: dict[State, Curve]
    masses_amu: tuple[float, float] | None = None
    fits: dict[State, Fit] = field(default_factory=dict)

    def fitted(self) -> "Library":
        """The same with every curve fitted that can be (`best_fits`)."""
        answers = best_fits([Counts.of(curve.rows) for curve in self.curves.values()])
        pairs = zip(self.curves, answers, strict=True)
        return replace(self, fits={key: each for key, each in pairs if isinstance(each, Fit)})

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
        rows = [row for row in rows if row.sampled]
        if not rows:
            raise UserError("no point has a trajectory that has ended; nothing can be averaged")
        for name in SAME:
            values = {getattr(row, name) for row in rows}
            if len(values) > 1:
                listed = ", ".join(sorted(map(str, values)))
                raise UserError(
                    f"points to be averaged differ in {name} ({listed}); choose those of one {name}"
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
            if row.v is not None and row.J is not None:
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
    for row in rows:
        if row.repeated is not None and (row.repeated.doubt or not row.known):
            why = row.repeated.doubt or "too many trajectories are undecided or failed"
            raise UserError(
                f"S0 at {row.energy_eV:g} eV, v = {row.v}, J = {row.J}, where the point was split, "
                f"has no interval ({why}), so an average would have none; run more of it first"
            )
    unknown = [row for row in rows if not row.known]
    if unknown:
        worst = max(unknown, key=lambda row: (row.undecided + row.failed) / row.n)
        raise UserError(
            f"S0 is not known at {len(unknown)} of {len(rows)} points, so an average would be "
            f"meaningless (at {worst.energy_eV:g} eV, v = {worst.v}, J = {worst.J}, "
            f"{worst.undecided} of {worst.n} trajectories are undecided, {worst.failed} failed); "
            "run them longer ([dynamics] max_time_fs, in a new folder), or allow more by "
            "[guards] most_unsettled and run the same campaign again"
        )


@dataclass(frozen=True)
class Sampled:
    """S0 of some states by the points of a library.

    Attributes:
        curves: those in use.
        of: which curve each state follows; -1 for none.
        own: whether it is the state's own.
        fits: of each curve; None where S0 is linear between its points.
    """

    curves: tuple[Curve, ...]
    of: Int[np.ndarray, " state"]
    own: Bool[np.ndarray, " state"]
    fits: tuple[Fit | None, ...]
    _changes: dict[int, tuple[np.ndarray, np.ndarray]] = field(
        default_factory=dict, repr=False, compare=False
    )  # of fitted curves at the energies that were asked for last

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
        fits = tuple(library.fits.get(state) for state in known)
        return cls(tuple(library.curves.values()), np.array(of, int), own, fits)

    @property
    def known(self) -> Bool[np.ndarray, " state"]:
        """Which states follow a curve."""
        return self.of >= 0

    def S0(self, energy: PerEnergy, smooth: bool = False) -> StateEnergy:
        """S0 at energies (eV) by fit or linear, or by monotone cubics (`smooth`); 0: not known."""
        curves = enumerate(self.curves)
        each = [_cubic(c, energy) if smooth else self._at(i, energy) for i, c in curves]
        return np.array([*each, np.zeros_like(energy)])[self.of]

    def _at(self, i: int, energy: PerEnergy) -> PerEnergy:
        """S0 of one curve."""
        fitted, curve = self.fits[i], self.curves[i]
        return np.interp(energy, curve.x, curve.S0) if fitted is None else fitted(energy)

    def bounds(self, energy: PerEnergy, rises: bool) -> tuple[StateEnergy, StateEnergy]:
        """What S0 may be: 0 to 1 where no point is near, had the unsettled stuck or not elsewhere.

        Args:
            energy: eV.
            rises: S0 never falls with the energy: below the first point it is at most that point's,
                above the last at least that point's.
        """
        low, high = [], []
        for i, c in enumerate(self.curves):
            below, above = energy < c.x[0], energy > c.x[-1]
            S0 = self._at(i, np.clip(energy, c.x[0], c.x[-1]))
            most = S0 + np.interp(energy, c.x, c.highest - c.S0)
            low.append(np.where(below | (above & (not rises)), 0.0, S0))
            high.append(np.where(above | (below & (not rises)), 1.0, most))
        zero = np.zeros_like(energy)
        return np.array([*low, zero])[self.of], np.array([*high, zero + 1])[self.of]

    def pull(self, weight: StateEnergy, energy: PerEnergy) -> Float[np.ndarray, "energy point"]:
        """The c of Σ c S0 over all points that is weight S0(energy) summed over states.

        Columns of a fitted curve are by how much each resampled set of parameters changes the sum.
        """
        pulls = [
            weight[self.of == i].sum(axis=0)[:, None] * self._hats(i, energy)
            for i in range(len(self.curves))
        ]
        return np.concatenate(pulls, axis=1)

    def pull_of_sum(self, weight: StateEnergy, energy: PerEnergy) -> Float[np.ndarray, " column"]:
        """The same, summed over the energies."""
        weights = (weight[self.of == i].sum(axis=0) for i in range(len(self.curves)))
        return np.concatenate([w @ self._hats(i, energy) for i, w in enumerate(weights)])

    def _hats(self, i: int, energy: PerEnergy) -> Float[np.ndarray, "energy column"]:
        """Columns of one curve."""
        fitted = self.fits[i]
        if fitted is None:
            return _hats(self.curves[i], energy)
        kept = self._changes.get(i)
        if kept is None or not np.array_equal(kept[0], energy):
            self._changes[i] = kept = energy, fitted.changes(energy)
        return kept[1]

    def outside(self, energy: PerEnergy) -> tuple[Bool[np.ndarray, "..."], Bool[np.ndarray, "..."]]:
        """Which energies lie below and above the points of each state's curve."""
        below = np.array([*(energy < c.x[0] for c in self.curves), energy < -1])[self.of]
        above = np.array([*(energy > c.x[-1] for c in self.curves), energy < -1])[self.of]
        return below, above

    def interval(
        self, value: Float[np.ndarray, " value"], c: Float[np.ndarray, "value point"]
    ) -> tuple[Float[np.ndarray, " value"], Float[np.ndarray, " value"]]:
        """95 % intervals, by MOVER, of values whose linear part is c, by the columns of `pull`."""
        down, up, first = np.zeros(len(value)), np.zeros(len(value)), 0
        for curve, fitted in zip(self.curves, self.fits, strict=True):
            columns = len(curve.x) if fitted is None else len(fitted.draws)
            mine = c[:, first : first + columns]
            ends = _ends_of_points(curve, mine) if fitted is None else _ends_of_draws(mine)
            down, up, first = down + ends[0], up + ends[1], first + columns
        return value - np.sqrt(down), value + np.sqrt(up)


Squares = tuple[Float[np.ndarray, " value"], Float[np.ndarray, " value"]]


def _ends_of_points(curve: Curve, c: Float[np.ndarray, "value point"]) -> Squares:
    """Squares of how far Σ c S0 may lie below and above, S0 of each point in its interval."""
    down = c * (curve.S0 - np.where(c > 0, curve.low, curve.high))
    up = c * (np.where(c > 0, curve.high, curve.low) - curve.S0)
    return (down**2).sum(axis=1), (up**2).sum(axis=1)


def _ends_of_draws(changes: Float[np.ndarray, "value draw"]) -> Squares:
    """Squares of how far the central 95 % of resampled sums lie below and above."""
    low, high = np.percentile(changes, ENDS, axis=1)
    return np.minimum(low, 0.0) ** 2, np.maximum(high, 0.0) ** 2


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
