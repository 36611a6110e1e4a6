"""Pools of phase points of a molecule's vibrational states, made once and kept in the cache."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Literal

import numpy as np
from jaxtyping import Float

from scatter.initial import cache
from scatter.initial.normal_modes import NormalModes, evaluated
from scatter.initial.switching import PERIODS, STEPS, Quanta, switched, torus
from scatter.initial.watson import Watson
from scatter.kernels import kernel
from scatter.potentials.base import Potential
from scatter.saved import Saved
from scatter.settings import UserError
from scatter.units import K

Method = Literal["adiabatic-switching", "normal-modes"]
POINTS, FEWEST = 1024, 64  # members of a pool: the usual number, and of rare states of a gas
MOST_STATES, NEGLECTED = 200, 1e-3  # of a thermal vibration: states, and what they may leave out
WIDE = 0.01  # of the mean, a standard deviation of the energy that is worth a word


@dataclass(frozen=True)
class Sampling:
    """How the phase points of a state are made.

    Attributes:
        method: "normal-modes" leaves the harmonic tori as they are, with energies as they come,
            and serves to reproduce literature.
        points: of a state.
        periods: of the slowest mode, in which the potential is switched on.
        seed: of the random phases.
    """

    method: Method = "adiabatic-switching"
    points: int = POINTS
    periods: float = PERIODS
    seed: int = 1


@dataclass(frozen=True)
class PhasePoints(Saved):
    """Normal coordinates and momenta of a pool, as they are kept; some may have flown apart."""

    unbounded = frozenset({"Q", "P"})

    Q: Float[np.ndarray, "member mode"]
    P: Float[np.ndarray, "member mode"]


@dataclass(frozen=True)
class Pool:
    """Phase points of a vibrational state, in the Eckart frame, without angular momentum.

    Attributes:
        quanta: n of each mode.
        positions: from the centre of mass, Å.
        momenta: of the atoms; their sum and their angular momentum vanish.
        energies: kinetic and potential, above the potential's minimum, eV.
        Q: normal coordinates.
        P: conjugate momenta.
    """

    quanta: Quanta
    positions: Float[np.ndarray, "member atom 3"]
    momenta: Float[np.ndarray, "member atom 3"]
    energies: Float[np.ndarray, " member"]
    Q: Float[np.ndarray, "member mode"]
    P: Float[np.ndarray, "member mode"]

    def __len__(self) -> int:
        return len(self.energies)

    def extent(self, points: int) -> float:
        """How far an atom is from the centre of mass in any of the first ones, Å."""
        return float(np.linalg.norm(self.positions[:points], axis=2).max())

    @property
    def mean_eV(self) -> float:
        """Of the energies."""
        return float(self.energies.mean())

    @property
    def spread_eV(self) -> float:
        """Standard deviation of the energies, which is 0 for a state whose motion is regular."""
        return float(self.energies.std())

    @property
    def doubt(self) -> str:
        """A sentence where energies differ so much that the state is ill defined; or nothing."""
        if self.spread_eV <= WIDE * self.mean_eV:
            return ""
        return (
            f"state {quanta_words(self.quanta)}: energies spread by {self.spread_eV:.4f} eV about "
            f"{self.mean_eV:.4f} eV, as for resonant or chaotic motion, or switching that was too "
            f"fast"
        )


def quanta_words(quanta: Quanta) -> str:
    """A state as people write it: (0 0 1)."""
    return f"({' '.join(map(str, quanta))})"


def pool_of(modes: NormalModes, potential: Potential, quanta: Quanta, sampling: Sampling) -> Pool:
    """The phase points of a state, from the cache or made.

    Member k depends on the molecule, the potential, the state, the method and the seed, whatever
    the number of members.

    Raises:
        UserError: the molecule falls apart while the potential is switched on.
    """
    key = cache.digest(
        kind="phase points",
        potential=potential.host.identity,
        numbers=np.array(modes.numbers),
        masses=modes.masses,
        positions=modes.positions,
        omega=modes.omega,
        vectors=modes.vectors,
        quanta=repr(tuple(quanta)),
        method=sampling.method,
        points=sampling.points,
        periods=float(sampling.periods),
        steps=STEPS,
        seed=sampling.seed,
        kernel=kernel(),
    )
    kept = cache.load(key, PhasePoints)
    if kept is None:
        kept = PhasePoints(*phase_points(modes, potential, quanta, sampling))
        cache.save(key, kept)
    return pooled(modes, potential, quanta, kept.Q, kept.P)


def phase_points(
    modes: NormalModes,
    potential: Potential,
    quanta: Quanta,
    sampling: Sampling,
    members: Sequence[int] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Q and P of members of the pool of a state, by default of all; any may be made anywhere."""
    Q, P = torus(
        modes, quanta, sampling.seed, range(sampling.points) if members is None else members
    )
    if sampling.method == "normal-modes":
        return Q, P
    return switched(modes, potential, Q, P, sampling.periods)


def pooled(
    modes: NormalModes, potential: Potential, quanta: Quanta, Q: np.ndarray, P: np.ndarray
) -> Pool:
    """A pool of normal coordinates and momenta.

    Raises:
        UserError: one of them is not finite, or its energy is not.
    """
    watson = Watson(modes)
    x, p = watson.positions(Q), watson.momenta(Q, P)
    kinetic = (p * p / (2 * modes.masses[:, None])).sum(axis=(1, 2))
    energies = kinetic + evaluated(potential.host, modes.numbers, x)[0] - modes.energy
    if lost := int((~np.isfinite(energies)).sum()):
        raise UserError(
            f"state {quanta_words(quanta)}: {lost} of {len(Q)} phase points flew apart on "
            f"{potential.description}; choose a lower state"
        )
    return Pool(quanta, x, p, energies, Q, P)


def thermal_states(modes: NormalModes, kelvin: float) -> dict[Quanta, float]:
    """The states of a vibration at a temperature and their populations, most populated first.

        p(n) = Π_k (1 - x_k) x_k^n_k,    x_k = exp(-ħω_k / kT)

    with harmonic energies; all but a thousandth of the molecules are in them, and the populations
    are normalised to those.

    Raises:
        UserError: there are too many of them to make a pool for each.
    """
    x = np.exp(-modes.quanta_eV / (kelvin * K))
    ground: Quanta = tuple(0 for _ in x)
    waiting, known = [(-float(np.prod(1 - x)), ground)], {ground}
    states: dict[Quanta, float] = {}
    covered = 0.0
    while covered < 1 - NEGLECTED:
        if len(states) == MOST_STATES:
            raise UserError(
                f"at {kelvin:g} K the {MOST_STATES} most populated vibrational states hold "
                f"{covered:.0%} of the molecules, and each needs phase points of its own; choose "
                "a lower temperature of the vibration, or states"
            )
        population, quanta = heappop(waiting)
        states[quanta] = -population
        covered -= population
        for mode, factor in enumerate(x):
            above = (*quanta[:mode], quanta[mode] + 1, *quanta[mode + 1 :])
            if above not in known:
                known.add(above)
                heappush(waiting, (population * float(factor), above))
    return {quanta: population / covered for quanta, population in states.items()}
