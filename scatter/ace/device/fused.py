"""Energies and forces of a linear ACE by fused kernels: their arrays, and the order of launches."""

import torch
from torch import Tensor

from scatter.ace.device.terms import GROUP
from scatter.ace.device.weights import WIDE, AceTensors
from scatter.ace.kernels.gpu import environments, sums
from scatter.kernels.gpu.forces import energies_of, forces_of
from scatter.potentials.device.fused import Fused, Lists, launch
from scatter.state import System

LANES = 32  # replicas of a program that multiplies
LONG = 32  # its rows
REGISTERS = 9216  # bytes that the sums of one program may take


class AceStages:
    """What the stages hand to one another, for some replicas."""

    def __init__(self, slots: int, bound: "FusedAce"):
        w, atoms, places = bound.weights, bound.atoms, slots * bound.atoms * bound.capacity
        rows, self.lanes = slots * atoms, -(-slots // LANES) * LANES
        columns, species = atoms * self.lanes, len(w.constant)

        def array(size: int, kind: torch.dtype) -> Tensor:
            return torch.zeros(size, dtype=kind, device=bound.device)

        self.stride = places
        self.unit, self.index = array(5 * places, torch.float64), array(3 * places, torch.int32)
        self.starts = array(rows * (2 * species + 1), torch.int32)
        self.active, self.seen = array(rows, torch.int32), array(columns, torch.int32)
        self.known, self.energy = (array(size, torch.float64) for size in (columns, rows))
        self.values = array((w.terms.factors + w.terms.most_nodes) * columns, torch.float64)
        self.node_bars = array(w.terms.most_nodes * columns, torch.float64)
        self.parts = array((bound.node_blocks + bound.blocks) * columns, torch.float64)
        self.bars = array(w.terms.factors * columns, w.kind)
        self.push = array(bound.wide_blocks * places * 3, w.kind)


class FusedAce(Fused):
    """The kernels of a linear ACE bound to a system."""

    weights: AceTensors

    def __init__(self, weights: AceTensors, system: System, species: Tensor, slots: int):
        super().__init__(weights, system, species, slots)
        self.near, self.near_back = (
            min(8, 1 << max(2, REGISTERS // (weights.rows * WIDE * size)).bit_length() - 1)
            for size in (8, weights.table_back.element_size())
        )
        self.wide_blocks = weights.columns // WIDE
        self.blocks = -(-weights.terms.factors // LONG)
        self.node_blocks = -(-weights.terms.most_nodes // LONG)

    def per_atom(self) -> int:
        """Bytes of working memory for an atom, given the capacity of its list."""
        w = self.weights
        real = w.table_back.element_size()
        per_place = 40 + 3 * self.wide_blocks * real + 12
        values = w.terms.factors + 2 * w.terms.most_nodes + self.node_blocks + self.blocks
        return self.capacity * per_place + 8 * values + real * w.terms.factors + 40

    def working_memory(self) -> AceStages:
        """What the stages hand to one another, for `at_once` replicas."""
        return AceStages(self.at_once, self)

    def some(
        self, lists: Lists, positions: Tensor, start: int, energies: Tensor, forces: Tensor
    ) -> None:
        """Write energies and forces of the replicas from `start` on, `at_once` of them or fewer."""
        end = min(start + self.at_once, len(positions))
        slots, s = end - start, self.scratch
        rows = slots * self.atoms
        self._place_pairs(lists, positions[start:end], start, rows)
        w = self.weights
        self._pairs(environments.gather, slots, w.table, (s.values,), self.near)
        self._products(slots)
        self._pairs(
            environments.give_back, slots, w.table_back, (s.bars, s.push), self.near_back,
            w.per_step,
        )  # fmt: skip
        launch(
            forces_of, (rows,),
            s.index[s.stride :], s.index[2 * s.stride :], s.active, s.push, self.moving,
            forces[start:end], self.atoms, self.capacity, s.stride, self.wide_blocks, 32, warps=1,
        )  # fmt: skip
        launch(
            energies_of, (slots,),
            s.energy, energies[start:end], self.atoms, self.padded, warps=1,
        )  # fmt: skip

    def _place_pairs(self, lists: Lists, positions: Tensor, start: int, rows: int) -> None:
        w, s = self.weights, self.scratch
        row, place = start * self.atoms, start * self.atoms * self.capacity
        launch(
            environments.place_pairs, (rows,),
            positions, self.species, self.moving, lists.sender[place:], lists.translation[place:],
            lists.count[row:], lists.reverse[place:], self.cell.vectors, w.square, s.unit, s.index,
            s.starts, s.active, s.seen, s.known, self.atoms, self.capacity, s.stride, s.lanes,
            w.knots, len(w.constant), self.places, w.per_step, warps=self.collecting,
        )  # fmt: skip

    def _pairs(
        self, kernel: object, slots: int, table: Tensor, arrays: tuple[Tensor, ...], near: int,
        *others: float,
    ) -> None:  # fmt: skip
        """From pairs to A, or back."""
        w, s = self.weights, self.scratch
        launch(
            kernel, (slots * self.atoms, self.wide_blocks),
            s.unit, s.index, s.starts, table, w.where, *arrays, self.atoms, slots, s.lanes,
            self.capacity, s.stride, w.places.factors, len(w.constant), w.columns, near, WIDE,
            w.layout.degree, *others, warps=1,
        )  # fmt: skip

    def _products(self, slots: int) -> None:
        """From A to energies, and to ∂E/∂A."""
        s, t = self.scratch, self.weights.terms
        grid, sizes, warps = (-(-slots // LANES), self.atoms), (LANES, LONG), LANES // 32
        where = (self.species, self.atoms, slots, s.lanes)
        if t.most_nodes:
            launch(
                sums.nodes, (self.node_blocks, *grid),
                s.values, t.ones, t.others, t.node_first, *where, t.factors, *sizes, warps=warps,
            )  # fmt: skip
            launch(
                sums.slopes_of_nodes, (self.node_blocks, *grid),
                s.values, s.node_bars, s.parts, s.seen, t.node_first, t.of_nodes.groups,
                t.node_constants, t.node_masks, t.of_nodes.needs, *t.of_nodes.values,
                t.of_nodes.coefficients, *where, t.factors, *sizes, GROUP, warps=warps,
            )  # fmt: skip
        launch(
            sums.slopes, (self.blocks, *grid),
            s.values, s.node_bars, s.parts[self.node_blocks * self.atoms * s.lanes :], s.bars,
            s.seen, t.of_a.groups, t.constants, t.masks, t.of_a.needs, *t.of_a.values,
            t.of_a.coefficients, t.holders.groups, t.holders.needs, *t.holders.values,
            t.holders.coefficients, *where, t.factors, *sizes, GROUP, warps=warps,
        )  # fmt: skip
        launch(
            sums.sites, (1, *grid),
            s.parts, s.known, self.weights.constant, self.species, s.energy, self.atoms, slots,
            s.lanes, self.node_blocks + self.blocks, LANES, warps=warps,
        )  # fmt: skip
