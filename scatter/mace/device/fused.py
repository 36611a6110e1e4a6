"""Energies and forces of a folded MACE by fused kernels: their arrays, the order of launches."""

import torch
from torch import Tensor

from scatter.kernels.gpu.forces import energies_of, forces_of
from scatter.mace.device.weights import MaceTensors
from scatter.mace.kernels.gpu import edges, geometry, nodes
from scatter.potentials.device.fused import Fused, Lists, launch
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

    def some(
        self, lists: Lists, positions: Tensor, start: int, energies: Tensor, forces: Tensor
    ) -> None:
        """Write energies and forces of the replicas from `start` on, `at_once` of them or fewer."""
        end = min(start + self.at_once, len(positions))
        rows = (end - start) * self.atoms
        self._place_pairs(lists, positions[start:end], start, rows)
        self._forth(rows)
        self._back(rows)
        s = self.scratch
        launch(
            forces_of, (rows,),
            s.index[3 * s.stride :], s.index[4 * s.stride :], s.active, s.push, self.moving,
            forces[start:end], self.atoms, self.capacity, s.stride, 2 * self.blocks, 32, warps=1,
        )  # fmt: skip
        launch(
            energies_of,
            (end - start,),
            s.energy,
            energies[start:end],
            self.atoms,
            self.padded,
            warps=1,
        )

    def _place_pairs(self, lists: Lists, positions: Tensor, start: int, rows: int) -> None:
        w, s = self.weights, self.scratch
        row, place = start * self.atoms, start * self.atoms * self.capacity
        scale, prefactor, exponent, p = w.repulsion
        launch(
            geometry.place_pairs, (rows,),
            positions, self.species, self.moving, lists.sender[place:], lists.translation[place:],
            lists.count[row:], lists.reverse[place:], self.cell.vectors, w.pair_2, w.charges_radii,
            s.unit, s.index, s.slope, s.pairs, s.active, s.energy, self.atoms, self.capacity,
            s.stride, w.knots, len(w.constant), self.places, w.per_step,
            w.cutoff**2, scale, prefactor, exponent, p, warps=self.collecting,
        )  # fmt: skip

    def _forth(self, rows: int) -> None:
        """From pairs to energies; B̄ and B̄² are then at hand."""
        w, s = self.weights, self.scratch
        sizes, grid = (w.channels, self.near, self.wide), (rows, self.blocks)
        launch(
            edges.features_1, grid,
            s.unit, s.index, s.pairs, w.table_1, self.species, w.product_1, s.a, s.b, self.atoms,
            self.capacity, s.stride, *sizes, w.cubic, warps=1,
        )  # fmt: skip
        self._transform(s.b, w.up, s.g, w.up_0, rows, 1, nodes.BIAS)
        launch(
            edges.features_2, grid,
            s.unit, s.index, s.pairs, w.table_2, s.g, s.m, self.capacity, s.stride, *sizes,
            warps=1,
        )  # fmt: skip
        self._transform(s.m, w.mix, s.a_2, w.up_0, rows, 16, nodes.STORE)
        launch(
            nodes.product_of_2, grid,
            s.a_2, w.product_2, self.species, s.b_2, self.atoms, w.channels, self.wide, w.cubic,
            warps=1,
        )  # fmt: skip
        launch(
            nodes.read_out, (-(-rows // TALL),),
            s.b, s.b_2, s.b_bar, s.b_2_bar, w.hidden_1, w.hidden_2, w.hidden_0, w.energy_1,
            w.energy_2, w.constant, self.species, s.energy, rows, self.atoms, w.channels,
            len(w.energy_2), len(w.constant), TALL, self.wide, warps=self.warps,
        )  # fmt: skip

    def _back(self, rows: int) -> None:
        """From B̄ and B̄² to ∂E/∂d of each pair."""
        w, s = self.weights, self.scratch
        sizes, grid = (w.channels, self.near, self.wide), (rows, self.blocks)
        launch(
            nodes.product_of_2_back, grid,
            s.a_2, w.product_2, self.species, s.b_2_bar, s.m, self.atoms, w.channels, self.wide,
            w.cubic, warps=1,
        )  # fmt: skip
        self._transform(s.m, w.mix_back, s.a_2, w.up_0, rows, 16, nodes.STORE)
        launch(
            edges.back_2, grid,
            s.unit, s.index, s.pairs, s.active, w.table_2, s.g, s.a_2, s.q, s.push, self.capacity,
            s.stride, *sizes, w.per_step, warps=1,
        )  # fmt: skip
        launch(
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
        launch(
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
        launch(
            nodes.transform, (-(-rows // TALL), features, self.blocks),
            x, matrix, out, bias, self.species, rows, self.atoms, features, w.channels, TALL,
            self.wide, self.wide, how, warps=self.warps,
        )  # fmt: skip
