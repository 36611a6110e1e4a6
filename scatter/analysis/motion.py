"""The molecule's motion in a results row: its centre of mass, and what is left within."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from scatter.ebk import Curve
from scatter.units import fs

PerTrajectory = Float[np.ndarray, " trajectory"]
Masses = Mapping[str, Float[np.ndarray, " atom"]]  # amu, by formula


@runtime_checkable
class Species(Protocol):
    """What must be known of a molecule: its atoms' masses and its bond curve."""

    @property
    def masses(self) -> np.ndarray:
        """Of both atoms, amu, shape (2,)."""
        ...

    @property
    def curve(self) -> Curve:
        """V(r) of the molecule on the potential that the trajectories ran on."""
        ...


@dataclass(frozen=True)
class Motion:
    """How molecules move at one end of their trajectories.

    Attributes:
        velocity: of the centre of mass, Å / time unit.
        translational: ½ M V², eV.
        normal: ½ M V_z², eV.
        internal_kinetic: that of the atoms about the centre of mass; of two, ½ μ |v₂ - v₁|², eV.
    """

    velocity: Float[np.ndarray, "trajectory 3"]
    translational: PerTrajectory
    normal: PerTrajectory
    internal_kinetic: PerTrajectory


def motion(rows: np.ndarray, when: str, masses: Float[np.ndarray, " atom"]) -> Motion:
    """The motion of molecules of one kind.

    Args:
        rows: of /trajectories.
        when: "initial" or "final".
        masses: of the atoms, amu; those that the campaign ran with.

    Raises:
        ValueError: the velocities do not give the kinetic energy in the rows: these are
            not the masses of these molecules.
    """
    each = [
        np.stack([rows[f"{when}_v{axis}{atom + 1}_A_per_fs"] for axis in "xyz"], axis=-1) / fs
        for atom in range(len(masses))
    ]
    m = [float(mass) for mass in masses]
    total = sum(m)
    velocity = np.add.reduce([mass * v for mass, v in zip(m, each, strict=True)]) / total
    if len(m) == 2:
        within = 0.5 * m[0] * m[1] / total * ((each[1] - each[0]) ** 2).sum(axis=1)
    else:
        about = [((v - velocity) ** 2).sum(axis=1) for v in each]
        within = np.add.reduce([0.5 * mass * v2 for mass, v2 in zip(m, about, strict=True)])
    moving = Motion(
        velocity=velocity,
        translational=0.5 * total * (velocity**2).sum(axis=1),
        normal=0.5 * total * velocity[:, 2] ** 2,
        internal_kinetic=within,
    )
    stored = rows[f"{when}_kinetic_molecule_eV"]
    off = np.abs(moving.translational + moving.internal_kinetic - stored)
    if (off > 1e-6 * (1 + stored)).any():  # NaN, of what is not finite, passes
        raise ValueError(
            f"masses of {' and '.join(f'{mass:g}' for mass in m)} amu give molecules a kinetic "
            f"energy that differs by {np.nanmax(off):.3g} eV from what the rows tell; give those "
            "of the campaign"
        )
    return moving
