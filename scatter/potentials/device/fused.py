"""Energies and forces of a batch by the fused kernels: their arrays, and the order of launches.

Nothing here waits for the GPU but `reserve`, and all shapes stay as they are, so that the launches
can be captured in a CUDA graph.
"""

from typing import Any

import torch
from torch import Tensor

from scatter.kernels.gpu import edges, nodes, pairs
from scatter.potentials.device.lists import Cell, room_for
from scatter.potentials.device.weights import Weights
from scatter.state import System

SKIN = 0.8  # Å
TOGETHER = 128  # neighbours times channels in the registers of one program
TALL = 16  # rows of a program that mixes channels
ROOM = 2**32  # bytes of working memory; more replicas are computed in turns


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


class Scratch:
    """What the stages hand to one another, for some rows (atoms of all replicas)."""

    def __init__(self, rows: int, capacity: int, blocks: int, w: Weights):
        device, channels = w.energy_1.device, w.channels
        places = rows * capacity

        def reals(size: int) -> Tensor:
            return torch.zeros(size, dtype=w.kind, device=device)

        def integers(size: int) -> Tensor:
            return torch.zeros(size, dtype=torch.int32, device=device)

        self.stride = places
        self.unit, self.index, self.slope = reals(5 * places), integers(5 * places), reals(places)
        self.pairs, self.active = integers(rows), integers(rows)
        self.energy = torch.zeros(rows, dtype=torch.float64, device=device)
        self.a, self.m, self.a_2 = (reals(rows * 16 * channels) for _ in range(3))
        self.b, self.b_2, self.b_bar, self.b_2_bar = (reals(rows * channels) for _ in range(4))
        self.g, self.g_bar = (reals(rows * channels) for _ in range(2))
        self.q, self.push = reals(places * channels), reals(2 * blocks * places * 3)


class Fused:
    """The kernels bound to a system, with the lists of its slots."""

    def __init__(self, weights: Weights, system: System, species: Tensor, slots: int):
        w = weights
        self.weights, self.atoms, self.slots = w, len(system), slots
        self.device = w.energy_1.device
        self.species = species.to(torch.int32)
        self.moving = torch.as_tensor(system.moving, device=self.device).to(torch.int32)
        self.cell = Cell.of(system, w.cutoff + SKIN, str(self.device))
        self.wide = 32 if w.channels % 32 == 0 else 16
        self.warps = 1 if self.wide == 16 else 4  # of programs that multiply matrices
        self.near = max(1, TOGETHER // self.wide)
        self.blocks = w.channels // self.wide
        self.padded = power_of_two(self.atoms)
        self.capacity, self.generation = 0, 0
        self.most = torch.zeros((), dtype=torch.int32, device=self.device)

    def reserve(self, positions: Tensor) -> None:
        """Make room for the neighbours that atoms have at these positions, and some more."""
        lists = Lists(len(positions), self.atoms, 1, self.device)
        self._renew(lists, positions, 1)
        most = int(lists.longest())
        if 1.1 * most > self.capacity:
            self.make_room(most)

    def make_room(self, most: int) -> None:
        """Allocate lists for somewhat more neighbours than `most`, and working memory."""
        self.capacity = room_for(most)
        self.generation += 1
        self.most.zero_()
        self.lists = Lists(self.slots, self.atoms, self.capacity, self.device)
        w = self.weights
        per_place = w.channels + 6 * self.blocks + 11
        per_atom = 4 * (self.capacity * per_place + (3 * 16 + 6) * w.channels)
        self.at_once = max(1, min(self.slots, ROOM // (self.atoms * per_atom)))
        self.scratch = Scratch(self.at_once * self.atoms, self.capacity, self.blocks, w)

    def fresh(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies and forces of replicas that enter."""
        self.reserve(positions)
        lists = Lists(len(positions), self.atoms, self.capacity, self.device)
        return self._evaluate(lists, positions)

    def forget(self, slots: Tensor) -> None:
        """Ask for new lists in these slots."""
        self.lists.reference[slots] = torch.nan

    def keep(self, slots: Tensor) -> None:
        """Go on with these slots only."""
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
            self._some(lists, positions, start, energies, forces)
        return energies, forces

    def _renew(self, lists: Lists, positions: Tensor, capacity: int) -> None:
        """Make new lists for the replicas in which an atom moved by more than half the skin."""
        slots, cell = len(positions), self.cell
        _launch(
            pairs.find_moved, (slots,),
            positions, lists.reference, lists.moved, self.atoms, self.padded, (SKIN / 2) ** 2,
            warps=1,
        )  # fmt: skip
        _launch(
            pairs.list_neighbours, (slots * self.atoms,),
            positions, lists.moved, cell.vectors, cell.inverse, cell.periodic, cell.around,
            lists.sender, lists.translation, lists.count, self.atoms,
            len(cell.around), capacity, self.padded, cell.radius**2, warps=1,
        )  # fmt: skip
        _launch(
            pairs.find_reverse, (slots * self.atoms,),
            lists.moved, lists.sender, lists.translation, lists.count, lists.reverse, self.atoms,
            capacity, power_of_two(capacity), warps=1,
        )  # fmt: skip

    def _some(
        self, lists: Lists, positions: Tensor, start: int, energies: Tensor, forces: Tensor
    ) -> None:
        """Replicas from `start` on, as many as there is working memory for."""
        end = min(start + self.at_once, len(positions))
        rows = (end - start) * self.atoms
        self._collect(lists, positions[start:end], start, rows)
        self._forth(rows)
        self._back(rows)
        s = self.scratch
        _launch(
            nodes.forces_of, (rows,),
            s.index, s.active, s.push, self.moving, forces[start:end], self.atoms, self.capacity,
            s.stride, 2 * self.blocks, 32, warps=1,
        )  # fmt: skip
        _launch(
            nodes.energies_of,
            (end - start,),
            s.energy,
            energies[start:end],
            self.atoms,
            self.padded,
            warps=1,
        )

    def _collect(self, lists: Lists, positions: Tensor, start: int, rows: int) -> None:
        w, s = self.weights, self.scratch
        row, place = start * self.atoms, start * self.atoms * self.capacity
        scale, prefactor, exponent, p = w.repulsion
        _launch(
            pairs.collect, (rows,),
            positions, self.species, self.moving, lists.sender[place:], lists.translation[place:],
            lists.count[row:], lists.reverse[place:], self.cell.vectors, w.pair_2, w.charges_radii,
            s.unit, s.index, s.slope, s.pairs, s.active, s.energy, self.atoms, self.capacity,
            s.stride, w.knots, len(w.constant), power_of_two(self.capacity), w.per_step,
            w.cutoff**2, scale, prefactor, exponent, p, warps=2,
        )  # fmt: skip

    def _forth(self, rows: int) -> None:
        """From pairs to energies; B̄ and B̄² are then at hand."""
        w, s = self.weights, self.scratch
        sizes, grid = (w.channels, self.near, self.wide), (rows, self.blocks)
        _launch(
            edges.features_1, grid,
            s.unit, s.index, s.pairs, w.table_1, self.species, w.product_1, s.a, s.b, self.atoms,
            self.capacity, s.stride, *sizes, w.cubic, warps=1,
        )  # fmt: skip
        self._transform(s.b, w.up, s.g, w.up_0, rows, 1, nodes.BIAS)
        _launch(
            edges.features_2, grid,
            s.unit, s.index, s.pairs, w.table_2, s.g, s.m, self.capacity, s.stride, *sizes,
            warps=1,
        )  # fmt: skip
        self._transform(s.m, w.mix, s.a_2, w.up_0, rows, 16, nodes.STORE)
        _launch(
            nodes.product_of_2, grid,
            s.a_2, w.product_2, self.species, s.b_2, self.atoms, w.channels, self.wide, w.cubic,
            warps=1,
        )  # fmt: skip
        _launch(
            nodes.read_out, (-(-rows // TALL),),
            s.b, s.b_2, s.b_bar, s.b_2_bar, w.hidden_1, w.hidden_2, w.hidden_0, w.energy_1,
            w.energy_2, w.constant, self.species, s.energy, rows, self.atoms, w.channels,
            len(w.energy_2), len(w.constant), TALL, self.wide, warps=self.warps,
        )  # fmt: skip

    def _back(self, rows: int) -> None:
        """From B̄ and B̄² to ∂E/∂d of each pair."""
        w, s = self.weights, self.scratch
        sizes, grid = (w.channels, self.near, self.wide), (rows, self.blocks)
        _launch(
            nodes.product_of_2_back, grid,
            s.a_2, w.product_2, self.species, s.b_2_bar, s.m, self.atoms, w.channels, self.wide,
            w.cubic, warps=1,
        )  # fmt: skip
        self._transform(s.m, w.mix_back, s.a_2, w.up_0, rows, 16, nodes.STORE)
        _launch(
            edges.back_2, grid,
            s.unit, s.index, s.pairs, s.active, w.table_2, s.g, s.a_2, s.q, s.push, self.capacity,
            s.stride, *sizes, w.per_step, warps=1,
        )  # fmt: skip
        _launch(
            edges.gather_sent,
            grid,
            s.index,
            s.pairs,
            s.q,
            s.g_bar,
            self.capacity,
            s.stride,
            *sizes,
            warps=1,
        )
        self._transform(s.g_bar, w.up_back, s.b, s.b_bar, rows, 1, nodes.ADD)
        _launch(
            edges.back_1, grid,
            s.unit, s.index, s.active, w.table_1, self.species, w.product_1, s.a, s.b, s.slope,
            s.push[3 * self.blocks * s.stride :], self.atoms, self.capacity, s.stride, *sizes,
            w.per_step, w.cubic, w.repulsion[0] != 0, warps=1,
        )  # fmt: skip

    def _transform(
        self, x: Tensor, matrix: Tensor, out: Tensor, bias: Tensor, rows: int, features: int,
        how: int,
    ) -> None:  # fmt: skip
        w = self.weights
        _launch(
            nodes.transform, (-(-rows // TALL), features, self.blocks),
            x, matrix, out, bias, self.species, rows, self.atoms, features, w.channels, TALL,
            self.wide, self.wide, how, warps=self.warps,
        )  # fmt: skip


def power_of_two(number: int) -> int:
    """The least power of two that is no less."""
    return 1 << (number - 1).bit_length()


def _launch(kernel: Any, grid: tuple[int, ...], *arguments: Any, warps: int) -> None:
    """Start a program for each place of the grid."""
    kernel[grid](*arguments, num_warps=warps)
