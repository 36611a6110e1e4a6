"""Full neighbour lists of a batch in plain torch: every directed pair, in arrays of fixed shape.

Nothing here waits for the device: the arrays have room for `capacity` neighbours of each atom, and
an atom that has more shows it by its count.
"""

from dataclasses import dataclass
from math import floor

import numpy as np
import torch
from torch import Tensor

from scatter.state import System

ALL = slice(None)
TOO_FAR = 500  # lattice vectors that an atom may be away from the cell


@dataclass(frozen=True)
class Cell:
    """A cell on a device, and the translations within reach of an atom.

    Attributes:
        vectors: lattice vectors as rows, Å.
        inverse: its inverse.
        periodic: one for each periodic direction, else zero.
        around: translations to try beside the nearest, shape (translation, 3).
        radius: Å.
    """

    vectors: Tensor
    inverse: Tensor
    periodic: Tensor
    around: Tensor
    radius: float

    @classmethod
    def of(cls, system: System, radius: float, device: str) -> "Cell":
        """The cell of a system, for pairs up to a radius (Å)."""
        inverse = np.linalg.inv(system.cell)
        spans = radius * np.sqrt((inverse**2).sum(axis=0))
        reach = [floor(s + 0.5) if p else 0 for s, p in zip(spans, system.pbc, strict=True)]
        steps = np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij")
        around = np.stack(steps, axis=-1).reshape(-1, 3)
        return cls(
            vectors=torch.tensor(np.asarray(system.cell, float), device=device),
            inverse=torch.tensor(inverse, device=device),
            periodic=torch.tensor(np.array(system.pbc, float), device=device),
            around=torch.tensor(around.astype(np.int32), device=device),
            radius=radius,
        )


@dataclass(frozen=True)
class Neighbours:
    """Directed pairs of every atom.

    Attributes:
        sender: index of the neighbour, shape (slot, atom, capacity).
        shift: lattice translation of the neighbour, Å, shape (slot, atom, capacity, 3).
        listed: whether there is a pair at this place.
        count: how many neighbours each atom has, also beyond the capacity, shape (slot, atom).
    """

    sender: Tensor
    shift: Tensor
    listed: Tensor
    count: Tensor


@dataclass(frozen=True)
class Edges:
    """Directed pairs of every replica, one after the other, and places that are left over.

    A place that is left over joins an atom to itself from beyond twice the radius.

    Attributes:
        sender: index of an atom, shape (slot, place).
        receiver: index of the atom whose neighbour it is.
        shift: lattice translation of the sender, Å, shape (slot, place, 3).
        listed: whether there is a pair at this place.
        count: how many pairs each replica has, also beyond its places, shape (slot,).
    """

    sender: Tensor
    receiver: Tensor
    shift: Tensor
    listed: Tensor
    count: Tensor


def room_for(most: int) -> int:
    """Places to have for lists of `most` neighbours, which may come to be somewhat longer."""
    return -(-int(1.25 * most + 8) // 16) * 16


def neighbours(positions: Tensor, cell: Cell, capacity: int, receivers: slice = ALL) -> Neighbours:
    """Every pair within the cell's radius, in a list for each atom.

    Args:
        positions: Å, shape (slot, atom, 3), double precision.
        cell: lattice and radius.
        capacity: places for the neighbours of each atom.
        receivers: the atoms whose neighbours are wanted.
    """
    near, shift = _candidates(positions, cell, receivers)
    chosen = _first(near, capacity)
    count = near.sum(dim=-1)
    return Neighbours(
        sender=chosen // len(cell.around),
        shift=torch.gather(shift, 2, chosen[..., None].expand(-1, -1, -1, 3)),
        listed=torch.arange(capacity, device=positions.device) < count[..., None],
        count=count,
    )


def edges(positions: Tensor, cell: Cell, room: int) -> Edges:
    """Every pair within the cell's radius, in one list for each replica.

    Args:
        positions: Å, shape (slot, atom, 3), double precision.
        cell: lattice and radius.
        room: places for the pairs of each replica.
    """
    near, shift = _candidates(positions, cell, ALL)
    slots, atoms, of_each = near.shape
    count = near.sum(dim=(1, 2))
    chosen = _first(near.reshape(slots, -1), room)
    shift = shift.reshape(slots, -1, 3).gather(1, chosen[..., None].expand(-1, -1, 3))
    number = torch.arange(room, device=positions.device)
    listed = number < count[:, None]
    return Edges(
        sender=torch.where(listed, chosen // len(cell.around) % atoms, number % atoms),
        receiver=torch.where(listed, chosen // of_each, number % atoms),
        shift=torch.where(listed[..., None], shift, 2 * cell.radius),
        listed=listed,
        count=count,
    )


def _candidates(positions: Tensor, cell: Cell, receivers: slice) -> tuple[Tensor, Tensor]:
    """Whether each atom, in each cell around, is within reach of a receiver, and its translation.

    Both have the shape (slot, receiver, atom times translation), the second one also (.., 3).
    """
    slots, atoms, _ = positions.shape
    own = positions[:, receivers]
    apart = positions[:, None, :, :] - own[:, :, None, :]  # from the receiver to the sender
    fractions = (apart[..., None] * cell.inverse).sum(dim=-2)
    nearest = -torch.floor(fractions + 0.5) * cell.periodic
    translation = nearest[..., None, :] + cell.around
    shift = (translation[..., None] * cell.vectors).sum(dim=-2)
    square = ((apart[..., None, :] + shift) ** 2).sum(dim=-1)
    itself = torch.eye(atoms, dtype=torch.bool, device=positions.device)[receivers][:, :, None]
    near = (square < cell.radius**2) & ~(itself & (translation == 0).all(dim=-1))
    near &= (translation.abs() < TOO_FAR).all(dim=-1)
    return near.flatten(2), shift.flatten(2, 3)


def _first(near: Tensor, room: int) -> Tensor:
    """Numbers of the first `room` candidates that are near, in each row; zeros after the last."""
    place = near.cumsum(dim=-1) - 1
    place = torch.where(near & (place < room), place, room)  # the last one is thrown away
    number = torch.arange(near.shape[-1], device=near.device).expand_as(place)
    numbers = place.new_zeros(*near.shape[:-1], room + 1)
    return numbers.scatter_(-1, place, number)[..., :-1]
