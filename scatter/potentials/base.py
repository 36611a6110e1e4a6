"""The contract between the dynamics and every potential.

A `Potential` is a function of atoms in a cell. Bound to a `System` it gives an `Evaluator`: the
working memory (neighbour lists, calculators, caches) for a number of slots. What an evaluator
answers for a replica depends on that replica alone: not on its slot, on its neighbours in the
batch, or on who used the slot before.
"""

from typing import Protocol, runtime_checkable

from scatter.errors import UserError
from scatter.state import Array, System


@runtime_checkable
class Evaluator(Protocol):
    """Energies and forces for up to `slots` replicas of one system."""

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
class Potential(Protocol):
    """A potential energy surface; knows its elements and where it was read from."""

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
