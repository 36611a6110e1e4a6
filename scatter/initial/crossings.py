"""Where molecules cross a dividing surface in equilibrium: chains of constrained dynamics.

Chain c belongs to no rank: it begins on a thermal snapshot of the bare slab, with a molecule put
on the surface in one of `INSERTIONS` ways by their Boltzmann weights, and has random numbers of
its own, so any part of the chains may be run anywhere. Crossing n is the draw n % LENGTH of chain
n // LENGTH. The mean of those weights is the partition function of the surface (see
`Crossings.partition`), after Widom's insertion.

Source: Widom, J. Chem. Phys. 39, 2808 (1963).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Int

from scatter.dynamics.bounds import Bounds, margins
from scatter.dynamics.constrained import DividingSurface, constrained_baoab, project
from scatter.initial.slab import slab_masses
from scatter.initial.snapshots import Snapshots
from scatter.initial.thermalise import noises
from scatter.potentials.base import Evaluator, Potential
from scatter.saved import Saved
from scatter.settings import UserError
from scatter.state import State, System
from scatter.units import K, fs

LENGTH = 32  # draws of a chain
INSERTIONS = 2048  # ways in which a molecule is put on the surface, of which a chain begins in one
EQUILIBRATE_FS, STEP_FS = 1000.0, 1.0
TOGETHER = 64  # insertions evaluated at once; no result depends on it
FLOOR_A = -1.0  # of the centre of mass, above the top plane at rest


@dataclass(frozen=True)
class Crossings(Saved):
    """Points of a dividing surface, canonical at one temperature.

    Attributes:
        positions: of slab and molecule, Å.
        chain: of constrained dynamics that each was drawn from.
        inserted: mean Boltzmann weight of the insertions of each chain.
        squared: their mean square.
    """

    positions: Float[np.ndarray, "draw atom 3"]
    chain: Int[np.ndarray, " draw"]
    inserted: Float[np.ndarray, " chain"]
    squared: Float[np.ndarray, " chain"]

    def __len__(self) -> int:
        return len(self.chain)

    def partition(self, surface: DividingSurface) -> tuple[float, float]:
        """Z_S and its standard error, Å, from the spread between chains.

            Z_S = ∫ dz ⟨⟨exp(-[V(r_S, z, ...) - V_slab - V_molecule]/kT)⟩⟩

        over heights, and the mean over lateral places, orientations and the bare slab; V_molecule
        is the least energy of the molecule alone.
        """
        range_A, each = surface.ceiling - surface.floor, self.inserted
        error = each.std(ddof=1) / np.sqrt(len(each)) if len(each) > 1 else np.inf
        return range_A * float(each.mean()), range_A * float(error)


@dataclass(frozen=True)
class Chains:
    """How the chains of a slab and a molecule are run.

    Attributes:
        system: slab and molecule.
        masses: of the molecule's atoms, amu.
        surface: that they are on.
        T_K: temperature, K.
        least: potential energy of the molecule alone where it is least, eV.
        bounds: of what the potential knows; what lies outside has no weight.
        every_fs: between draws.
        friction_per_fs: of the Langevin dynamics.
        timestep_fs: of it.
        seed: the campaign's.
        key: tells the random numbers of this slab and molecule from all others.
    """

    system: System
    masses: Float[np.ndarray, "2"]
    surface: DividingSurface
    T_K: float
    least: float
    bounds: Bounds
    every_fs: float
    friction_per_fs: float
    timestep_fs: float
    seed: int
    key: int

    @property
    def all_masses(self) -> Float[np.ndarray, " atom"]:
        """Masses of slab and molecule, amu."""
        return np.concatenate([slab_masses(self.system.slab), self.masses])

    def run(
        self,
        potential: Potential,
        snapshots: Snapshots,
        pool: Callable[[int], range],
        chains: Sequence[int],
    ) -> Crossings:
        """The crossings of some chains, which move together.

        Args:
            potential: must take and answer NumPy arrays.
            snapshots: of the bare slab.
            pool: those of which the chain of a crossing's number draws one.
            chains: their numbers; at least one.

        Raises:
            UserError: a molecule fits nowhere on the surface, or a chain's energy is not a number.
        """
        streams = [
            np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(self.key, chain)))
            for chain in chains
        ]
        evaluator = potential.bind(self.system, TOGETHER)
        begun = [
            self._begin(evaluator, snapshots, pool(chain * LENGTH), stream)
            for chain, stream in zip(chains, streams, strict=True)
        ]
        positions, inserted, squared = (np.array(values) for values in zip(*begun, strict=True))
        drawn = self._draws(potential, positions, streams)
        return Crossings(
            drawn.reshape(-1, *drawn.shape[2:]), np.repeat(chains, LENGTH), inserted, squared
        )

    def _begin(
        self,
        evaluator: Evaluator,
        snapshots: Snapshots,
        pool: range,
        rng: np.random.Generator,
    ) -> tuple[Float[np.ndarray, "atom 3"], float, float]:
        """Where a chain begins, and mean and mean square of the weights that chose it."""
        snapshot = int(rng.integers(pool.start, pool.stop))
        placed = self._placed(snapshots.positions[snapshot], rng)
        alone = float(snapshots.energies[snapshot]) + self.least
        felt = np.full(len(placed), np.inf)
        known = margins(self.bounds, placed) >= 0
        felt[known] = _energies(evaluator, placed[known]) - alone
        weight = np.exp(-np.where(np.isfinite(felt), felt, np.inf) / (K * self.T_K))
        total = np.cumsum(weight)
        if not 0 < total[-1] < np.inf:
            raise UserError(
                f"[incidence] divide_A = {self.surface.bond:g}: none of {INSERTIONS} insertions "
                f"of a molecule with this bond at the surface has any weight at {self.T_K:g} K; "
                "check that the potential keeps it there (scatter validate), or choose another "
                "bond"
            )
        chosen = int(np.searchsorted(total, rng.random() * total[-1], side="right"))
        return placed[chosen], float(weight.mean()), float((weight * weight).mean())

    def _placed(
        self, slab: Float[np.ndarray, "slab 3"], rng: np.random.Generator
    ) -> Float[np.ndarray, "insertion atom 3"]:
        """A slab with molecules anywhere on the surface, turned any way."""
        along, across, up, height, turn = rng.random((5, INSERTIONS))
        cell, surface = self.system.cell, self.surface
        centre = along[:, None] * cell[0] + across[:, None] * cell[1]
        centre[:, 2] = surface.floor + up * (surface.ceiling - surface.floor)
        z, azimuth = 2 * height - 1, 2 * np.pi * turn
        level = np.sqrt(1 - z * z)
        bond = surface.bond * np.stack([level * np.cos(azimuth), level * np.sin(azimuth), z], 1)
        first, second = self.masses / self.masses.sum()
        placed = np.empty((INSERTIONS, len(self.system), 3))
        placed[:, :-2] = slab
        placed[:, -2], placed[:, -1] = centre - second * bond, centre + first * bond
        return placed

    def _draws(
        self,
        potential: Potential,
        positions: Float[np.ndarray, "chain atom 3"],
        streams: Sequence[np.random.Generator],
    ) -> Float[np.ndarray, "chain draw atom 3"]:
        """Positions every so often along each chain, once it is in equilibrium."""
        kT, dt = K * self.T_K, self.timestep_fs * fs
        state, evaluator = self._state(potential, positions, streams)
        every = max(1, round(self.every_fs / self.timestep_fs))
        steps = round(EQUILIBRATE_FS / self.timestep_fs)
        drawn = np.empty((len(streams), LENGTH, *positions.shape[1:]))
        for draw in range(LENGTH):
            for noise in noises(streams, self.system, steps):
                friction = self.friction_per_fs / fs
                constrained_baoab(state, evaluator, dt, friction, kT, noise, self.surface)
            if not np.isfinite(state.energies).all():
                raise UserError(
                    f"[incidence] kind = 'desorption': at {self.T_K:g} K a chain on the dividing "
                    "surface flew apart; take a smaller [surface.thermalise] timestep_fs, or "
                    "check that the potential keeps the molecule there"
                )
            drawn[:, draw], steps = state.positions, every
        return drawn

    def _state(
        self,
        potential: Potential,
        positions: Float[np.ndarray, "chain atom 3"],
        streams: Sequence[np.random.Generator],
    ) -> tuple[State, Evaluator]:
        """Chains at their beginning, with momenta at the temperature."""
        slots = np.arange(len(positions))
        masses = np.repeat(self.all_masses[None, :, None], len(positions), axis=0)
        evaluator = potential.bind(self.system, len(positions))
        energies, forces = evaluator.begin(slots, positions)
        momenta = np.sqrt(K * self.T_K * masses) * next(noises(streams, self.system, 1))
        state = State(
            positions.copy(), momenta, forces, energies, masses, np.zeros(len(slots)), slots
        )
        project(state)
        return state, evaluator


def _energies(
    evaluator: Evaluator, positions: Float[np.ndarray, "some atom 3"]
) -> Float[np.ndarray, " some"]:
    """Potential energies, eV, some at a time."""
    each = [
        np.asarray(evaluator.begin(np.arange(len(some)), some)[0], np.float64)
        for some in np.split(positions, range(TOGETHER, len(positions), TOGETHER))
    ]
    return np.concatenate(each)


def joined(parts: Sequence[Crossings]) -> Crossings:
    """All crossings of several parts, by the numbers of their chains."""
    whole = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Crossings)
    }
    order = np.argsort(whole["chain"], kind="stable")
    chains = np.concatenate([part.chain[::LENGTH] for part in parts]).argsort(kind="stable")
    return Crossings(
        whole["positions"][order],
        whole["chain"][order],
        whole["inserted"][chains],
        whole["squared"][chains],
    )


def crossing_momenta(
    positions: Float[np.ndarray, "atom 3"],
    masses: Float[np.ndarray, " atom"],
    moving: np.ndarray,
    kT: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, "atom 3"]:
    """Momenta of a molecule that crosses the surface inwards, its bond shrinking.

    Maxwellian for the slab, the centre of mass and the rotation; along the bond the flux law,

        f(p_r) ∝ |p_r| exp(-p_r²/2μkT),   p_r = -√(-2 μ kT ln u).

    Args:
        positions: of slab and molecule, Å.
        masses: amu.
        moving: False for frozen atoms, which have none and draw none.
        kT: eV.
        rng: random numbers of this trajectory.
    """
    momenta = np.zeros_like(positions)
    drawn = rng.standard_normal((int(moving.sum()), 3))
    momenta[moving] = np.sqrt(kT * masses[moving])[:, None] * drawn
    first, second = masses[-2:]
    bond = positions[-1] - positions[-2]
    along = bond / np.sqrt((bond * bond).sum())
    mu = first * second / (first + second)
    p = (first * momenta[-1] - second * momenta[-2]) / (first + second)
    inwards = -np.sqrt(-2 * mu * kT * np.log1p(-rng.random()))
    change = (inwards - (p * along).sum()) * along
    momenta[-2] -= change
    momenta[-1] += change
    return momenta
