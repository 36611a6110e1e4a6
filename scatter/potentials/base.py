"""The contract between the dynamics and every potential, and of the places where arrays live.

A `Potential` is a function of atoms in a cell. Bound to a `System` it gives an `Evaluator`: the
working memory (neighbour lists, calculators, caches) for a number of slots. What an evaluator
answers for a replica depends on that replica alone: not on its slot, on its neighbours in the
batch, or on who used the slot before.
"""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np

from scatter.errors import UserError
from scatter.potentials.domain import Domain
from scatter.shapes import Bool, Float
from scatter.state import Array, System

# Positions of some replicas of the bound system, Å, shape (some, atom, 3) -> one number for each.
Measure = Callable[[Array], Array]


class Place:
    """Where the arrays of a batch live: here, in NumPy on a CPU.

    Attributes:
        device: what torch calls it.
        exact: whether a trajectory's last bits are the same in every batch.
        most_slots: trajectories that are worth being moved at once.
        every: steps of the batch from one look for endings to the next.
        idle: the part of the slots that may be without work before the batch is made smaller; on a
            GPU another size costs more than some slots that are held still.
    """

    device: str = "cpu"
    exact: bool = True
    most_slots: int = 256
    every: int = 1
    idle: float = 0.0

    def array(self, array: np.ndarray) -> Array:
        """The same numbers in this place."""
        return np.asarray(array)

    def numpy(self, array: Array) -> np.ndarray:
        """A NumPy array of one's own of what lives in this place."""
        return np.array(array)

    def stepping(self, batch: Any) -> Callable[[], None]:
        """What is called to move a batch by a step: its own `step`, or a recording of it."""
        return batch.step


CPU = Place()


class Evaluator:
    """Energies and forces for up to `slots` replicas of one system.

    Attributes:
        grows: whether it computes without waiting for its device, with lists that may turn out to
            have been too short; then the dynamics asks `grow` at each look.
        generation: changes when its arrays are other ones than before.
    """

    grows: bool = False
    generation: int = 0

    def begin(self, slots: Array, positions: Array) -> tuple[Array, Array]:
        """Energies and forces of the replicas that enter `slots`.

        Everything kept of earlier tenants of those slots is forgotten first.

        Args:
            slots: indices of the slots entered, shape (new,).
            positions: Å, shape (new, atom, 3).

        Returns:
            Energies in eV, shape (new,), and forces in eV/Å, shape (new, atom, 3).
        """
        raise NotImplementedError

    def __call__(self, positions: Array) -> tuple[Array, Array]:
        """Energies (eV, shape (slot,)) and forces (eV/Å, shape (slot, atom, 3)) of every slot.

        Forces on frozen atoms are exactly zero. A replica whose positions are not finite gets
        NaN as its energy and disturbs no other.

        Args:
            positions: Å, shape (slot, atom, 3); not wrapped, not changed.
        """
        raise NotImplementedError

    def keep(self, slots: Array) -> None:
        """Continue with the replicas in `slots` (increasing indices) only, in that order."""
        raise NotImplementedError

    def grow(self) -> bool:
        """Whether a list has had no room since the last look, now that there is more.

        The steps since then are made again.
        """
        return False


@runtime_checkable
class Guard(Protocol):
    """Something that tells from positions how far they are from what is known.

    The dynamics asks it at the start of each trajectory, at every k-th of its steps
    (`[guards] every`) and at its end; the largest value and its time are stored in the row. Asking
    changes no bit of the dynamics. The larger the number, the less is known there; a value that is
    not finite counts as infinite.
    """

    column: str  # of `scatter.outcomes.MEASURES`: where the largest value is stored
    identity: str  # hash of all that determines its values

    def bind(self, system: System, slots: int) -> Measure:
        """What measures up to `slots` replicas of `system` at a time.

        Which replicas it is asked about changes from call to call, so it keeps nothing of them.
        What it says of one depends on that replica's positions alone, to the bit.

        Raises:
            UserError: the system holds an element that it does not know.
        """
        ...


class Potential:
    """A potential energy surface; knows its elements and where it was read from.

    One's own is a subclass with the first four attributes and `energies_and_forces`; one that
    keeps lists from step to step has `bind` of its own instead.

    Attributes:
        elements: atomic numbers that it can evaluate.
        description: one line for people: what it is, how far to trust it.
        identity: hash of all that determines its values, with precision and device if it has any.
        cutoff: Å; two groups of atoms further apart do not feel one another.
        domain: where it was trained; trajectories that leave it have failed. None where unknown.
        guards: that come with it, asked in every campaign.
        place: where it wants its arrays.
    """

    elements: frozenset[int]
    description: str
    identity: str
    cutoff: float
    domain: Domain | None = None
    guards: tuple[Guard, ...] = ()
    place: Place = CPU

    @property
    def host(self) -> "Potential":
        """The same on a CPU, for all but the trajectories."""
        return self

    def bind(self, system: System, slots: int) -> Evaluator:
        """An evaluator for `slots` replicas of `system`.

        Raises:
            UserError: the system holds an element that the potential does not know.
        """
        refuse_unknown_elements(self, system)
        return Direct(self, system)

    def with_each(self, system: System, slots: int) -> "WithEach":
        """Energies of the slab with one atom of the projectile at a time.

        Raises:
            UserError: the system holds an element that the potential does not know.
        """
        return EvaluatedWithEach(self, system, slots)

    def virial(
        self, system: System, positions: Float[np.ndarray, "atom 3"]
    ) -> Float[np.ndarray, "3 3"] | None:
        """dE/dε of one structure strained as a whole, atoms and cell alike, eV; None: not known.

        Divided by the volume it is the stress, positive where the structure would contract.
        """
        return None

    def energies_and_forces(
        self, system: System, positions: Float[np.ndarray, "slot atom 3"]
    ) -> tuple[Float[np.ndarray, " slot"], Float[np.ndarray, "slot atom 3"]]:
        """Energies (eV) and forces (eV/Å) of replicas of a system, each from its own positions.

        No operation may mix replicas: no matrix product and no sum over the first axis.

        Args:
            system: its atomic numbers, cell and periodicity.
            positions: Å, finite; not wrapped, not to be changed.
        """
        raise NotImplementedError(f"{type(self).__name__} has neither this nor `bind` of its own")


@runtime_checkable
class WithEach(Protocol):
    """Energies of a slab with one atom of a projectile at a time.

    How many replicas there are may change from call to call, up to as many as there are slots.
    """

    def __call__(
        self, positions: Float[np.ndarray, "slot atom 3"], wanted: Bool[np.ndarray, "slot own"]
    ) -> Float[np.ndarray, "slot own"]:
        """Those with the atoms that are wanted, eV; what others get means nothing."""
        ...


class EvaluatedWithEach:
    """The same of what evaluates forces too."""

    def __init__(self, potential: Potential, system: System, slots: int):
        self.slab = len(system) - system.projectile
        self.evaluators = [
            potential.bind(system.slab.with_projectile(z), slots)
            for z in system.alone.numbers.tolist()
        ]

    def __call__(
        self, positions: Float[np.ndarray, "slot atom 3"], wanted: Bool[np.ndarray, "slot own"]
    ) -> Float[np.ndarray, "slot own"]:
        """Those with the atoms that are wanted, eV; NaN of others."""
        energies = np.full(wanted.shape, np.nan)
        for own, evaluator in enumerate(self.evaluators):
            here = np.flatnonzero(wanted[:, own])
            if len(here):
                some = positions[here][:, [*range(self.slab), self.slab + own]]
                energies[here, own] = evaluator.begin(np.arange(len(here)), some)[0]
        return energies


class Direct(Evaluator):
    """Evaluates a potential that is a plain function of its positions."""

    def __init__(self, potential: Potential, system: System):
        self.potential, self.system = potential, system

    def begin(self, slots: Array, positions: Array) -> tuple[Array, Array]:
        """Energies and forces of the replicas that enter."""
        return self(positions)

    def __call__(self, positions: Array) -> tuple[Array, Array]:
        """Energies and forces of every slot."""
        energies, forces = np.full(len(positions), np.nan), np.full(positions.shape, np.nan)
        finite = np.isfinite(positions).all(axis=(1, 2))
        if finite.any():
            answer = self.potential.energies_and_forces(self.system, positions[finite].copy())
            energies[finite], forces[finite] = answer
        forces[:, ~self.system.moving] = 0.0
        return energies, forces

    def keep(self, slots: Array) -> None:
        """Nothing is kept of a slot."""


def refuse_unknown_elements(potential: Potential, system: System) -> None:
    """Raise UserError unless the potential knows every element of the system."""
    unknown = sorted({int(z) for z in system.numbers} - potential.elements)
    if unknown:
        from ase.data import chemical_symbols  # here, since nobody else needs ASE

        names = ", ".join(chemical_symbols[z] for z in unknown)
        known = ", ".join(chemical_symbols[z] for z in sorted(potential.elements))
        raise UserError(
            f"[potential]: {potential.description} does not know {names}; it knows {known}"
        )
