"""Projectiles: what is fired at the surface, how it begins, what is measured of it at the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from scatter.columns import Column
from scatter.dynamics.multistep import SPACING, BondForce, Reference
from scatter.ebk import Curve, reduced_mass, rovibrational
from scatter.initial.rovibrational import RovibrationalState
from scatter.units import degree, fs, lightest

FADES, GONE = 1.2, 2.1  # bond, in equilibrium bonds, from and at which the reference fades
State = tuple[int | None, int | None, float | None]  # v, J, m_J


class Draws(NamedTuple):
    """How many independent random numbers a projectile is drawn of.

    Attributes:
        labels: uniform, whose neighbours have nothing in common, such as places in a pool.
        angles: uniform on a circle, whose neighbours are alike.
        normals: standard normal.
    """

    labels: int = 0
    angles: int = 0
    normals: int = 0


@dataclass(frozen=True)
class Phase:
    """A projectile as it was drawn, about its own centre of mass.

    Attributes:
        positions: from the centre of mass, Å.
        momenta: in the frame of the centre of mass, amu Å / time unit.
        columns: what a row keeps of it, by the names of `Projectile.columns`.
    """

    positions: Float[np.ndarray, "atom 3"]
    momenta: Float[np.ndarray, "atom 3"]
    columns: dict[str, Any]


@runtime_checkable
class Quantum(Protocol):
    """What a point says of the projectile's state; None where that does not apply to it."""

    @property
    def v(self) -> int | None:
        """Vibrational quantum number of a diatomic."""
        ...

    @property
    def J(self) -> int | None:
        """Rotational quantum number of a diatomic."""
        ...

    @property
    def mJ(self) -> float | None:
        """Projection of J on the surface normal; None for an isotropic orientation."""
        ...

    @property
    def state(self) -> str | None:
        """Internal state of a polyatomic, in words."""
        ...


@runtime_checkable
class Projectile(Protocol):
    """What is fired at the surface.

    Attributes:
        numbers: atomic numbers of its atoms.
        masses: amu.
        columns: custom ones that `sample` writes beyond those of every campaign.
        reference: the forces of its own bonds, which a multistep motion steps inside; None where
            there are none.
    """

    @property
    def numbers(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def masses(self) -> Float[np.ndarray, " atom"]: ...  # noqa: D102

    @property
    def columns(self) -> tuple[Column, ...]: ...  # noqa: D102

    @property
    def reference(self) -> Reference | None: ...  # noqa: D102

    def extent(self, point: Quantum) -> float:
        """How far an atom of it may be from its centre of mass at the start, Å."""
        ...

    @property
    def draws(self) -> Draws:
        """What `made` takes."""
        ...

    def sample(self, point: Quantum, rng: np.random.Generator) -> Phase:
        """Draw one for a point; of nothing but the generator, which is the trajectory's own."""
        ...

    def made(
        self,
        point: Quantum,
        uniform: Float[np.ndarray, " uniform"],
        normal: Float[np.ndarray, " normal"],
    ) -> Phase:
        """The one that these numbers stand for: labels and angles, in [0, 1), and normals."""
        ...

    def measure(
        self, positions: Float[np.ndarray, "row atom 3"], momenta: Float[np.ndarray, "row atom 3"]
    ) -> Mapping[str, Float[np.ndarray, " row"]]:
        """The final states of many that have scattered; each of its own positions and momenta."""
        ...


@dataclass(frozen=True)
class Diatomic:
    """Two atoms in rovibrational states, quantised on their bond curve (EBK).

    Attributes:
        numbers: atomic numbers.
        masses: amu.
        curve: V(r) of the potential that trajectories run on; final states are measured on it.
        states: that it begins in, by v, J and m_J.
        columns: custom ones, beyond `columns.DIATOMIC`.
    """

    numbers: tuple[int, int]
    masses: Float[np.ndarray, "2"]
    curve: Curve
    states: Mapping[State, RovibrationalState] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()

    @property
    def reference(self) -> BondForce:
        """The force of the bond, by its curve, up to where it fades."""
        curve = self.curve
        fades, gone = FADES * curve.r_e, min(GONE * curve.r_e, curve.longest)
        r = np.arange(curve.shortest, gone + SPACING, SPACING)
        x = np.clip((r - fades) / (gone - fades), 0.0, 1.0)
        values = -curve.slope(np.minimum(r, gone)) * (1 - x * x * x * (10 - x * (15 - 6 * x)))
        stiffness = float(curve.curvature(np.array([curve.r_e]))[0])
        period = 2 * np.pi * np.sqrt(reduced_mass(*map(lightest, self.numbers)) / stiffness)
        return BondForce(values, curve.shortest, float(period / fs))

    def extent(self, point: Quantum) -> float:
        """That of the lighter atom where the bond turns back, Å."""
        longest = self._state(point).level.outer
        return longest * float(self.masses.max() / self.masses.sum())

    @property
    def draws(self) -> Draws:
        """Phase of the vibration, and three angles of orientation and rotation."""
        return Draws(angles=4)

    def sample(self, point: Quantum, rng: np.random.Generator) -> Phase:
        """Draw phase of the vibration, orientation and rotation."""
        return self.made(point, rng.random(4), np.zeros(0))

    def made(
        self,
        point: Quantum,
        uniform: Float[np.ndarray, " uniform"],
        normal: Float[np.ndarray, " normal"],
    ) -> Phase:
        """The molecule of these four numbers."""
        drawn = self._state(point).made(uniform)
        return Phase(
            drawn.positions,
            drawn.momenta,
            {
                "v": point.v,
                "J": point.J,
                "m_J": drawn.m_J,
                "bond_A": drawn.bond,
                "theta_deg": drawn.theta / degree,
                "phi_deg": drawn.phi / degree,
            },
        )

    def _state(self, point: Quantum) -> RovibrationalState:
        return self.states[point.v, point.J, point.mJ]

    def measure(
        self, positions: Float[np.ndarray, "row 2 3"], momenta: Float[np.ndarray, "row 2 3"]
    ) -> dict[str, Float[np.ndarray, " row"]]:
        """Real-valued v and J, by action and angular momentum."""
        v, J = rovibrational(positions, momenta, self.masses, self.curve)
        return {"final_v": v, "final_J": J}
