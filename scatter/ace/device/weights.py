"""The arrays of a linear ACE as tensors, where they are used and in the numbers used there."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from scatter.ace.device.terms import Rows, Terms, terms_of
from scatter.ace.file import MARGIN, ORDERS, LinearAce
from scatter.ace.kernels.harmonics import norm
from scatter.ace.kernels.layout import Layout
from scatter.ace.values import Places, layout_of, samples_of, shapes_of
from scatter.kernels.splines import polynomials_between

WIDE = 16  # radial functions that lie side by side
KNOTS = 256  # of a table, about, where forces are in single precision
MOST_THINNED = 13  # samples to a knot, since splines need three of these beyond the ends


@dataclass(frozen=True)
class AceTensors:
    """A linear ACE on a device.

    Attributes:
        model: its arrays.
        layout: of the values of an environment.
        places: of the values of an atom.
        device: of torch's.
        table: R_n, then φ, as polynomials between knots, and what fills the last block: shape
            (row, 1, power, column), with the row (centre's species · species + neighbour's) · knots
            + knot. In double precision.
        table_back: the same in the numbers that are used on the way back to forces.
        knots: rows of one table.
        per_step: knots per Å.
        cutoff: the largest, Å.
        square: squared cutoffs by centre's and neighbour's species, Å².
        constant: E0, eV.
    """

    model: LinearAce
    layout: Layout
    places: Places
    device: str
    table: Tensor
    table_back: Tensor
    knots: int
    per_step: float
    cutoff: float
    square: Tensor
    constant: Tensor

    @classmethod
    def of(cls, model: LinearAce, precision: str, device: str) -> "AceTensors":
        """The weights of a model; energies are computed in double precision always."""
        layout, species = Layout(shapes_of(layout_of(model))), len(model.numbers)
        intervals = model.radial.shape[2] - 1 - 2 * MARGIN
        thinned = 1 if precision == "float64" else min(max(1, intervals // KNOTS), MOST_THINNED)
        samples = samples_of(model, layout, [model.pair])[:, MARGIN % thinned :: thinned, None]
        pieces = polynomials_between(samples, MARGIN // thinned)
        wide = np.pad(
            pieces, np.array(((0, 0), (0, 0), (0, 0), (0, 0), (0, -layout.columns % WIDE)))
        )
        table = _double(wide.reshape(-1, *wide.shape[2:]), device)
        return cls(
            model=model,
            layout=layout,
            places=Places(layout, species, 1),
            device=device,
            table=table,
            table_back=table.to(getattr(torch, precision)),
            knots=pieces.shape[1],
            per_step=1 / (model.step * thinned),
            cutoff=float(model.cutoff.max()),
            square=_double(model.cutoff**2, device),
            constant=_double(model.constant, device),
        )

    @property
    def kind(self) -> torch.dtype:
        """The numbers of the way back to forces."""
        return self.table_back.dtype

    @property
    def columns(self) -> int:
        """Columns of the table."""
        return self.table.shape[3]

    @property
    def rows(self) -> int:
        """Harmonics up to the largest l."""
        return (self.layout.degree + 1) ** 2

    @cached_property
    def products(self) -> "Products":
        """The products as the file holds them."""
        return Products.of(self.model, self.device)

    @cached_property
    def terms(self) -> "Compact":
        """The products as the kernels read them."""
        return Compact.of(terms_of(self.model, self.places), self.device)

    @cached_property
    def where(self) -> Tensor:
        """Where A of (lm, column) is among the values of an environment; -1 if nowhere."""
        places = np.full((self.rows, self.columns), -1)
        for degree, count in enumerate(self.layout.counts):
            for n in range(count):
                column = self.layout.column(degree, n)
                phi = column - self.layout.columns + self.layout.pairs  # which one, if it is any
                for m in range(-degree, degree + 1):
                    place = self.places.of_factor(0, column, degree, m)
                    place = self.places.of_pair(0, phi) if phi >= 0 else place
                    places[degree**2 + degree + m, column] = place
        return _whole(places, self.device)


@dataclass(frozen=True)
class Products:
    """The products of a linear ACE.

    Attributes:
        spec: species, n, and l² + l + m of each A that is in a product.
        norms: N_lm of each.
        factors: rows of `spec` of each product, by order.
        coefficients: eV, by order, shape (species, product).
    """

    spec: Tensor
    norms: Tensor
    factors: list[Tensor]
    coefficients: list[Tensor]

    @classmethod
    def of(cls, model: LinearAce, device: str) -> "Products":
        """The products of a model."""
        used = np.unique(np.concatenate([model.products(order).ravel() for order in ORDERS]))
        z, n, degree, m = model.spec[used].T
        norms = [norm(k, each) for k, each in zip(degree.tolist(), m.tolist(), strict=True)]
        factors = [np.searchsorted(used, model.products(order)) for order in ORDERS]
        return cls(
            spec=torch.as_tensor(np.stack([z, n, degree**2 + degree + m], axis=1), device=device),
            norms=_double(norms, device),
            factors=[torch.as_tensor(rows, device=device) for rows in factors],
            coefficients=[_double(model.coefficients(order), device) for order in ORDERS],
        )


@dataclass(frozen=True)
class CompactRows:
    """`Rows` on a device; the values of terms one after another."""

    groups: Tensor
    needs: Tensor
    values: list[Tensor]
    coefficients: Tensor

    @classmethod
    def of(cls, rows: Rows, values: int, device: str) -> "CompactRows":
        """Rows of terms that have so many values each."""
        terms = np.array(rows.terms, np.int32).reshape(-1, values)
        return cls(
            groups=_whole(rows.groups, device),
            needs=_whole(rows.needs, device),
            values=[_whole(column, device) for column in terms.T],
            coefficients=_double(rows.coefficients, device),
        )


@dataclass(frozen=True)
class Compact:
    """`Terms` on a device."""

    factors: int
    most_nodes: int
    node_first: Tensor
    ones: Tensor
    others: Tensor
    node_constants: Tensor
    node_masks: Tensor
    of_nodes: CompactRows
    constants: Tensor
    masks: Tensor
    of_a: CompactRows
    holders: CompactRows

    @classmethod
    def of(cls, terms: Terms, device: str) -> "Compact":
        """The terms of a model."""
        nodes = np.array(terms.nodes, np.int32).reshape(-1, 2)
        return cls(
            factors=terms.factors,
            most_nodes=terms.most_nodes,
            node_first=_whole(terms.node_first, device),
            ones=_whole(nodes[:, 0], device),
            others=_whole(nodes[:, 1], device),
            node_constants=_double(terms.node_constants, device),
            node_masks=_whole(terms.node_masks, device),
            of_nodes=CompactRows.of(terms.of_nodes, 1, device),
            constants=_double(terms.constants, device),
            masks=_whole(terms.masks, device),
            of_a=CompactRows.of(terms.of_a, 1, device),
            holders=CompactRows.of(terms.holders, 2, device),
        )


def _double(array: object, device: str) -> Tensor:
    return torch.as_tensor(np.array(array, float), device=device)


def _whole(array: object, device: str) -> Tensor:
    return torch.as_tensor(np.array(array, np.int32), device=device)
