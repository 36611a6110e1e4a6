"""What every trajectory of a campaign needs: the potential, the thermal slabs, the states."""

from dataclasses import dataclass, field, replace

import numpy as np

from scatter.campaign.apart import Placed, refuse_coupling
from scatter.campaign.parts import Parts
from scatter.campaign.ranks import Ranks
from scatter.campaign.thermal import Say, ThermalSlab, moved_to, thermal_slabs
from scatter.config import Input
from scatter.dynamics.conditions import Conditions
from scatter.dynamics.endings import Faults, of_a_diatomic
from scatter.dynamics.guards import bounds_of
from scatter.dynamics.motions import Motion, Verlet
from scatter.dynamics.multistep import MultiStep
from scatter.dynamics.observers import standard
from scatter.initial.molecule import RovibrationalState, bond_curve, isotopes
from scatter.initial.projectile import Diatomic, Projectile
from scatter.potentials.base import CPU, Guard, Place, Potential
from scatter.settings import UserError
from scatter.state import lone

Condition = tuple[str, int, int, int | None]


@dataclass(frozen=True)
class Prepared:
    """All of it, the same on every rank.

    Attributes:
        potential: that the trajectories run on.
        projectiles: by formula; final states are measured on bond curves of `potential`.
        slabs: that the trajectories begin on, with their energies on `potential`.
        reach_A: of the potential that the starts were made on, Å.
        guards: that measure beside the dynamics.
        parts: of the user's own.
    """

    potential: Potential
    projectiles: dict[str, Projectile]
    slabs: list[ThermalSlab]
    reach_A: float
    guards: tuple[Guard, ...] = ()
    parts: Parts = field(default_factory=Parts)

    @property
    def atoms(self) -> int:
        """How many atoms the largest projectile has."""
        return max(len(projectile.numbers) for projectile in self.projectiles.values())

    @property
    def row(self) -> np.dtype:
        """The type of a row."""
        return self.parts.row(self.atoms)

    def start_height(
        self, input: Input, slab: ThermalSlab, pool: range, top: float, extent: float
    ) -> float:
        """Height of a start's centre of mass above the top plane, Å.

        An automatic one is at the same z for all snapshots, since a start that waited for the
        surface to be low would choose among its states.

        Args:
            input: of the campaign.
            slab: that it starts above.
            pool: the snapshots of which it draws one.
            top: z of the top plane of that one.
            extent: how far an atom of the projectile may be from its centre of mass.
        """
        height = input.incidence.height_A
        if isinstance(height, str):
            return slab.highest(pool) + self.reach_A + extent - top
        return height

    def conditions(
        self,
        input: Input,
        slab: ThermalSlab,
        numbers: tuple[int, ...],
        slots: int = 1,
        place: Place = CPU,
    ) -> Conditions:
        """How trajectories of a projectile (atomic numbers) on a slab are run.

        Raises:
            UserError: they are to go on beyond the longest bond that the potential knows.
        """
        system, dynamics, guards = (
            slab.system.with_projectile(*numbers),
            input.dynamics,
            input.guards,
        )
        bounds = bounds_of(self.potential.domain, guards, input.stop, system)
        usual = standard(input.stop.near_A, self.guards, guards.every, system, slots)
        endings = of_a_diatomic(dynamics, input.stop, self.potential.cutoff)
        return Conditions(
            system=system,
            timestep_fs=dynamics.timestep_fs,
            faults=Faults(
                dynamics.energy_tolerance_eV, dynamics.timestep_fs, None if bounds.none else bounds
            ),
            endings=(*self.parts.endings, *endings),
            observers=(*usual, *self.parts.observers),
            slots=slots,
            motion=self.parts.motion or self.motion(input, numbers),
            place=place,
        )

    def motion(self, input: Input, numbers: tuple[int, ...]) -> Motion:
        """The integrator that `[dynamics]` names, for projectiles of these atomic numbers.

        Those without bonds of their own move by velocity Verlet in either scheme.
        """
        dynamics = input.dynamics
        fired = next(each for each in self.projectiles.values() if each.numbers == numbers)
        if dynamics.scheme == "verlet" or (reference := fired.reference) is None:
            return Verlet()
        return MultiStep.of(reference, dynamics.timestep_fs, dynamics.inner_steps)


def prepare(
    input: Input,
    potential: Potential,
    ranks: Ranks,
    say: Say,
    starts: Potential | None = None,
    parts: Parts | None = None,
) -> Prepared:
    """Everything that trajectories start from; long work is shared by the ranks.

    Args:
        input: what is to be run.
        potential: that the trajectories run on.
        ranks: all of them must call this.
        say: tells the user what takes long.
        starts: the potential that the slabs and the molecules' states are made on; by default the
            same. Two campaigns with the same `starts` begin every trajectory alike.
        parts: of the user's own.

    Raises:
        UserError: something of the input is impossible on one of the potentials.
    """
    parts = parts or Parts()
    diatomics = ranks.share(lambda: diatomics_of(input, potential, starts or potential))
    slabs = thermal_slabs(input, starts or potential, ranks, say)
    if starts is not None:
        slabs = ranks.share(lambda: [moved_to(potential, input, slab) for slab in slabs])
    placed = [
        Placed.of(diatomic.numbers, diatomic.masses, state.level.outer)
        for diatomic in diatomics.values()
        for state in diatomic.states.values()
    ]
    reach = (starts or potential).cutoff
    for slab in slabs:
        pair = slab.system, slab.snapshots
        ranks.share(lambda pair=pair: refuse_coupling(input, potential, *pair, placed, reach))
    return Prepared(potential, projectiles(diatomics, parts), slabs, reach, parts=parts)


def projectiles(diatomics: dict[str, Diatomic], parts: Parts) -> dict[str, Projectile]:
    """What is fired, of the kind that the parts say."""
    return {
        formula: parts.projectile(
            diatomic.numbers, diatomic.masses, diatomic.curve, diatomic.states
        )
        for formula, diatomic in diatomics.items()
    }


def diatomics_of(input: Input, potential: Potential, starts: Potential) -> dict[str, Diatomic]:
    """Every molecule of the campaign with its states.

    Args:
        input: of the campaign.
        potential: that final states are measured on.
        starts: that the states are quantised on; often the same.

    Raises:
        UserError: a potential does not know an element of it, or does not hold a state; or
            trajectories are to go on beyond the longest bond that the potential knows.
    """
    measured = curves_of(input, potential)
    for diatomic in measured.values():
        bounds_of(potential.domain, input.guards, input.stop, lone(*diatomic.numbers))
    begun = measured if starts is potential else curves_of(input, starts)
    states = find_states(input, begun)
    return {
        formula: replace(
            diatomic, states={key[1:]: state for key, state in states.items() if key[0] == formula}
        )
        for formula, diatomic in measured.items()
    }


def curves_of(input: Input, potential: Potential) -> dict[str, Diatomic]:
    """Every molecule of the campaign on this potential, without states yet.

    Raises:
        UserError: the potential does not know one of its elements.
    """
    diatomics = {}
    for formula in input.molecule.formula:
        (z1, m1), (z2, m2) = isotopes(formula, input.molecule.masses_amu)
        if not {z1, z2} <= potential.elements:
            raise UserError(
                f"[molecule] formula = '{formula}': the potential ({potential.description}) does "
                "not know this molecule's elements; choose another [potential]"
            )
        diatomics[formula] = Diatomic((z1, z2), np.array([m1, m2]), bond_curve(potential, z1, z2))
    return diatomics


def find_states(
    input: Input, diatomics: dict[str, Diatomic]
) -> dict[Condition, RovibrationalState]:
    """The quantised states of the campaign.

    Raises:
        UserError: the potential's curve does not hold one, or it reaches the bond of dissociation
            by its vibration alone.
    """
    states = {}
    for condition in input.molecule.conditions:
        formula, v, J, _ = condition
        state = input.molecule.state(condition, diatomics[formula].curve)
        if state.level.outer >= input.stop.dissociated_A:
            raise UserError(
                f"[stop] dissociated_A = {input.stop.dissociated_A:g}: {formula} with v = {v}, "
                f"j = {J} stretches to {state.level.outer:.2f} Å by itself; choose a lower state, "
                "or a longer bond"
            )
        states[condition] = state
    return states
