"""Energies and forces of a batch by fused kernels: the lists, and the replicas in turns.

Nothing here waits for the GPU but `reserve`, and all shapes stay as they are, so that the launches
can be captured in a CUDA graph.
"""

from typing import Any

import torch
from torch import Tensor

from scatter.kernels.gpu import pairs
from scatter.kernels.gpu.forces import energies_of, forces_of
from scatter.potentials.device.lists import Cell, room_for
from scatter.state import System

SKIN = 0.8  # Å
ROOM = 2**32  # bytes of working memory, so that 32 bits count its numbers; more is done in turns


class Lists:
    """Neighbour lists of some replicas."""

    def __init__(self, slots: int, atoms: int, capacity: int, device: torch.device):
        shape = {"dtype": torch.int32, "device": device}
        rows = slots * atoms
        self.reference = torch.full(
            (slots, atoms, 3), torch.nan, dtype=torch.float64, device=device
        )
        self.moved = torch.zeros(slots, **shape)
        self.count = torch.zeros(rows, **shape)
        self.sender = torch.zeros(rows * capacity, **shape)
        self.translation = torch.zeros(rows * capacity, **shape)
        self.reverse = torch.zeros(rows * capacity, **shape)

    def longest(self) -> Tensor:
        """Most neighbours of an atom, of those that are not lost, a number on the device."""
        return torch.where(self.count < pairs.LOST, self.count, 0).max()


class Fused:
    """Kernels bound to a system, with the lists of its slots."""

    def __init__(self, weights: Any, system: System, species: Tensor, slots: int):
        self.weights, self.atoms, self.slots = weights, len(system), slots
        self.device = species.device
        self.species = species.to(torch.int32)
        self.moving = torch.as_tensor(system.moving, device=self.device).to(torch.int32)
        self.cell = Cell.of(system, weights.cutoff + SKIN, str(self.device))
        self.padded = power_of_two(self.atoms)
        self.capacity, self.generation = 0, 0
        self.most = torch.zeros((), dtype=torch.int32, device=self.device)

    def per_atom(self) -> int:
        """Bytes of working memory for an atom, given the capacity of its list."""
        raise NotImplementedError

    def working_memory(self) -> Any:
        """What the stages hand to one another, for `at_once` replicas."""
        raise NotImplementedError

    def stages(self, given: tuple[Tensor, ...], slots: int) -> tuple[int, int]:
        """From some replicas' lists to what each pair pushes, ∂E/∂d.

        Args:
            given: what a kernel reads of the lists, to begin with.
            slots: how many replicas.

        Returns:
            Which line of the scratch's `index` says where a pair is listed (the next one: where its
            opposite is), and in how many parts ∂E/∂d is.
        """
        raise NotImplementedError

    def some(
        self, lists: Lists, positions: Tensor, start: int, energies: Tensor, forces: Tensor
    ) -> None:
        """Write energies and forces of the replicas from `start` on, `at_once` of them or fewer."""
        end, row = min(start + self.at_once, len(positions)), start * self.atoms
        place, slots = row * self.capacity, end - start
        listed = lists.sender[place:], lists.translation[place:], lists.count[row:]
        given = positions[start:end], self.species, self.moving, *listed, lists.reverse[place:]
        line, parts = self.stages((*given, self.cell.vectors), slots)
        s = self.scratch
        own, opposite = s.index[line * s.stride :], s.index[(line + 1) * s.stride :]
        sizes = self.atoms, self.capacity, s.stride, parts, 32
        given = own, opposite, s.active, s.push, self.moving, forces[start:end]
        launch(forces_of, (slots * self.atoms,), *given, *sizes, warps=1)
        given = s.energy, energies[start:end], self.atoms, self.padded
        launch(energies_of, (slots,), *given, warps=1)

    def reserve(self, positions: Tensor) -> None:
        """Make room for the neighbours that atoms have at these positions, and some more."""
        lists = Lists(len(positions), self.atoms, 1, self.device)
        self._renew(lists, positions, 1)
        most = int(lists.longest())
        if 1.1 * most > self.capacity or not self.capacity:
            self.make_room(most)

    def make_room(self, most: int) -> None:
        """Allocate lists for somewhat more neighbours than `most`, and working memory."""
        self.capacity = room_for(most)
        self.places = power_of_two(self.capacity)
        self.collecting = max(1, self.places // 128)  # warps of a program that looks at a list
        self.generation += 1
        self.most.zero_()
        for name in ("lists", "scratch"):  # first, for there may be no room for both
            vars(self).pop(name, None)
        self.lists = Lists(self.slots, self.atoms, self.capacity, self.device)
        turns = -(-self.slots // max(1, ROOM // (self.atoms * self.per_atom())))
        self.at_once = -(-self.slots // turns)  # as many in each turn: a few last ones take as long
        self.scratch = self.working_memory()

    def fresh(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies and forces of replicas that enter."""
        self.reserve(positions)
        lists = Lists(len(positions), self.atoms, self.capacity, self.device)
        return self._evaluate(lists, positions)

    def forget(self, slots: Tensor) -> None:
        """Ask for new lists in these slots."""
        self.lists.reference[slots] = torch.nan

    def keep(self, slots: Tensor) -> None:
        """Continue with these slots only."""
        self.slots = len(slots)
        self.lists = Lists(self.slots, self.atoms, self.capacity, self.device)

    def longest(self) -> Tensor:
        """Most neighbours of an atom since room was made, a number on the device.

        Lists that overflow are made anew where the energy has become NaN, so each counts at once.
        """
        return self.most

    def __call__(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies (eV), NaN where a list overflows, and forces (eV/Å) of every slot."""
        return self._evaluate(self.lists, positions)

    def _evaluate(self, lists: Lists, positions: Tensor) -> tuple[Tensor, Tensor]:
        positions = positions.contiguous()
        energies = positions.new_empty(len(positions))
        forces = torch.empty_like(positions)
        if len(positions):
            self._renew(lists, positions, self.capacity)
            torch.maximum(self.most, lists.longest(), out=self.most)
        for start in range(0, len(positions), self.at_once):
            self.some(lists, positions, start, energies, forces)
        return energies, forces

    def _renew(self, lists: Lists, positions: Tensor, capacity: int) -> None:
        """Make new lists for the replicas in which an atom moved by more than half the skin."""
        slots, cell, atoms = len(positions), self.cell, self.atoms
        given = positions, lists.reference, lists.moved, atoms, self.padded, (SKIN / 2) ** 2
        launch(pairs.find_moved, (slots,), *given, warps=1)
        known = cell.vectors, cell.inverse, cell.periodic, cell.around
        listed = lists.sender, lists.translation, lists.count
        given = positions, lists.moved, *known, *listed, atoms, len(cell.around), capacity
        others = self.padded, cell.radius**2
        launch(pairs.list_neighbours, (slots * atoms,), *given, *others, warps=1)
        given = lists.moved, *listed, lists.reverse, atoms, capacity, power_of_two(capacity)
        launch(pairs.find_reverse, (slots * atoms,), *given, warps=1)


def power_of_two(number: int) -> int:
    """The least power of two that is not less."""
    return 1 << (number - 1).bit_length()


def launch(kernel: Any, grid: tuple[int, ...], *arguments: object, warps: int) -> None:
    """Start a program for each place of the grid."""
    kernel[grid](*arguments, num_warps=warps)
