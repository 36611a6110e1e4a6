"""What all trajectories of a batch share, and what is known of one that has ended."""

from dataclasses import dataclass

import numpy as np

from scatter.dynamics.endings import Ending, Faults
from scatter.dynamics.motions import Motion, Verlet
from scatter.dynamics.observers import Memory, Observer
from scatter.outcomes import Reason
from scatter.potentials.base import CPU, Place
from scatter.shapes import Float
from scatter.state import System


@dataclass(frozen=True)
class Finished:
    """One ended trajectory, at the exact step of its ending. Units: Å, eV, amu.

    Attributes:
        trajectory: as its `Start` named it.
        outcome: code of how it ended.
        reason: why, where it failed.
        steps: time steps made.
        positions: at the end; NaN throughout where the reason is that something is not finite.
        momenta: at the end; likewise.
        potential: potential energy at the end; likewise.
        memories: of each observer and ending, by its name: numbers and arrays, by name.
    """

    trajectory: int
    outcome: int
    reason: Reason
    steps: int
    positions: Float[np.ndarray, "atom 3"]
    momenta: Float[np.ndarray, "atom 3"]
    potential: float
    memories: dict[str, Memory]


@dataclass(frozen=True)
class Conditions:
    """What all trajectories of a batch share, and how they are run.

    Attributes:
        system: the atoms of every replica.
        timestep_fs: of the motion.
        faults: what makes a trajectory a failed one.
        endings: the first that is met ends a trajectory.
        observers: what is remembered of each.
        slots: trajectories that move at once.
        motion: the integrator.
        place: where the arrays live.
        own: names of the endings without a code, in the order of their codes.
    """

    system: System
    timestep_fs: float
    faults: Faults
    endings: tuple[Ending, ...]
    observers: tuple[Observer, ...] = ()
    slots: int = 1
    motion: Motion = Verlet()
    place: Place = CPU
    own: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.system.projectile < 1:
            raise ValueError("the system has no projectile: give it one by `with_projectile`")

    @property
    def parts(self) -> tuple[Observer, ...]:
        """All that has a memory of each trajectory."""
        return (self.faults, *self.observers, *self.endings)
