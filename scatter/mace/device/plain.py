"""The formulas of a folded MACE for many replicas, in plain torch: what the fused kernels compute.

The symbols are those of `docs/theory_mace.md`; every array has a place for each neighbour that an
atom may have. The slopes are torch's own.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from scatter.mace.device.weights import MaceTensors
from scatter.mace.kernels.harmonics import DEGREES, NORMS, TRIPLES, monomials, polynomials, rows
from scatter.potentials.device.lists import Neighbours
from scatter.potentials.device.plain import Geometry, Plain, radial

DEGREE_OF_ROW = [degree for degree in DEGREES for _ in rows(degree)]
SCREENING = ((0.1818, 3.2), (0.5099, 0.9423), (0.2802, 0.4028), (0.02817, 0.2016))
KEPT = 12  # arrays of (pair, l, channel) that live at once, about


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
        b_1 = _product(_gathered(t, y), w.product_1[species], w.cubic)
        g = b_1 @ w.up + w.up_0[species]
        sent = g[pairs.slot, near.sender][..., None, :]
        m = _gathered(_radial(w.table_2, pairs.pair, pairs, w) * sent, y)
        mixed = [m[:, :, row] @ w.mix[degree] for row, degree in enumerate(DEGREE_OF_ROW)]
        b_2 = _product(torch.stack(mixed, dim=2), w.product_2[species], w.cubic)
        x = (b_1[..., None, :] @ w.hidden_1[species])[..., 0, :] + b_2 @ w.hidden_2
        x = x + w.hidden_0[species]
        of_atoms = b_1 @ w.energy_1 + torch.nn.functional.silu(x) @ w.energy_2
        total = (of_atoms.to(torch.float64) + w.constant[species]).sum(dim=-1)
        if w.repulsion[0]:
            total = total + _repulsion(pairs, near.listed, w)
        return torch.where(pairs.lost, torch.nan, total)

    def per_atom(self) -> int:
        """Bytes that the formulas take for an atom, about, given the capacity of its list."""
        numbers = KEPT * 4 * self.weights.channels * self.capacity
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
