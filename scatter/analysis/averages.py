"""Averages of a library over energies and states, with what the library does not cover."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from scatter.analysis.library import PerEnergy, Sampled, State, StateEnergy
from scatter.analysis.means import crossing
from scatter.analysis.spins import spin_weights
from scatter.ebk import Level
from scatter.units import K

_PIECES, _ORDER = 24, 12
NOTABLE = 0.01  # a fraction of the weight that is warned of


@dataclass(frozen=True)
class Cover:
    """How far a library covers what is averaged; fractions of the weight, and of the curves.

    Attributes:
        below: at energies below the first point of the state's curve, where S0 is as `beyond` says.
        above: at energies above the last point.
        lacking: of states that the library lacks, which are left out.
        stood_in: of states that follow the curve of another J, because that was asked for.
        fitted: of the curves of the library, those that are fitted; S0 beyond the points is
            then that of the fit.
    """

    below: float
    above: float
    lacking: float
    stood_in: float
    fitted: float

    @property
    def beyond(self) -> str:
        """What S0 is beyond the points."""
        if self.fitted == 1:
            return "is that of the fitted curve"
        return "is held or, where a curve is fitted, that of the fit" if self.fitted else "is held"

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each fraction above 1 %."""
        sentences = {
            "below": f"lies below the lowest energy computed, where S0 {self.beyond}",
            "above": f"lies above the highest energy computed, where S0 {self.beyond}",
            "lacking": "is of states that have not been computed, and is left out",
            "stood_in": "is of states that follow the curve of another J",
        }
        return tuple(
            f"{getattr(self, name):.1%} of the weight {text}"
            for name, text in sentences.items()
            if getattr(self, name) > NOTABLE
        )


@dataclass(frozen=True)
class Ensemble:
    """Molecules of many energies and states.

    Attributes:
        states: (v, J).
        energy: eV.
        weight: of each state at each energy; all together one.
    """

    states: tuple[State, ...]
    energy: PerEnergy
    weight: StateEnergy

    def cover(self, sampled: Sampled, stuck: bool = False) -> Cover:
        """How far the points cover it; of the energies, by those that stick if so asked."""
        below, above = sampled.outside(self.energy)
        within = self.weight * (sampled.S0(self.energy) if stuck else sampled.known[:, None])
        of_states = self.weight.sum(axis=1)
        stood_in = sampled.known & ~sampled.own
        whole = float(within.sum()) or np.nan
        return Cover(
            below=float(within[below].sum()) / whole,
            above=float(within[above].sum()) / whole,
            lacking=float(of_states[~sampled.known].sum()),
            stood_in=float(of_states[stood_in].sum()),
            fitted=float(np.mean([fitted is not None for fitted in sampled.fits])),
        )


@dataclass(frozen=True)
class Average:
    """An average over the points of a library.

    Attributes:
        value: S0 linear between points, held beyond them, over the states that are known.
        low: lower end of its 95 % interval.
        high: upper end.
        lowest: least value, whatever S0 is where it is not known.
        highest: largest such value.
        interpolation: value by monotone cubics less the value.
    """

    value: float
    low: float
    high: float
    lowest: float
    highest: float
    interpolation: float


def populations(
    levels: Sequence[Level],
    molecule: str,
    vibrational_K: float,
    rotational_K: float,
    conserved: bool = True,
    masses_amu: Sequence[float] | None = None,
) -> dict[State, float]:
    """Boltzmann populations, the rotation at a temperature of its own; their sum is one.

        P(v, J) ∝ g_J (2J + 1) exp(-E(v, 0)/kT_vib) exp(-[E(v, J) - E(v, 0)]/kT_rot)

    with nuclear-spin weights g_J of `spin_weights`: H2 1 (even J, para) and 3 (odd J, ortho), D2 6
    (even J, ortho) and 3 (odd J, para), 16O2 0 and 1, 1 for unlike nuclei. States of weight 0 are
    not there.

    Args:
        levels: from `scatter.ebk.levels`, as far as they are populated; J = 0 of each v among them.
        molecule: formula.
        vibrational_K: T_vib.
        rotational_K: T_rot.
        conserved: even and odd J keep the ratio of high temperatures (normal hydrogen), since
            without a catalyst neither converts into the other; otherwise they are in equilibrium.
        masses_amu: of the atoms, which tell the isotopes; by default those that the formula names.

    Raises:
        UserError: no nuclear-spin weights are known for the molecule.
        ValueError: J = 0 is missing.
    """
    spins = spin_weights(molecule, masses_amu)
    heads = {level.v: level.energy for level in levels if level.J == 0}
    levels = [level for level in levels if spins[int(level.J) % 2]]
    states = [(int(level.v), int(level.J)) for level in levels]
    if not {v for v, _ in states} <= set(heads):
        raise ValueError("levels without that of J = 0; rotational energies count from it")
    bottom, J = min(heads.values()), np.array([state[1] for state in states])
    vibration = np.array([heads[v] - bottom for v, _ in states])
    rotation = np.array([level.energy - heads[level.v] for level in levels])
    weight = np.where(J % 2, spins[1], spins[0]) * (2 * J + 1)
    weight = weight * np.exp(-vibration / (K * vibrational_K) - rotation / (K * rotational_K))
    if conserved and spins[0] != spins[1]:
        for parity in np.flatnonzero(spins).tolist():
            share = spins[parity] / sum(spins)
            weight[J % 2 == parity] *= share / weight[J % 2 == parity].sum()
    return dict(zip(states, (weight / weight.sum()).tolist(), strict=True))


def quadrature(
    density: Callable[[np.ndarray], np.ndarray],
    low: float,
    high: float,
    breaks: Float[np.ndarray, " break"],
) -> tuple[Float[np.ndarray, " x"], Float[np.ndarray, " x"]]:
    """Points and weights, of sum one, for averages over a density, by Gauss-Legendre quadrature.

    Piecewise, with breaks where what is averaged has kinks. With low = high, that point alone.
    """
    if low == high:
        return np.array([low]), np.ones(1)
    inner = breaks[(breaks > low) & (breaks < high)]
    edges = np.unique(np.concatenate([np.linspace(low, high, _PIECES + 1), inner]))
    x, w = np.polynomial.legendre.leggauss(_ORDER)
    half = 0.5 * np.diff(edges)[:, None]
    points = (edges[:-1, None] + half * (x + 1)).ravel()
    weights = (half * w).ravel() * density(points)
    return points, weights / weights.sum()


def mean_sticking(sampled: Sampled, ensemble: Ensemble, rises: bool) -> Average:
    """⟨S0⟩ over an ensemble; bounds count what the library lacks as anything from 0 to 1."""
    energy, weight = ensemble.energy, ensemble.weight
    known = float(weight[sampled.known].sum()) or np.nan
    value = float((weight * sampled.S0(energy)).sum()) / known
    smooth = float((weight * sampled.S0(energy, smooth=True)).sum()) / known
    low, high = _interval(sampled, value, weight / known, energy)
    least, most = (float((weight * end).sum()) for end in sampled.bounds(energy, rises))
    return Average(value, max(low, 0.0), min(high, 1.0), least, most, smooth - value)


def _interval(
    sampled: Sampled, value: float, weight: StateEnergy, energy: PerEnergy
) -> tuple[float, float]:
    """The 95 % interval of a value whose linear part is Σ weight S0."""
    c = sampled.pull_of_sum(weight, energy)[None]
    low, high = sampled.interval(np.array([value]), c)
    return float(low[0]), float(high[0])


def mean_of_stuck(sampled: Sampled, ensemble: Ensemble, what: StateEnergy, rises: bool) -> Average:
    """⟨what S0⟩ / ⟨S0⟩ over an ensemble: its mean over those that stick (or, reversed, desorb).

    The interval holds every R for which that of Σ w (what - R) S0 holds 0, as Fieller inverts a
    ratio; so it lies within the values of `what`. Of all S0 within their bounds, those that make
    the ratio smallest or largest are on one side of the ratio itself at the lower bound, on the
    other at the upper one (Dinkelbach's iteration finds them).
    """
    energy, weight = ensemble.energy, ensemble.weight
    linear, smooth = (weight * sampled.S0(energy, smooth=s) for s in (False, True))
    flux = float(linear.sum()) or np.nan
    value = float((what * linear).sum()) / flux
    cubic = float((what * smooth).sum()) / (float(smooth.sum()) or np.nan)
    low, high = _ratio_interval(sampled, value, what, weight / flux, energy)
    ends = [weight * end for end in sampled.bounds(energy, rises)]
    least, most = _extreme(value, what, *ends), _extreme(value, what, *ends[::-1])
    return Average(value, low, high, least, most, cubic - value)


def _ratio_interval(
    sampled: Sampled, value: float, what: StateEnergy, weight: StateEnergy, energy: PerEnergy
) -> tuple[float, float]:
    """The 95 % interval of the ratio Σ weight what S0 / Σ weight S0; NaN if nothing sticks."""
    if np.isnan(value):
        return np.nan, np.nan

    def end(which: int, R: float) -> float:
        excess = (what - R) * weight
        mean = float((excess * sampled.S0(energy)).sum())
        return _interval(sampled, mean, excess, energy)[which]

    counted = what[(weight > 0) & sampled.known[:, None]]
    low = crossing(lambda R: end(0, R), float(counted.min()), value)
    return low, crossing(lambda R: end(1, R), float(counted.max()), value)


def _extreme(ratio: float, what: StateEnergy, above: StateEnergy, below: StateEnergy) -> float:
    """The ratio Σ what f / Σ f for f as `above` where `what` exceeds it, as `below` elsewhere."""
    for _ in range(100):
        f = np.where(what > ratio, above, below)
        if not f.sum() > 0:
            return np.nan
        last, ratio = ratio, float((what * f).sum() / f.sum())
        if abs(ratio - last) <= 1e-13 * (abs(ratio) + 1e-300):
            break
    return ratio
