"""The electrons of a campaign: how dense they are, and how hot, above each of its slabs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from scatter.campaign.thermal import ThermalSlab
from scatter.config import Input
from scatter.dynamics.baths import Edge
from scatter.dynamics.motions import Motion, Temperature
from scatter.friction.course import Constant, Course, read_course
from scatter.friction.electron_gas import curve, ldfa
from scatter.friction.free_atoms import FreeAtoms
from scatter.friction.ldfa import Density
from scatter.friction.model import ModelDensities
from scatter.friction.motion import ElectronicFriction
from scatter.friction.tabled import Superposition
from scatter.friction.two_temperature import Heated, heated
from scatter.gpu.electrons import PreparedElectrons
from scatter.initial.projectile import Projectile
from scatter.potentials.base import Place, Potential
from scatter.settings import UserError
from scatter.state import System
from scatter.units import K

Temperatures = Mapping[str, Temperature]  # by slab


@runtime_checkable
class Densities(Protocol):
    """What gives densities above any slab."""

    def bind(self, system: System, slots: int) -> Density:
        """The density at the projectile's atoms of so many replicas of a system.

        Raises:
            UserError: an element of the system is not known.
        """
        ...


@dataclass(frozen=True)
class Electrons:
    """The electrons that the projectiles of a campaign feel.

    Attributes:
        densities: of the electrons.
        hot: their temperature above each slab, by the name of it.
        lattice: temperature of each slab's lattice, where it changes.
        record: hashes of all that determines them, as a results file keeps them.
        heated: temperatures of electrons and lattice, where they were solved for, by slab.
    """

    densities: Densities
    hot: Temperatures
    lattice: Temperatures
    record: dict[str, Any]
    heated: dict[str, dict[str, list[float]]]

    def felt(self, slab: str, motion: Motion, system: System, slots: int) -> ElectronicFriction:
        """A motion with the friction of the electrons above a slab.

        Raises:
            UserError: there is no friction for an element of the system.
        """
        density = self.densities.bind(system, slots)
        friction = ldfa(density, system.alone.numbers.tolist())
        return ElectronicFriction(motion, system, friction, self.hot[slab])

    def tables(self, slab: str, system: System) -> PreparedElectrons:
        """What they are made of where densities are superposed, for a machine elsewhere."""
        density, hot = self.densities.bind(system, 1), self.hot[slab]
        if not isinstance(density, Superposition):
            raise TypeError("only superposed densities are tables")
        curves = [curve(number) for number in system.alone.numbers.tolist()]
        longest = max(len(each.knots) for each in curves)
        course = isinstance(hot, Course)
        return PreparedElectrons(
            tables=density.tables,
            species=density.species,
            knots=np.stack([_padded(each.knots, longest) for each in curves]),
            pieces=np.stack([_padded(each.pieces, longest - 1) for each in curves]),
            bohr_A=curves[0].bohr_A,
            time_fs=hot.time_fs if course else np.array([0.0, 1.0]),
            T_K=hot.T_K if course else hot.kT(np.zeros(2)) / K,
        )

    def heating(self, slab: str, edge: Edge | None) -> Edge | None:
        """A slab's bath, as hot as its lattice."""
        course = self.lattice.get(slab)
        return replace(edge, course=course) if edge and course else edge

    def refuse_others(self, folder: Path, record: Mapping[str, Any]) -> None:
        """Raise UserError if a campaign's trajectories did not feel these electrons.

        Args:
            folder: of the campaign.
            record: what it says of its electrons, above these slabs and maybe others.
        """
        for what, mine in self.record.items():
            its = record.get(what, {})
            if any(its.get(name) != value for name, value in mine.items()):
                raise UserError(
                    f"{folder}: the {what} of [friction] differs from what its trajectories felt; "
                    "a file that it names has changed, or this version computes it differently"
                )


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    """Values whose last is repeated along the last axis up to a length."""
    return values[..., np.minimum(np.arange(length), values.shape[-1] - 1)]


def electrons_of(
    input: Input,
    potential: Potential,
    slabs: Sequence[ThermalSlab],
    fired: Mapping[str, Projectile],
) -> Electrons | None:
    """The electrons that `[friction]` describes; None where there are none.

    Args:
        input: of the campaign.
        potential: that the trajectories run on.
        slabs: that they begin on.
        fired: projectiles by formula.

    Raises:
        UserError: a file cannot be used, or an element is not known.
    """
    friction = input.friction
    if not friction.given:
        return None
    densities = densities_of(input, potential.place)
    hot, lattice, warm = _temperatures(input, slabs)
    felt = {
        f"{formula} on {slab.name}": ldfa(
            densities.bind(slab.system.with_projectile(*each.numbers), 1), each.numbers
        ).identity
        for formula, each in fired.items()
        for slab in slabs
    }
    temperatures = {name: each.identity for name, each in hot.items()}
    record = {"friction": felt, "temperature": temperatures}
    return Electrons(densities, hot, lattice, record, warm)


def densities_of(input: Input, place: Place) -> Densities:
    """What `[friction] density` names, computed where positions will be.

    Raises:
        UserError: its file cannot be used.
    """
    file = input.friction.model
    return FreeAtoms(input.friction.atoms) if file is None else ModelDensities.read(file, place)


def _temperatures(
    input: Input, slabs: Sequence[ThermalSlab]
) -> tuple[Temperatures, Temperatures, dict[str, dict[str, list[float]]]]:
    """Temperatures of electrons and lattices, and in lists those that were solved for."""
    given, laser = input.friction.electrons_K, input.friction.laser
    if laser.fluence_mJ_per_cm2 is not None:
        until = input.dynamics.max_time_fs
        warm = {slab.name: heated(laser, slab.T_K, until) for slab in slabs}
        hot = {name: Course(each.time_fs, each.electrons_K) for name, each in warm.items()}
        lattice = {name: Course(each.time_fs, each.lattice_K) for name, each in warm.items()}
        return hot, lattice, {name: _listed(each) for name, each in warm.items()}
    if isinstance(given, str):
        course = read_course(Path(given))
        return {slab.name: course for slab in slabs}, {}, {}
    return {slab.name: Constant(slab.T_K if given is None else given) for slab in slabs}, {}, {}


def _listed(heated: Heated) -> dict[str, list[float]]:
    """Temperatures as JSON holds them."""
    return {name: values.tolist() for name, values in heated._asdict().items()}
