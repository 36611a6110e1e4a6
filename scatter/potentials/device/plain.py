"""Energies and forces of a batch by the plain formulas: readable, on any device, and not fast."""

import torch
from torch import Tensor

from scatter.potentials.device.formulas import energies
from scatter.potentials.device.lists import Cell, neighbours, room_for
from scatter.potentials.device.weights import Weights
from scatter.state import System

ROOM = 2**31  # bytes that the arrays of pairs may take; more replicas are computed in turns
KEPT = 12  # arrays of (pair, l, channel) that live at once, about


class Plain:
    """The formulas bound to a system; lists are made anew in every call."""

    def __init__(self, weights: Weights, system: System, species: Tensor, slots: int):
        device = weights.energy_1.device
        self.weights, self.species = weights, species
        self.cell = Cell.of(system, weights.cutoff, str(device))
        self.moving = torch.as_tensor(system.moving, device=device)[:, None]
        self.capacity, self.generation = 0, 0
        self.most = torch.zeros((), dtype=torch.int64, device=device)

    def reserve(self, positions: Tensor) -> None:
        """Make room for the neighbours that atoms have at these positions, and some more."""
        most = max((int(self._count(part)) for part in positions.split(64)), default=0)
        if 1.1 * most > self.capacity:
            self.make_room(most)

    def make_room(self, most: int) -> None:
        """Have places for somewhat more neighbours than `most`."""
        self.capacity = room_for(most)
        self.most.zero_()

    def fresh(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies and forces of replicas that enter."""
        self.reserve(positions)
        return self(positions)

    def forget(self, slots: Tensor) -> None:
        """Nothing is kept from call to call."""

    keep = forget

    def longest(self) -> Tensor:
        """Most neighbours of an atom since room was made, a number on the device."""
        return self.most

    def _count(self, positions: Tensor) -> Tensor:
        return neighbours(positions, self.cell, 1).count.max()

    def __call__(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (eV), NaN where a list overflows, and forces (eV/Å)."""
        pairs = positions.shape[1] * self.capacity * self.weights.energy_1.element_size()
        at_once = max(1, ROOM // (KEPT * 4 * self.weights.channels * pairs))
        parts = [self._evaluate(part) for part in positions.split(at_once)]
        return torch.cat([e for e, _ in parts]), torch.cat([f for _, f in parts])

    def _evaluate(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        near = neighbours(positions, self.cell, self.capacity)
        self.most = torch.maximum(self.most, near.count.max())
        with torch.enable_grad():
            x = positions.detach().requires_grad_()
            found = energies(x, self.species, near, self.weights)
            (slope,) = torch.autograd.grad(found.sum(), x)
        return found.detach(), torch.where(self.moving, -slope, 0.0)
