"""What every trajectory of a campaign needs: the potential, the thermal slabs, the states."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from scatter.campaign.adsorbed import Laden, laden_slabs
from scatter.campaign.apart import refuse_coupling, refuse_images_at_rest
from scatter.campaign.desorbing import Crossed, Where, crossed_by, surface_of
from scatter.campaign.electrons import Electrons, electrons_of
from scatter.campaign.parts import Parts
from scatter.campaign.projectiles import fired_by, of_molecules
from scatter.campaign.ranks import Ranks
from scatter.campaign.reacting import endings_of
from scatter.campaign.thermal import Say, ThermalSlab, moved_to, thermal_slabs
from scatter.columns import BATH, ELECTRONS, ELECTRONS_OF_A_BOND, Column
from scatter.config import Input
from scatter.dynamics.baths import in_bath, of_bath
from scatter.dynamics.conditions import Conditions
from scatter.dynamics.endings import Faults
from scatter.dynamics.guards import bounds_of
from scatter.dynamics.motions import Motion, Verlet
from scatter.dynamics.multistep import MultiStep
from scatter.dynamics.observers import standard
from scatter.dynamics.recrossing import Recrossed
from scatter.friction.motion import of_electrons
from scatter.initial.cache import digest
from scatter.initial.pieces import GAS
from scatter.initial.projectile import Projectile
from scatter.potentials.base import CPU, Guard, Place, Potential
from scatter.rows import KINDS, row_type, usual_columns


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
        crossings: where molecules begin that desorb, by facet, temperature and formula.
        electrons: that the projectiles feel; None where they feel none.
        laden: thermal states of slabs with what begins adsorbed on them.
    """

    potential: Potential
    projectiles: dict[str, Projectile]
    slabs: list[ThermalSlab]
    reach_A: float
    guards: tuple[Guard, ...] = ()
    parts: Parts = field(default_factory=Parts)
    crossings: Mapping[Where, Crossed] = field(default_factory=dict)
    electrons: Electrons | None = None
    laden: Laden = field(default_factory=dict)

    @property
    def atoms(self) -> int:
        """How many atoms the largest projectile has."""
        return max(len(projectile.numbers) for projectile in self.projectiles.values())

    @property
    def bonded(self) -> bool:
        """Whether all projectiles are pairs of atoms."""
        return all(len(projectile.numbers) == 2 for projectile in self.projectiles.values())

    @property
    def row(self) -> np.dtype:
        """The type of a row."""
        return row_type([*usual_columns(self.atoms, self.parts.kind), *self.columns])

    @property
    def columns(self) -> list[Column]:
        """What stands behind the usual columns: of baths, electrons, molecules, the user's own."""
        bath, electrons = BATH if self.baths else (), ELECTRONS if self.electrons else ()
        bond = ELECTRONS_OF_A_BOND if self.electrons and self.bonded else ()
        flown = GAS if self.react else ()
        usual = (*bath, *electrons, *bond, *of_molecules(self.projectiles), *flown)
        return [*dict.fromkeys(usual), *self.parts.columns]

    @property
    def react(self) -> bool:
        """Whether bonds may break or form that `[stop]` watches."""
        several = self.atoms > 1 or any(len(slab.system.adsorbates) for slab in self.slabs)
        return self.parts.kind not in ("diatomic", "desorption") and several

    @property
    def baths(self) -> dict[str, Any]:
        """What a results file says of the baths that slabs are in."""
        return {slab.name: slab.edge.record for slab in self.slabs if slab.edge}

    @property
    def identities(self) -> dict[str, str]:
        """A hash of the thermal states of each slab, alone and with what begins adsorbed on it."""
        alone = {slab.name: slab.identity for slab in self.slabs}
        return alone | {
            f"{slab} with {formula}": digest(**vars(states))
            for (slab, formula), states in self.laden.items()
        }

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
        bounds = bounds_of(self.potential.domain, guards, input.bond_limits, system)
        lowest = KINDS[input.kind].lowest
        usual = standard(input.stop.near_A, self.guards, guards.every, system, slots, lowest)
        fired = self.fired(numbers)
        endings = endings_of(input, fired, system, slab.ideal, self.potential)
        if input.kind == "desorption":
            divide = surface_of(input, slab)
            endings = (Recrossed(divide.bond, divide.ceiling), *endings)
        edge = self.electrons.heating(slab.name, slab.edge) if self.electrons else slab.edge
        motion = in_bath(self.parts.motion or self.motion(input, numbers), edge)
        felt = self.electrons.felt(slab.name, motion, system, slots) if self.electrons else None
        return Conditions(
            system=system,
            timestep_fs=dynamics.step_fs,
            faults=Faults(
                dynamics.energy_tolerance_eV, dynamics.step_fs, None if bounds.none else bounds
            ),
            endings=(*self.parts.endings, *endings),
            observers=(
                *usual,
                *of_bath(edge),
                *of_electrons(felt, self.bonded),
                *self.parts.observers,
            ),
            slots=slots,
            motion=felt or motion,
            place=place,
            own=tuple(ending.name for ending in self.parts.own),
        )

    def fired(self, numbers: tuple[int, ...]) -> Projectile:
        """A projectile of these atomic numbers."""
        return next(each for each in self.projectiles.values() if each.numbers == numbers)

    def motion(self, input: Input, numbers: tuple[int, ...]) -> Motion:
        """The integrator that `[dynamics]` names, for projectiles of these atomic numbers.

        Those without bonds of their own move by velocity Verlet in either scheme.
        """
        dynamics, reference = input.dynamics, self.fired(numbers).reference
        if dynamics.scheme == "verlet" or reference is None:
            return Verlet()
        return MultiStep.of(reference, dynamics.step_fs, dynamics.inner_steps)


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
    parts = replace(parts or Parts(), kind=input.kind)
    fired, placed = fired_by(input, potential, starts or potential, parts, ranks, say)
    slabs = thermal_slabs(input, starts or potential, ranks, say)
    laden = laden_slabs(input, starts or potential, slabs, fired, ranks, say)
    if starts is not None:
        slabs = ranks.share(lambda: [moved_to(potential, input, slab) for slab in slabs])
    reach = (starts or potential).cutoff
    for slab in slabs:
        pair = slab.system, slab.snapshots
        ranks.share(lambda pair=pair: refuse_images_at_rest(input, potential, pair[0], placed))
        ranks.share(lambda pair=pair: refuse_coupling(input, potential, *pair, placed, reach))
    crossed = crossed_by(input, starts or potential, slabs, fired, ranks, say)
    electrons = ranks.agree(lambda: electrons_of(input, potential, slabs, fired))
    return Prepared(
        *(potential, fired, slabs, reach),
        parts=parts,
        crossings=crossed,
        electrons=electrons,
        laden=laden,
    )
