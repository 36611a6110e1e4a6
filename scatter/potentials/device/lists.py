"""Full neighbour lists of a batch in plain torch: every directed pair, in arrays of fixed shape.

Nothing here waits for the device: the arrays have room for `capacity` neighbours of each atom, and
an atom that has more is told by its count.
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


def room_for(most: int) -> int:
    """Places to have for lists of `most` neighbours, which may come to be somewhat longer."""
    return -(-int(1.25 * most + 8) // 16) * 16


def neighbours(positions: Tensor, cell: Cell, capacity: int, receivers: slice = ALL) -> Neighbours:
    """Every pair within the cell's radius.

    Args:
        positions: Å, shape (slot, atom, 3), double precision.
        cell: lattice and radius.
        capacity: places for the neighbours of each atom.
        receivers: the atoms whose neighbours are wanted.
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
    near = near.reshape(slots, own.shape[1], -1)
    place = near.cumsum(dim=-1) - 1
    place = torch.where(near & (place < capacity), place, capacity)  # the last one is thrown away
    candidates = cell.around.shape[0]
    number = torch.arange(atoms * candidates, device=positions.device).expand_as(place)
    chosen = place.new_zeros(slots, own.shape[1], capacity + 1).scatter_(2, place, number)[..., :-1]
    count = near.sum(dim=-1)
    listed = torch.arange(capacity, device=positions.device) < count[..., None]
    flat = shift.reshape(slots, own.shape[1], -1, 3)
    return Neighbours(
        sender=chosen // candidates,
        shift=torch.gather(flat, 2, chosen[..., None].expand(-1, -1, -1, 3)),
        listed=listed,
        count=count,
    )
