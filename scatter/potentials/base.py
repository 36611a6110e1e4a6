"""The contract between the dynamics and every potential.

A `Potential` is a function of atoms in a cell. Bound to a `System` it gives an `Evaluator`: the
working memory (neighbour lists, calculators, caches) for a number of slots. What an evaluator
answers for a replica depends on that replica alone: not on its slot, on its neighbours in the
batch, or on who used the slot before.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from scatter.errors import UserError
from scatter.state import Array, System

# Positions of some replicas of the bound system, Å, shape (some, atom, 3) -> one number for each.
Measure = Callable[[Array], Array]


@runtime_checkable
class Evaluator(Protocol):
    """Energies and forces for up to `slots` replicas of one system.

    One that computes without waiting for its device may have, besides, `grow()`: the dynamics asks
    it at each look. It answers True if a list has had no room since the last look, now that there
    is more, and the steps since then are made again.
    """

    def begin(self, slots: Array, positions: Array) -> tuple[Array, Array]:
        """Energies and forces of the replicas that enter `slots`.

        Everything kept of earlier tenants of those slots is forgotten first.

        Args:
            slots: indices of the slots entered, shape (new,).
            positions: Å, shape (new, atom, 3).

        Returns:
            Energies in eV, shape (new,), and forces in eV/Å, shape (new, atom, 3).
        """
        ...

    def __call__(self, positions: Array) -> tuple[Array, Array]:
        """Energies (eV, shape (slot,)) and forces (eV/Å, shape (slot, atom, 3)) of every slot.

        Forces on frozen atoms are exactly zero. A replica whose positions are not finite gets
        NaN as its energy and disturbs no other.

        Args:
            positions: Å, shape (slot, atom, 3); not wrapped, not changed.
        """
        ...

    def keep(self, slots: Array) -> None:
        """Go on with the replicas in `slots` (increasing indices) only, in that order."""
        ...


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


@runtime_checkable
class Potential(Protocol):
    """A potential energy surface; knows its elements and where it was read from.

    It may have, besides:
        domain: `scatter.potentials.domain.Domain`, where it was trained; trajectories that leave
            it have failed.
        guards: a tuple of `Guard` that come with it, asked in every campaign.
        exact_batches: False where its last bits follow the batch, as on a GPU.
    """

    elements: frozenset[int]  # atomic numbers it can evaluate
    description: str  # one line for people: what it is, how far to trust it
    identity: str  # hash of all that determines its values, with precision and device if it has any
    cutoff: float  # Å: two groups of atoms further apart do not feel one another

    def bind(self, system: System, slots: int) -> Evaluator:
        """An evaluator for `slots` replicas of `system`.

        Raises:
            UserError: the system holds an element that the potential does not know.
        """
        ...


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
