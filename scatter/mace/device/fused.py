"""Energies and forces of a folded MACE by fused kernels: their arrays, the order of launches."""

from dataclasses import dataclass

import torch
from torch import Tensor

from scatter.errors import UserError
from scatter.mace.device.weights import MaceTensors
from scatter.mace.kernels.couplings import MESSAGE_ROWS, PATHS, STARTS
from scatter.mace.kernels.gpu import densities, edges, geometry, nodes, vector_edges
from scatter.mace.kernels.harmonics import DEGREES, ROWS
from scatter.mace.kernels.harmonics import rows as rows_of
from scatter.potentials.device.fused import Fused, launch
from scatter.state import System

TOGETHER = 128  # neighbours times channels in the registers of one program
TALL = 16  # rows of a program that mixes channels
LONGEST = 2**31  # numbers of a table, whose places the kernels count in 32 bits


Terms = list[list[tuple[int, int]]]  # features, and the matrices that they are multiplied by
SCALARS: Terms = [[(row, degree)] for degree in DEGREES for row in rows_of(degree)]
FIRST = [rows_of(degree).start for _, _, degree in PATHS]  # row of each path's degree
TO_ROWS: Terms = [
    [(STARTS[n] + row - FIRST[n], n) for n, path in enumerate(PATHS) if path[2] == degree]
    for degree in DEGREES
    for row in rows_of(degree)
]
TO_PATHS: Terms = [
    [(FIRST[n] + component, n)]
    for n, path in enumerate(PATHS)
    for component in range(2 * path[2] + 1)
]


@dataclass(frozen=True)
class Route:
    """Which features and matrices make which features; see `nodes.transform`.

    Attributes:
        terms: features and matrices, a negative one where there is none; (feature, term, 2).
        given: how many features there are to be mixed.
    """

    terms: Tensor
    given: int

    @classmethod
    def of(cls, terms: Terms, device: torch.device) -> "Route":
        """The same on a device, with as many terms for each feature."""
        most = max(map(len, terms))
        whole = [each + [(0, -1)] * (most - len(each)) for each in terms]
        given = 1 + max(feature for each in terms for feature, _ in each)
        return cls(torch.tensor(whole, dtype=torch.int32, device=device), given)


class MaceStages:
    """What the stages hand to one another, for some rows (atoms of all replicas)."""

    def __init__(self, rows: int, capacity: int, blocks: int, w: MaceTensors):
        device, channels, sent = w.energy_1.device, w.channels, w.sent
        places, messages = rows * capacity, messages_of(w)

        def reals(size: int) -> Tensor:
            return torch.zeros(size, dtype=w.kind, device=device)

        def integers(size: int) -> Tensor:
            return torch.zeros(size, dtype=torch.int32, device=device)

        self.stride = places
        self.unit, self.index, self.slope = reals(5 * places), integers(5 * places), reals(places)
        self.pairs, self.active = integers(rows), integers(rows)
        self.energy = torch.zeros(rows, dtype=torch.float64, device=device)
        self.a = reals(rows * ROWS * channels)
        self.m, self.a_2 = (reals(rows * messages * channels) for _ in range(2))
        self.b, self.b_bar, self.g, self.g_bar = (reals(rows * sent * channels) for _ in range(4))
        self.b_2, self.b_2_bar = (reals(rows * channels) for _ in range(2))
        dense = w.density is not None
        self.shares, self.by_density = reals(2 * rows * dense), reals(rows * channels * dense)
        self.q, self.push = reals(places * sent * channels), reals(2 * blocks * places * 3)


def messages_of(w: MaceTensors) -> int:
    """Rows of an atom's messages in layer 2."""
    return ROWS if w.sent == 1 else MESSAGE_ROWS


def _refuse_long_tables(w: MaceTensors) -> None:
    """Raise UserError where the kernels could not count the numbers of a table."""
    if max(w.table_1.numel(), w.table_2.numel()) > LONGEST:
        raise UserError(
            f"[potential]: the radial functions of {len(w.constant)} elements are too many for the "
            "kernels of a GPU; convert the model with --elements for those that you need, or set "
            "precision = 'float32' or device = 'cpu'"
        )


class FusedMace(Fused):
    """The kernels of a folded MACE bound to a system."""

    weights: MaceTensors

    def __init__(self, weights: MaceTensors, system: System, species: Tensor, slots: int):
        super().__init__(weights, system, species, slots)
        _refuse_long_tables(weights)
        self.deep = 32 if weights.channels % 32 == 0 else 16  # channels of what mixes them
        self.wide = self.deep if weights.sent == 1 else 16  # channels of what sums over neighbours
        self.warps = 1 if self.deep == 16 else 4  # of programs that multiply matrices
        self.near = max(1, TOGETHER // self.wide)
        # 40 rows of messages fit in registers only if there are fewer numbers in each.
        fewer = 1 if weights.sent == 1 else weights.energy_1.element_size() // 2
        self.few = max(1, self.near // fewer)
        self.blocks = weights.channels // self.wide
        send: Terms = [[(n, min(n, 1))] for n in range(weights.sent)]
        mix, back = (SCALARS, SCALARS) if weights.sent == 1 else (TO_ROWS, TO_PATHS)
        self.send, self.mix, self.mix_back = (Route.of(r, self.device) for r in (send, mix, back))
        none = weights.energy_1  # nothing is read of what a model has not
        self.densities = none if weights.density is None else weights.density
        self.gamma = none if weights.product_v is None else weights.product_v

    def per_atom(self) -> int:
        """Bytes of working memory for an atom, given the capacity of its list."""
        w = self.weights
        per_place = w.sent * w.channels + 6 * self.blocks + 11
        dense = w.density is not None
        per_channel = ROWS + 2 * messages_of(w) + 4 * w.sent + 2 + dense
        return 4 * (self.capacity * per_place + per_channel * w.channels)

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

    def _features_1(self, rows: int) -> None:
        """From pairs to the features of layer 1, and what is made of them."""
        w, s, grid = self.weights, self.scratch, (rows, self.blocks)
        where, lists = (s.unit, s.index, s.pairs), (self.capacity, s.stride)
        dense = w.density is not None
        if dense:
            others = self.densities, s.shares, *lists, TOGETHER
            launch(densities.shares_of, (rows,), *where, *others, warps=1)
        others = s.shares, w.table_1, self.species, w.product_1, s.a, s.b, self.atoms
        how = w.channels, self.near, self.wide, dense, w.sent, w.cubic
        launch(edges.features_1, grid, *where, *others, *lists, *how, warps=1)
        if w.product_v is not None:
            others = s.a, w.product_1, self.gamma, self.species, s.b, self.atoms, w.channels
            blocks = w.channels // self.deep
            launch(nodes.products_of_1, (rows, blocks), *others, self.deep, warps=1)

    def _forth(self, rows: int) -> None:
        """From pairs to energies; B̄ and B̄² are then at hand."""
        w, s, grid = self.weights, self.scratch, (rows, self.blocks)
        dense, vectors = w.density is not None, w.product_v is not None
        where, lists = (s.unit, s.index, s.pairs), (self.capacity, s.stride)
        self._features_1(rows)
        self._transform(s.b, w.up, s.g, w.up_0, rows, self.send, nodes.BIAS)
        kernel = vector_edges.vector_features_2 if vectors else edges.features_2
        others = s.shares, w.table_2, s.g, s.m, *lists, w.channels, self.few, self.wide, dense
        launch(kernel, grid, *where, *others, warps=1)
        self._transform(s.m, w.mix, s.a_2, w.up_0, rows, self.mix, nodes.STORE)
        others = s.a_2, w.product_2, self.species, s.b_2, self.atoms, w.channels, self.wide
        launch(nodes.product_of_2, grid, *others, w.cubic, warps=1)
        features = s.b, s.b_2, s.b_bar, s.b_2_bar
        layers = w.hidden_1, w.hidden_2, w.hidden_0, w.energy_1, w.energy_2, w.constant
        counts = rows, self.atoms, w.channels, w.sent, len(w.energy_2), len(w.constant)
        others = *features, *layers, self.species, s.energy, *counts, TALL, self.deep
        launch(nodes.read_out, (-(-rows // TALL),), *others, warps=self.warps)

    def _back(self, rows: int) -> None:
        """From B̄ and B̄² to ∂E/∂d of each pair."""
        w, s, grid = self.weights, self.scratch, (rows, self.blocks)
        dense, vectors = w.density is not None, w.product_v is not None
        lists, sizes = (self.capacity, s.stride), (w.channels, self.few, self.wide)
        others = s.a_2, w.product_2, self.species, s.shares, s.b_2_bar, s.m, s.by_density
        how = w.channels, self.wide, dense, w.cubic
        launch(nodes.product_of_2_back, grid, *others, self.atoms, *how, warps=1)
        self._transform(s.m, w.mix_back, s.a_2, w.up_0, rows, self.mix_back, nodes.STORE)
        others = s.unit, s.index, s.pairs, s.active, self.densities, s.by_density
        others = *others, w.table_2, s.g, s.a_2, s.q, s.push, *lists, *sizes, dense, w.per_step
        kernel = vector_edges.vector_back_2 if vectors else edges.back_2
        launch(kernel, grid, *others, warps=1)
        others = s.index, s.pairs, s.q, s.g_bar, *lists, w.sent * w.channels, self.near, self.wide
        launch(edges.gather_sent, (rows, w.sent * self.blocks), *others, warps=1)
        self._transform(s.g_bar, w.up_back, s.b, s.b_bar, rows, self.send, nodes.ADD)
        push = s.push[3 * self.blocks * s.stride :]
        others = s.unit, s.index, s.active, s.shares, self.densities, w.table_1, self.species
        others = *others, w.product_1, self.gamma, s.a, s.b, s.slope, push, self.atoms, *lists
        how = w.channels, self.near, self.wide, dense, w.sent, w.per_step, w.cubic
        launch(edges.back_1, grid, *others, *how, w.repulsion[0] != 0, warps=1)

    def _transform(
        self, x: Tensor, matrix: Tensor, out: Tensor, bias: Tensor, rows: int, route: Route,
        what: int,
    ) -> None:  # fmt: skip
        """Mix the channels of each row."""
        w, (features, terms, _) = self.weights, route.terms.shape
        grid = -(-rows // TALL), features, w.channels // self.deep
        sizes = route.given, features, terms, w.channels, TALL, self.deep, self.deep, what
        others = x, matrix, out, bias, self.species, route.terms, rows, self.atoms, *sizes
        launch(nodes.transform, grid, *others, warps=self.warps)
