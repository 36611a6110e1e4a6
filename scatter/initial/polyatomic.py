"""Polyatomic molecules in quantised or thermal states, as what is fired at the surface."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from scatter.columns import Column
from scatter.initial import tops
from scatter.initial.internal import internal_energies, number_of
from scatter.initial.normal_modes import NormalModes, inertia
from scatter.initial.pools import Pool
from scatter.initial.projectile import Draws, Phase, Quantum
from scatter.initial.quantised import Internal, Quantised
from scatter.initial.switching import Quanta
from scatter.initial.watson import Watson
from scatter.potentials.base import Potential
from scatter.units import hbar

AVERAGE_FS = 200.0  # of free flight, over which final energies are averaged


def measured_columns(modes: int) -> tuple[Column, ...]:
    """The columns of the final state of a molecule of so many modes (`Energies.columns`)."""
    scattered = "of the scattered: {}; or NaN"
    energies = [
        Column(
            *(f"final_mode{k + 1}_eV", "f8", "eV"),
            scattered.format(f"energy of mode {k + 1}, harmonic and approximate"),
        )
        for k in range(modes)
    ]
    return (
        Column("final_J", "f8", "", scattered.format("real-valued rotational quantum number")),
        Column("final_rotational_eV", "f8", "eV", scattered.format("rotational energy")),
        Column("final_vibrational_eV", "f8", "eV", scattered.format("vibrational energy")),
        *energies,
    )


@dataclass(frozen=True)
class Polyatomic:
    """A molecule of several atoms in vibrational states of its normal modes.

    Attributes:
        molecule: its modes and phase points, made on the potential that trajectories start on.
        potential: that final energies are measured on.
        states: the internal states of its points, by the words of `point.state`.
        measured_on: modes on `potential`, where that is not the one of the starts.
        average_fs: of free flight, over which final energies are averaged.
    """

    molecule: Quantised
    potential: Potential
    states: Mapping[str, Internal]
    measured_on: NormalModes | None = None
    average_fs: float = AVERAGE_FS

    @property
    def numbers(self) -> tuple[int, ...]:
        """Atomic numbers."""
        return self.molecule.modes.numbers

    @property
    def masses(self) -> Float[np.ndarray, " atom"]:
        """Of the atoms, amu."""
        return self.molecule.modes.masses

    @property
    def geometry(self) -> Float[np.ndarray, "atom 3"]:
        """At rest, from the centre of mass, Å."""
        return self.molecule.modes.positions

    @property
    def reference(self) -> None:
        """No forces that a multistep motion could step inside."""
        return

    @property
    def columns(self) -> tuple[Column, ...]:
        """What `sample` writes."""
        quanta = [
            Column(f"n{k + 1}", "u2", "", f"initial quanta of mode {k + 1}")
            for k in range(len(self.molecule.modes))
        ]
        return (
            *quanta,
            Column("phase_point", "u4", "", "number of the phase point in the pool of its state"),
            Column("vibrational_eV", "f8", "eV", "initial vibrational energy above the minimum"),
            Column("rotational_eV", "f8", "eV", "initial rotational energy, ½ L·I⁻¹L"),
            Column("initial_J", "f8", "", "initial rotational quantum number, real-valued"),
            Column("initial_K", "f8", "", "initial L along the body's z, in ħ, real-valued"),
        )

    @property
    def measured(self) -> tuple[Column, ...]:
        """What `measure` answers."""
        return measured_columns(len(self.molecule.modes))

    def extent(self, point: Quantum) -> float:
        """How far an atom is from the centre of mass in any phase point it may begin at, Å."""
        shares = self.molecule.shares[self._internal(point)]
        return max(self.molecule.pools[share.quanta].extent(share.points) for share in shares)

    @property
    def draws(self) -> Draws:
        """State and phase point; rotation and orientation; a thermal rotation."""
        return Draws(labels=2, angles=5, normals=3)

    def sample(self, point: Quantum, rng: np.random.Generator) -> Phase:
        """Draw state, phase point, rotation and orientation."""
        return self.made(point, rng.random(7), rng.standard_normal(3))

    def made(
        self,
        point: Quantum,
        uniform: Float[np.ndarray, " uniform"],
        normal: Float[np.ndarray, " normal"],
    ) -> Phase:
        """The molecule of these seven and three numbers."""
        internal, draws = self._internal(point), uniform
        quanta, member = self._drawn(internal, draws[0], draws[1])
        modes = self.molecule.modes
        if internal.rotation_K is not None:
            L = tops.thermal(modes, internal.rotation_K, normal)
        else:
            L = tops.quantised(modes.top, internal.J or 0, internal.projection, draws[2:4])
        pool = self.molecule.pools[quanta]
        x, p, rotational = rotating(pool, modes, member, L)
        kinetic = (p * p - pool.momenta[member] ** 2) / (2 * modes.masses[:, None])
        energy = float(pool.energies[member] + kinetic.sum())
        turned = tops.rotation(draws[4:])
        return Phase(
            (x[:, None] * turned).sum(axis=2),
            (p[:, None] * turned).sum(axis=2),
            {
                **{f"n{k + 1}": n for k, n in enumerate(quanta)},
                "phase_point": member,
                "vibrational_eV": energy - rotational,
                "rotational_eV": rotational,
                "initial_J": float(number_of(L[None])[0]),
                "initial_K": float(L[2] / hbar),
            },
        )

    def _internal(self, point: Quantum) -> Internal:
        return self.states[point.state or ""]

    def _drawn(self, internal: Internal, state: float, place: float) -> tuple[Quanta, int]:
        """A state by its population, and a member of its pool."""
        shares = self.molecule.shares[internal]
        reached = np.cumsum([share.population for share in shares])
        number = int(np.searchsorted(reached, state, side="right"))
        share = shares[min(number, len(shares) - 1)]
        return share.quanta, int(place * share.points)

    def measure(
        self, positions: Float[np.ndarray, "row atom 3"], momenta: Float[np.ndarray, "row atom 3"]
    ) -> dict[str, Float[np.ndarray, " row"]]:
        """Rotational and vibrational energies of those that have scattered, and J."""
        modes = self.measured_on or self.molecule.modes
        final = internal_energies(modes, self.potential, positions, momenta, self.average_fs)
        return final.columns


def rotating(
    pool: Pool, modes: NormalModes, member: int, L: tops.Vector
) -> tuple[Float[np.ndarray, "atom 3"], Float[np.ndarray, "atom 3"], float]:
    """Positions and momenta in the body of a phase point that rotates, and E_rot = ½ L·I⁻¹L, eV.

        v_i += ω × x_i,    ω = I⁻¹ L

    at the geometry of the phase point. Of a linear molecule I⁻¹ is infinite as it passes through
    the line, so there L changes the momenta, and E_rot is that, of `scatter.initial.watson`.
    """
    x, p = pool.positions[member], pool.momenta[member]
    if modes.top == "linear":
        watson, Q, P = Watson(modes), pool.Q[member][None], pool.P[member][None]
        across = L[None, :2]
        return x, watson.momenta(Q, P, across)[0], float(watson.rotational(Q, across)[0])
    omega = np.linalg.solve(inertia(x, modes.masses), L)
    return x, p + modes.masses[:, None] * np.cross(omega, x), 0.5 * float((L * omega).sum())
