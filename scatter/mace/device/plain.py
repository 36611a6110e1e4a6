"""The formulas of a folded MACE for many replicas, in plain torch: what the fused kernels compute.

The symbols are those of `docs/theory_mace.md`; every array has a place for each neighbour that an
atom may have. The slopes are torch's own.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from scatter.mace.device.weights import MaceTensors
from scatter.mace.kernels.couplings import PATHS, Triple
from scatter.mace.kernels.harmonics import (
    DEGREES,
    NORMS,
    ROWS,
    TRIPLES,
    monomials,
    polynomials,
    rows,
)
from scatter.mace.kernels.message_formulas import MESSAGES
from scatter.mace.kernels.vector_formulas import Features
from scatter.potentials.device.lists import Neighbours
from scatter.potentials.device.plain import Geometry, Plain, radial

DEGREE_OF_ROW = [degree for degree in DEGREES for _ in rows(degree)]
SCREENING = ((0.1818, 3.2), (0.5099, 0.9423), (0.2802, 0.4028), (0.02817, 0.2016))
KEPT = 12  # arrays of (pair, l or path, channel) that live at once, about


class PlainMace(Plain):
    """The formulas of a folded MACE bound to a system."""

    weights: MaceTensors

    def energies(self, positions: Tensor, near: Neighbours) -> Tensor:
        """Energy of each replica (eV), NaN where atoms touch or a list is too short."""
        species, w = self.species, self.weights
        pairs = _pairs(positions, species, near, w)
        y = torch.stack(
            [torch.ones_like(pairs.n[..., 0]), *polynomials(*pairs.n.unbind(-1))[:-1]], -1
        )
        t = _radial(w.table_1, pairs.own * len(w.constant) + pairs.other, pairs, w)
        shares = _shares(pairs, w)
        a = shares[0] * _gathered(t, y)
        b_1 = _product(a, w.product_1[species], w.cubic)
        g = b_1 @ w.up[0] + w.up_0[species]
        a_2 = shares[1] * self._features_2(a, g, y, pairs, near)
        b_2 = _product(a_2, w.product_2[species], w.cubic)
        x = (b_1[..., None, :] @ w.hidden_1[species])[..., 0, :] + b_2 @ w.hidden_2
        x = x + w.hidden_0[species]
        of_atoms = b_1 @ w.energy_1 + torch.nn.functional.silu(x) @ w.energy_2
        total = (of_atoms.to(torch.float64) + w.constant[species]).sum(dim=-1)
        if w.repulsion[0]:
            total = total + _repulsion(pairs, near.listed, w)
        return torch.where(pairs.lost, torch.nan, total)

    def _features_2(
        self, a: Tensor, g: Tensor, y: Tensor, pairs: "Pairs", near: Neighbours
    ) -> Tensor:
        """Features of layer 2, not divided by a density, from those of layer 1 and g."""
        w, there = self.weights, (pairs.slot, near.sender)
        radial_2 = _radial(w.table_2, pairs.pair, pairs, w)
        if w.product_v is None:
            return _mixed(_gathered(radial_2 * g[there][..., None, :], y), w.mix)
        beta, gamma = (each[self.species].unbind(dim=1) for each in (w.product_1, w.product_v))
        made = Features(Numbers, a.unbind(dim=2), beta, gamma).vector()
        sent = torch.stack([g, *(component @ w.up[1] for component in made)], dim=2)[there]
        return _mixed_paths(radial_2, sent, y, w.mix)

    def per_atom(self) -> int:
        """Bytes that the formulas take for an atom, about, given the capacity of its list."""
        w = self.weights
        kept = KEPT * len(w.mix) * (1 if w.product_v is None else 2)  # one of vectors is three
        numbers = kept * w.channels * self.capacity
        return numbers * self.weights.energy_1.element_size()


@dataclass(frozen=True)
class Pairs(Geometry):
    """Geometry and kinds of the directed pairs, at the places of their lists.

    Attributes:
        inside: one within the cutoff, else zero.
        own: species of the receiver.
        other: species of the sender.
        pair: table of layer 2.
    """

    inside: Tensor
    own: Tensor
    other: Tensor
    pair: Tensor


def _pairs(positions: Tensor, species: Tensor, near: Neighbours, w: MaceTensors) -> Pairs:
    geometry = Geometry.of(positions, near, w.cutoff)
    own, other = species[:, None], species[near.sender]
    first = torch.arange(positions.shape[1], device=positions.device)[:, None] <= near.sender
    return Pairs(
        slot=geometry.slot,
        r=geometry.r,
        n=geometry.n.to(w.kind),
        lost=geometry.lost,
        inside=(near.listed & (geometry.r < w.cutoff)).to(w.kind),
        own=own,
        other=other,
        pair=torch.where(first, w.pair_2[own, other], w.pair_2[other, own]),
    )


def _radial(table: Tensor, pair: Tensor, pairs: Pairs, w: MaceTensors) -> Tensor:
    """Radial functions of each pair, shape (slot, atom, neighbour, l, channel)."""
    return radial(table, pair, pairs.r * w.per_step, w.knots) * pairs.inside[..., None, None]


def _gathered(weights: Tensor, y: Tensor) -> Tensor:
    """Σ over neighbours of weight_l p_lm, shape (slot, atom, row, channel)."""
    rows = [(weights[..., d, :] * y[..., row, None]).sum(2) for row, d in enumerate(DEGREE_OF_ROW)]
    return torch.stack(rows, dim=2)


def _mixed(m: Tensor, mix: Tensor) -> Tensor:
    """M_l m_l, row by row."""
    rows = [m[:, :, row] @ mix[degree] for row, degree in enumerate(DEGREE_OF_ROW)]
    return torch.stack(rows, dim=2)


class Numbers:
    """What the formulas of vectors need to know of tensors."""

    @staticmethod
    def fma(a: Tensor | float, b: Tensor, c: Tensor | float) -> Tensor:
        """A b + c."""
        return a * b + c


def _mixed_paths(radial_2: Tensor, sent: Tensor, y: Tensor, mix: Tensor) -> Tensor:
    """Σ_paths M_path Σ_j R_path [x_j p], shape (slot, atom, row, channel).

    What is sent has the shape (slot, atom, neighbour, component, channel). Neighbours are summed
    for each of its components and each of the harmonic's before these are coupled.
    """
    mixed: list[Any] = [0.0] * ROWS
    for number, path in enumerate(PATHS):
        x = radial_2[..., number, None, :] * (sent[..., 1:, :] if path[0] else sent[..., :1, :])
        own = y[..., rows(path[1]).start : rows(path[1]).stop]
        sums = torch.einsum("sanic,sanj->saijc", x, own)
        for row, values in zip(rows(path[2]), _coupled(sums, path), strict=True):
            mixed[row] = mixed[row] + values @ mix[number]
    return torch.stack(mixed, dim=2)


def _coupled(sums: Tensor, path: Triple) -> list[Any]:
    """The components of a path's message, shape (slot, atom, channel) each."""
    if not path[0]:
        return [*sums[:, :, 0].unbind(dim=2)]
    out: list[Any] = [0.0] * (2 * path[2] + 1)
    for (i, j, k), factor in MESSAGES[path].items():
        out[k] = out[k] + factor * sums[:, :, i, j]
    return out


def _shares(pairs: Pairs, w: MaceTensors) -> tuple[Tensor, Tensor] | tuple[float, float]:
    """1 / (1 + D) of either layer, shape (slot, atom, 1, 1); one where there are no densities."""
    if w.density is None:
        return 1.0, 1.0
    density = _radial(w.density, pairs.pair, pairs, w).sum(dim=2)
    first, second = (1 / (1 + density)).unbind(dim=-1)
    return first[..., None], second[..., None]


@cache
def cubic_terms() -> list[dict[tuple[int, int, int], float]]:
    """The invariants of three features as polynomials of a_lm."""
    return [monomials(triple) for triple in TRIPLES]


def _product(a: Tensor, beta: Tensor, cubic: bool) -> Tensor:
    """B = Σ_t β_t I_t(a)."""
    row = a.unbind(dim=2)
    invariants = [row[0]]
    for degree in DEGREES:
        invariants.append(
            sum((float(NORMS[k] ** 2) * row[k] * row[k] for k in rows(degree)), 0 * row[0])
        )
    for terms in cubic_terms() if cubic else []:
        invariants.append(
            sum((f * row[i] * row[j] * row[k] for (i, j, k), f in terms.items()), 0 * row[0])
        )
    return sum((beta[:, t] * invariant for t, invariant in enumerate(invariants)), 0 * row[0])


def _repulsion(pairs: Pairs, listed: Tensor, w: MaceTensors) -> Tensor:
    """ZBL of each replica, eV: half of it at each atom of a pair."""
    scale, prefactor, exponent, p = w.repulsion
    charge, radius = w.charges_radii[pairs.own].unbind(-1)
    charge_2, radius_2 = w.charges_radii[pairs.other].unbind(-1)
    reach = radius + radius_2
    x = pairs.r * (charge**exponent + charge_2**exponent) / (prefactor * 0.529)
    phi = sum((c * torch.exp(-k * x) for c, k in SCREENING), 0 * x)
    x = pairs.r / reach
    rest = (p + 1) * (p + 2) / 2 - x * (p * (p + 2) - x * p * (p + 1) / 2)
    value = scale * 14.3996 * charge * charge_2 / pairs.r * phi * (1 - x**p * rest)
    return 0.5 * torch.where(listed & (x < 1), value, 0.0).sum(dim=(1, 2))
