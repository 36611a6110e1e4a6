"""Starts on a dividing surface that move, and how molecules leave from them.

A move is one of four kernels, drawn at random, each reversible with respect to the canonical law on
the surface; s is log-uniform, ξ and ζ are standard normal, and t is a whole number of time steps,
forwards or backwards:

    molecule     p -> √(1 - s²) p + s √(m kT) ξ along the surface;
                 ρ -> |√(1 - s²) ρ + s ζ| of two components, p_r = -ρ √(μ kT)
    slab         p -> √(1 - s²) p + s √(m kT) ξ
    both         constrained dynamics over t at constant energy, ρ being kept
    slab's way   its dynamics over t, the molecule being held where it is

up to the error of the time step. Dynamics at constant energy, forwards or backwards alike, keeps
the law and undoes itself.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from jaxtyping import Bool, Float, Int

from scatter.campaign.watch import Watch
from scatter.dynamics.batch import propagate
from scatter.dynamics.conditions import Conditions, Finished
from scatter.dynamics.constrained import constrained_baoab, project, relative_momenta
from scatter.dynamics.integrators import Evaluate, velocity_verlet
from scatter.ebk import reduced_mass
from scatter.initial.crossings import Chains, crossing_momenta
from scatter.initial.projectile import Diatomic
from scatter.outcomes import Outcome
from scatter.potentials.base import Evaluator, Potential
from scatter.state import Key, Start, State
from scatter.units import K, fs

MOLECULE, SLAB, BOTH, WAY = range(4)
STEPS = {MOLECULE: (0.05, 0.7), SLAB: (0.2, 1.0)}  # s
BOTH_STEPS, WAY_STEPS, WAY_FS = 15, 30, 2.0  # most time steps, and those of the slab alone

Vectors = Float[np.ndarray, "walker atom 3"]
Words = Int[np.ndarray, "walker 3"]
Leaving = Float[np.ndarray, "walker 5"]
Streams = Sequence[np.random.Generator]


@dataclass(frozen=True)
class Walkers:
    """What moves starts, and runs them.

    Attributes:
        chains: the surface, the atoms on it, and the temperature.
        molecule: that leaves.
        conditions: of its trajectories.
        potential: that they run on.
        host: the same on the CPU.
        watch: called at every step.
    """

    chains: Chains
    molecule: Diatomic
    conditions: Conditions
    potential: Potential
    host: Potential
    watch: Watch

    @property
    def kT(self) -> float:
        """EV."""
        return K * self.chains.T_K

    @property
    def across(self) -> float:
        """√(μ kT), the unit of ρ."""
        return sqrt(reduced_mass(*map(float, self.molecule.masses)) * self.kT)

    def crossing(self, positions: Vectors, streams: Streams) -> Vectors:
        """Momenta drawn anew, each of its own stream."""
        masses, moving = self.chains.all_masses, self.chains.system.moving
        return np.array(
            [
                crossing_momenta(each, masses, moving, self.kT, rng)
                for each, rng in zip(positions, streams, strict=True)
            ]
        )

    def moved(
        self, positions: Vectors, momenta: Vectors, streams: Streams
    ) -> tuple[Vectors, Vectors]:
        """Proposals from starts, each of its own stream."""
        kind = np.array([rng.integers(4) for rng in streams])
        state, rho = self._along(positions, momenta)
        for n, rng in enumerate(streams):
            if kind[n] in STEPS:
                rho[n] = self._stirred(state.momenta[n], float(rho[n]), int(kind[n]), rng)
        project(state)
        self._go(state, np.flatnonzero(kind == BOTH), streams, self._constrained, BOTH_STEPS)
        self._go(state, np.flatnonzero(kind == WAY), streams, self._slab_alone, WAY_STEPS)
        return state.positions, self._crossing(state, rho)

    def _along(self, positions: Vectors, momenta: Vectors) -> tuple[State, Float[np.ndarray, " n"]]:
        """A state with momenta along the surface, and ρ."""
        size = len(positions)
        masses = np.repeat(self.chains.all_masses[None, :, None], size, axis=0)
        none = np.zeros(size)
        state = State(
            positions.copy(), momenta.copy(), momenta * 0, none, masses, none, np.arange(size)
        )
        before = relative_momenta(momenta, masses)
        project(state)
        across = before - relative_momenta(state.momenta, masses)
        return state, np.sqrt((across**2).sum(axis=1)) / self.across

    def _crossing(self, state: State, rho: Float[np.ndarray, " n"]) -> Vectors:
        """Momenta that cross the surface inwards."""
        bond = state.positions[:, -1] - state.positions[:, -2]
        along = bond / np.sqrt((bond * bond).sum(axis=1))[:, None]
        across = (rho * self.across)[:, None] * along
        momenta = state.momenta.copy()
        momenta[:, -2] += across
        momenta[:, -1] -= across
        return momenta

    def _stirred(
        self, momenta: Float[np.ndarray, "atom 3"], rho: float, kind: int, rng: np.random.Generator
    ) -> float:
        """Change the momenta of molecule or slab in place; answer ρ."""
        s = float(np.exp(rng.uniform(*np.log(STEPS[kind]))))
        keep, atoms = np.sqrt(1 - s * s), self._atoms(kind)
        sigma = np.sqrt(self.kT * self.chains.all_masses[atoms])[:, None]
        momenta[atoms] = keep * momenta[atoms] + s * sigma * rng.standard_normal((len(atoms), 3))
        if kind == SLAB:
            return rho
        along, across = s * rng.standard_normal(2)
        return float(np.hypot(keep * rho + along, across))

    def _atoms(self, kind: int) -> Int[np.ndarray, " atom"]:
        """Moving atoms of the molecule, or of the slab."""
        every = np.flatnonzero(self.chains.system.moving)
        return every[-2:] if kind == MOLECULE else every[:-2]

    def _go(
        self,
        state: State,
        some: Int[np.ndarray, " n"],
        streams: Streams,
        way: Callable[[State, Evaluator], Iterator[None]],
        most: int,
    ) -> None:
        """Move some along a way, each over its own number of steps, forwards or backwards."""
        if not len(some):
            return
        evaluator = self.host.bind(self.chains.system, len(some))
        steps = np.array([streams[n].integers(1, most + 1) for n in some])
        sign = np.array([1.0 - 2.0 * streams[n].integers(2) for n in some])[:, None, None]
        slots = np.arange(len(some))
        energies, forces = evaluator.begin(slots, state.positions[some])
        part = State(
            state.positions[some],
            sign * state.momenta[some],
            np.asarray(forces, np.float64),
            energies,
            state.masses[some],
            np.zeros(len(some)),
            slots,
        )
        for done, _ in enumerate(way(part, evaluator), 1):
            self.watch.breathe(len(some))
            ended = np.flatnonzero(steps == done)
            state.positions[some[ended]] = part.positions[ended]
            state.momenta[some[ended]] = (sign * part.momenta)[ended]
            if done == steps.max():
                break

    def _constrained(self, state: State, evaluate: Evaluate) -> Iterator[None]:
        """Steps of both on the surface at constant energy."""
        still = np.zeros_like(state.positions)
        while True:
            dt = self.chains.timestep_fs * fs
            constrained_baoab(state, evaluate, dt, 0.0, self.kT, still, self.chains.surface)
            yield

    def _slab_alone(self, state: State, evaluate: Evaluate) -> Iterator[None]:
        """Steps of the slab, the molecule being held."""

        def held(positions: Vectors) -> tuple[np.ndarray, Vectors]:
            energies, forces = evaluate(positions)
            forces = np.array(forces, np.float64)
            forces[:, -2:] = 0.0
            return energies, forces

        own = state.momenta[:, -2:].copy()
        state.momenta[:, -2:], state.forces[:, -2:] = 0.0, 0.0
        while True:
            velocity_verlet(state, held, WAY_FS * fs)
            slab = state.momenta.copy()
            state.momenta[:, -2:] = own
            yield
            state.momenta = slab

    def left(self, positions: Vectors, momenta: Vectors, words: Words) -> Leaving:
        """How molecules leave: E_n, v, J, E_∥ and E in all; NaN of those that come back."""
        leaving = np.full((len(positions), 5), np.nan)
        gone = [
            each
            for each in self._run(positions, momenta, words)
            if each.outcome == Outcome.SCATTERED
        ]
        if gone:
            at = [each.trajectory for each in gone]
            ends = np.array([each.positions[-2:] for each in gone])
            leaving[at] = self._measured(ends, np.array([each.momenta[-2:] for each in gone]))
        return leaving

    def came(self, positions: Vectors, momenta: Vectors, words: Words) -> Bool[np.ndarray, " n"]:
        """Whether they were dissociated before: backwards in time, before they are in the gas."""
        apart = np.zeros(len(positions), bool)
        for each in self._run(positions, -momenta, words):
            apart[each.trajectory] = each.outcome == Outcome.DISSOCIATED
        return apart

    def _run(self, positions: Vectors, momenta: Vectors, words: Words) -> Iterator[Finished]:
        starts = (
            Start(n, positions[n], momenta[n], self.chains.all_masses, Key(0, n, 0), words[n])
            for n in range(len(positions))
        )

        def after_step(state: State) -> None:
            self.watch.breathe(len(state))

        back = self.watch.stepped_back
        for finished in propagate(starts, self.potential, self.conditions, after_step, back):
            self.watch.ended(1)
            yield finished

    def _measured(self, positions: Vectors, momenta: Vectors) -> Leaving:
        """E_n, v, J, E_∥ and E of molecules in the gas."""
        masses, curve = self.molecule.masses, self.molecule.curve
        whole, state = momenta.sum(axis=1), self.molecule.measure(positions, momenta)
        each = whole**2 / (2 * masses.sum())
        bond = positions[:, 1] - positions[:, 0]
        E = (momenta**2 / (2 * masses[:, None])).sum(axis=(1, 2))
        E = E + curve(np.sqrt((bond * bond).sum(axis=1))) - curve.minimum
        columns = each[:, 2], state["final_v"], state["final_J"], each[:, :2].sum(axis=1), E
        return np.stack(columns, axis=1)


def walkers_of(
    chains: Chains,
    molecule: Diatomic,
    conditions: Conditions,
    potential: Potential,
    host: Potential,
    watch: Watch,
) -> Walkers:
    """Walkers whose trajectories are watched by nothing else."""
    return Walkers(chains, molecule, replace(conditions, observers=()), potential, host, watch)
