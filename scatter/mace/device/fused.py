"""Energies and forces of a folded MACE by fused kernels: their arrays, the order of launches."""

import torch
from torch import Tensor

from scatter.mace.device.weights import MaceTensors
from scatter.mace.kernels.gpu import edges, geometry, nodes
from scatter.potentials.device.fused import Fused, launch
from scatter.state import System

TOGETHER = 128  # neighbours times channels in the registers of one program
TALL = 16  # rows of a program that mixes channels


class MaceStages:
    """What the stages hand to one another, for some rows (atoms of all replicas)."""

    def __init__(self, rows: int, capacity: int, blocks: int, w: MaceTensors):
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


class FusedMace(Fused):
    """The kernels of a folded MACE bound to a system."""

    weights: MaceTensors

    def __init__(self, weights: MaceTensors, system: System, species: Tensor, slots: int):
        super().__init__(weights, system, species, slots)
        self.wide = 32 if weights.channels % 32 == 0 else 16
        self.warps = 1 if self.wide == 16 else 4  # of programs that multiply matrices
        self.near = max(1, TOGETHER // self.wide)
        self.blocks = weights.channels // self.wide

    def per_atom(self) -> int:
        """Bytes of working memory for an atom, given the capacity of its list."""
        channels = self.weights.channels
        per_place = channels + 6 * self.blocks + 11
        return 4 * (self.capacity * per_place + (3 * 16 + 6) * channels)

    def working_memory(self) -> MaceStages:
        """What the stages hand to one another, for `at_once` replicas."""
        return MaceStages(self.at_once * self.atoms, self.capacity, self.blocks, self.weights)

    def stages(self, given: tuple[Tensor, ...], slots: int) -> tuple[int, int]:
        """From some replicas' lists to ∂E/∂d; see `Fused`."""
        w, s, rows = self.weights, self.scratch, slots * self.atoms
        arrays = s.unit, s.index, s.slope, s.pairs, s.active, s.energy
        sizes = self.atoms, self.capacity, s.stride, w.knots, len(w.constant), self.places
        others = w.pair_2, w.charges_radii, *arrays, *sizes, w.per_step, w.cutoff**2, *w.repulsion
        launch(geometry.place_pairs, (rows,), *given, *others, warps=self.collecting)
        self._forth(rows)
        self._back(rows)
        return 3, 2 * self.blocks

    def _forth(self, rows: int) -> None:
        """From pairs to energies; B̄ and B̄² are then at hand."""
        w, s, grid = self.weights, self.scratch, (rows, self.blocks)
        where, sizes = (s.unit, s.index, s.pairs), (w.channels, self.near, self.wide)
        others = w.table_1, self.species, w.product_1, s.a, s.b, self.atoms
        lists = self.capacity, s.stride, *sizes
        launch(edges.features_1, grid, *where, *others, *lists, w.cubic, warps=1)
        self._transform(s.b, w.up, s.g, w.up_0, rows, 1, nodes.BIAS)
        launch(edges.features_2, grid, *where, w.table_2, s.g, s.m, *lists, warps=1)
        self._transform(s.m, w.mix, s.a_2, w.up_0, rows, 16, nodes.STORE)
        others = s.a_2, w.product_2, self.species, s.b_2, self.atoms, w.channels, self.wide
        launch(nodes.product_of_2, grid, *others, w.cubic, warps=1)
        features = s.b, s.b_2, s.b_bar, s.b_2_bar
        layers = w.hidden_1, w.hidden_2, w.hidden_0, w.energy_1, w.energy_2, w.constant
        counts = rows, self.atoms, w.channels, len(w.energy_2), len(w.constant), TALL, self.wide
        others = *features, *layers, self.species, s.energy, *counts
        launch(nodes.read_out, (-(-rows // TALL),), *others, warps=self.warps)

    def _back(self, rows: int) -> None:
        """From B̄ and B̄² to ∂E/∂d of each pair."""
        w, s, grid = self.weights, self.scratch, (rows, self.blocks)
        lists = self.capacity, s.stride, w.channels, self.near, self.wide
        others = s.a_2, w.product_2, self.species, s.b_2_bar, s.m, self.atoms
        launch(nodes.product_of_2_back, grid, *others, w.channels, self.wide, w.cubic, warps=1)
        self._transform(s.m, w.mix_back, s.a_2, w.up_0, rows, 16, nodes.STORE)
        others = s.unit, s.index, s.pairs, s.active, w.table_2, s.g, s.a_2, s.q, s.push
        launch(edges.back_2, grid, *others, *lists, w.per_step, warps=1)
        launch(edges.gather_sent, grid, s.index, s.pairs, s.q, s.g_bar, *lists, warps=1)
        self._transform(s.g_bar, w.up_back, s.b, s.b_bar, rows, 1, nodes.ADD)
        push = s.push[3 * self.blocks * s.stride :]
        others = s.unit, s.index, s.active, w.table_1, self.species, w.product_1, s.a, s.b, s.slope
        how = w.per_step, w.cubic, w.repulsion[0] != 0
        launch(edges.back_1, grid, *others, push, self.atoms, *lists, *how, warps=1)

    def _transform(self, x: Tensor, matrix: Tensor, out: Tensor, bias: Tensor, *how: int) -> None:
        """Mix the channels of each row: `how` is the rows, the features of each, and what for."""
        rows, features, what = how
        w, grid = self.weights, (-(-rows // TALL), features, self.blocks)
        sizes = rows, self.atoms, features, w.channels, TALL, self.wide, self.wide, what
        others = x, matrix, out, bias, self.species, *sizes
        launch(nodes.transform, grid, *others, warps=self.warps)
