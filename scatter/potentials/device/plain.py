"""Energies and forces of a batch by plain formulas: readable, on any device, and not fast."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from scatter.kernels.splines import DEGREE
from scatter.potentials.device.lists import ALL, Cell, Neighbours, neighbours, room_for
from scatter.state import System

ROOM = 2**31  # bytes that the arrays of pairs may take; more replicas are computed in turns
TOUCHING = 1e-6  # Å², squared distance of two atoms that have no direction from one another


@dataclass(frozen=True)
class Geometry:
    """Distances and directions of directed pairs, at the places of their lists.

    Attributes:
        slot: of each replica, shape (slot, 1, 1).
        r: Å, double precision; beyond all cutoffs where there is no pair.
        n: from the receiver to the sender.
        lost: whether atoms of a replica touch or are nowhere, or a list is too short; shape
            (slot,).
    """

    slot: Tensor
    r: Tensor
    n: Tensor
    lost: Tensor

    @classmethod
    def of(
        cls, positions: Tensor, near: Neighbours, cutoff: float, receivers: slice = ALL
    ) -> "Geometry":
        """The geometry of listed pairs.

        Args:
            positions: Å, double precision, shape (slot, atom, 3).
            near: at least all pairs within the cutoff.
            cutoff: the largest, Å.
            receivers: the atoms whose neighbours are listed.
        """
        slot = torch.arange(len(positions), device=positions.device)[:, None, None]
        apart = positions[slot, near.sender] - positions[:, receivers, None, :] + near.shift
        apart = torch.where(near.listed[..., None], apart, 2 * cutoff)
        square = (apart * apart).sum(dim=-1)
        r = torch.sqrt(square.clamp(min=TOUCHING))
        lost = (square < TOUCHING).any(dim=-1).any(dim=-1)
        lost = lost | (near.count > near.sender.shape[-1]).any(dim=-1)
        lost = lost | ~positions.isfinite().all(dim=-1).all(dim=-1)
        return cls(slot, r, apart / r[..., None], lost)


def radial(table: Tensor, pair: Tensor, place: Tensor, knots: int) -> Tensor:
    """Radial functions of each pair, shape (slot, atom, neighbour, l, column).

    Args:
        table: polynomials between knots, shape (row, l, power, column).
        pair: table of each pair.
        place: distance of each pair in knots, double precision.
        knots: rows of one table.
    """
    knot = place.detach().floor().clamp(max=knots - 1)
    u = (place - knot).to(table.dtype)[..., None, None]
    row = pair * knots + knot.to(torch.int64)
    value = table[row, :, DEGREE]
    for power in reversed(range(DEGREE)):
        value = value * u + table[row, :, power]
    return value


class Plain:
    """Formulas bound to a system; lists are made anew in every call.

    Attributes:
        capacity: places of each list.
        generation: changes when the arrays are other ones than before.
        margin: lists that are so many times as long as those of replicas that enter must fit.
    """

    margin = 1.1

    def __init__(self, weights: Any, system: System, species: Tensor, slots: int):
        device = species.device
        self.weights, self.species = weights, species
        self.cell = Cell.of(system, weights.cutoff, str(device))
        self.moving = torch.as_tensor(system.moving, device=device)[:, None]
        self.capacity, self.generation = 0, 0
        self.most = torch.zeros((), dtype=torch.int64, device=device)

    def energies(self, positions: Tensor, near: Neighbours) -> Tensor:
        """Energy of each replica (eV), NaN where atoms touch or a list is too short."""
        raise NotImplementedError

    def per_atom(self) -> int:
        """Bytes that the formulas take for an atom, about, given the capacity of its list."""
        raise NotImplementedError

    def at_once(self) -> int:
        """Replicas that are computed together."""
        return max(1, ROOM // (len(self.species) * self.per_atom()))

    def lists(self, positions: Tensor, capacity: int) -> Any:
        """Lists with so many places, and how many each would fill."""
        return neighbours(positions, self.cell, capacity)

    def room_for(self, most: int) -> int:
        """Places to have for lists that fill so many."""
        return room_for(most)

    def reserve(self, positions: Tensor) -> None:
        """Make room for the neighbours that atoms have at these positions, and some more."""
        parts = positions.split(64)
        most = max((int(self.lists(part, 1).count.max()) for part in parts), default=0)
        if self.margin * most >= self.capacity:
            self.make_room(most)

    def make_room(self, most: int) -> None:
        """Have places for somewhat more neighbours than `most`."""
        self.capacity = self.room_for(most)
        self.generation += 1
        self.most.zero_()

    def fresh(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies and forces of replicas that enter."""
        self.reserve(positions)
        return self(positions)

    def forget(self, slots: Tensor) -> None:
        """Nothing is kept from call to call."""

    keep = forget

    def longest(self) -> Tensor:
        """Most places that a list would have filled since room was made, on the device."""
        return self.most

    def __call__(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (eV), NaN where a list overflows, and forces (eV/Å)."""
        parts = [self._evaluate(part) for part in positions.split(self.at_once())]
        return torch.cat([e for e, _ in parts]), torch.cat([f for _, f in parts])

    def energies_alone(self, positions: Tensor) -> Tensor:
        """Energies without forces, eV; room is made at the first call alone."""
        if not self.capacity:
            self.reserve(positions)
        with torch.no_grad():
            parts = positions.split(self.at_once())
            return torch.cat([self.energies(x, self.lists(x, self.capacity)) for x in parts])

    def _evaluate(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        near = self.lists(positions, self.capacity)
        torch.maximum(self.most, near.count.max(), out=self.most)
        with torch.enable_grad():
            x = positions.detach().requires_grad_()
            energies = self.energies(x, near)
            (slope,) = torch.autograd.grad(energies.sum(), x)
        return energies.detach(), torch.where(self.moving, -slope, 0.0)
