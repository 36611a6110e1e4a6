"""Energies and forces of a linear ACE by fused kernels: their arrays, and the order of launches."""

import torch
from torch import Tensor

from scatter.ace.device.terms import GROUP
from scatter.ace.device.weights import WIDE, AceTensors
from scatter.ace.kernels.gpu import environments, sums
from scatter.potentials.device.fused import Fused, launch
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

    def stages(self, given: tuple[Tensor, ...], slots: int) -> tuple[int, int]:
        """From some replicas' lists to ∂E/∂d; see `Fused`."""
        w, s = self.weights, self.scratch
        arrays = w.square, s.unit, s.index, s.starts, s.active, s.seen, s.known
        sizes = self.atoms, self.capacity, s.stride, s.lanes, w.knots, len(w.constant), self.places
        others = *given, *arrays, *sizes, w.per_step
        launch(environments.place_pairs, (slots * self.atoms,), *others, warps=self.collecting)
        self._pairs(environments.gather, slots, w.table, (s.values,), self.near)
        self._products(slots)
        back = s.bars, s.push
        self._pairs(environments.give_back, slots, w.table_back, back, self.near_back, w.per_step)
        return 1, self.wide_blocks

    def _pairs(
        self, kernel: object, slots: int, table: Tensor, arrays: tuple[Tensor, ...], *how: float
    ) -> None:
        """From pairs to A, or back."""
        w, s, (near, *others) = self.weights, self.scratch, how
        counts = self.atoms, slots, s.lanes, self.capacity, s.stride, w.places.factors
        sizes = *counts, len(w.constant), w.columns, near, WIDE, w.layout.degree, *others
        given = s.unit, s.index, s.starts, table, w.where, *arrays, *sizes
        launch(kernel, (slots * self.atoms, self.wide_blocks), *given, warps=1)

    def _products(self, slots: int) -> None:
        """From A to energies, and to ∂E/∂A."""
        w, s, t = self.weights, self.scratch, self.weights.terms
        grid, warps = (-(-slots // LANES), self.atoms), LANES // 32
        where = self.species, self.atoms, slots, s.lanes
        sizes = *where, t.factors, LANES, LONG
        if t.most_nodes:
            given = s.values, t.ones, t.others, t.node_first
            launch(sums.nodes, (self.node_blocks, *grid), *given, *sizes, warps=warps)
            given = s.values, s.node_bars, s.parts, s.seen, t.node_first, t.of_nodes.groups
            rows = t.of_nodes.needs, *t.of_nodes.values, t.of_nodes.coefficients
            given = *given, t.node_constants, t.node_masks, *rows, *sizes, GROUP
            launch(sums.slopes_of_nodes, (self.node_blocks, *grid), *given, warps=warps)
        parts = s.parts[self.node_blocks * self.atoms * s.lanes :]
        rows = t.constants, t.masks, t.of_a.needs, *t.of_a.values, t.of_a.coefficients
        held = t.holders.groups, t.holders.needs, *t.holders.values, t.holders.coefficients
        given = s.values, s.node_bars, parts, s.bars, s.seen, t.of_a.groups, *rows, *held
        launch(sums.slopes, (self.blocks, *grid), *given, *sizes, GROUP, warps=warps)
        given = s.parts, s.known, w.constant, self.species, s.energy, self.atoms, slots, s.lanes
        blocks = self.node_blocks + self.blocks
        launch(sums.sites, (1, *grid), *given, blocks, LANES, warps=warps)
