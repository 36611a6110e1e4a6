"""The formulas of a folded MACE for many replicas, in plain torch: what the fused kernels compute.

The symbols are those of `docs/theory_mace.md`; every array has a place for each neighbour that an
atom may have. The slopes are torch's own.
"""

from functools import cache

import torch
from torch import Tensor

from scatter.kernels.harmonics import DEGREES, NORMS, TRIPLES, monomials, polynomials, rows
from scatter.kernels.splines import DEGREE
from scatter.potentials.device.lists import Neighbours
from scatter.potentials.device.weights import Weights

DEGREE_OF_ROW = [degree for degree in DEGREES for _ in rows(degree)]
SCREENING = ((0.1818, 3.2), (0.5099, 0.9423), (0.2802, 0.4028), (0.02817, 0.2016))
TOUCHING = 1e-6  # Å², squared distance of two atoms that have no direction from one another


def energies(positions: Tensor, species: Tensor, near: Neighbours, w: Weights) -> Tensor:
    """Energy of each replica (eV), NaN where atoms touch or a list is too short.

    Args:
        positions: Å, double precision, shape (slot, atom, 3).
        species: of each atom, an index into the model's.
        near: at least all pairs within the cutoff.
        w: the model.
    """
    slots, atoms, _ = positions.shape
    slot = torch.arange(slots, device=positions.device)[:, None, None]
    apart = positions[slot, near.sender] - positions[:, :, None, :] + near.shift
    apart = torch.where(near.listed[..., None], apart, 2 * w.cutoff)
    square = (apart * apart).sum(dim=-1)
    r = torch.sqrt(square.clamp(min=TOUCHING))
    inside = (near.listed & (r < w.cutoff)).to(w.kind)
    n = (apart / r[..., None]).to(w.kind)
    y = torch.stack([torch.ones_like(n[..., 0]), *polynomials(*n.unbind(-1))[:-1]], dim=-1)
    own, other = species[:, None], species[near.sender]
    first = torch.arange(atoms, device=positions.device)[:, None] <= near.sender
    pair = torch.where(first, w.pair_2[own, other], w.pair_2[other, own])
    t = _radial(w.table_1, own * len(w.constant) + other, r, w) * inside[..., None, None]
    radial = _radial(w.table_2, pair, r, w) * inside[..., None, None]

    b_1 = _product(_gathered(t, y), w.product_1[species], w.cubic)
    g = b_1 @ w.up + w.up_0[species]
    m = _gathered(radial * g[slot, near.sender][..., None, :], y)
    mixed = [m[:, :, row] @ w.mix[degree] for row, degree in enumerate(DEGREE_OF_ROW)]
    b_2 = _product(torch.stack(mixed, dim=2), w.product_2[species], w.cubic)
    x = (b_1[..., None, :] @ w.hidden_1[species])[..., 0, :] + b_2 @ w.hidden_2
    x = x + w.hidden_0[species]
    of_atoms = b_1 @ w.energy_1 + torch.nn.functional.silu(x) @ w.energy_2
    total = (of_atoms.to(torch.float64) + w.constant[species]).sum(dim=-1)
    if w.repulsion[0]:
        total = total + _repulsion(own, other, r, near.listed, w)
    lost = (square < TOUCHING).any(dim=-1) | (near.count > near.sender.shape[-1])
    lost = lost.any(dim=-1) | ~positions.isfinite().all(dim=-1).all(dim=-1)
    return torch.where(lost, torch.nan, total)


def _radial(table: Tensor, pair: Tensor, r: Tensor, w: Weights) -> Tensor:
    """Radial functions of each pair, shape (slot, atom, neighbour, l, channel)."""
    place = r * w.per_step
    knot = place.detach().floor().clamp(max=w.knots - 1)
    u = (place - knot).to(w.kind)[..., None, None]
    row = pair * w.knots + knot.to(torch.int64)
    value = table[row, :, DEGREE]
    for power in reversed(range(DEGREE)):
        value = value * u + table[row, :, power]
    return value


def _gathered(weights: Tensor, y: Tensor) -> Tensor:
    """Σ over neighbours of weight_l p_lm, shape (slot, atom, row, channel)."""
    found = [(weights[..., d, :] * y[..., row, None]).sum(2) for row, d in enumerate(DEGREE_OF_ROW)]
    return torch.stack(found, dim=2)


@cache
def cubic_terms() -> list[dict[tuple[int, int, int], float]]:
    """The invariants of three features as polynomials of a_lm."""
    return [monomials(triple) for triple in TRIPLES]


def _product(a: Tensor, beta: Tensor, cubic: bool) -> Tensor:
    """B = Σ_t β_t I_t(a)."""
    row = a.unbind(dim=2)
    found = [row[0]]
    for degree in DEGREES:
        found.append(sum((float(NORMS[k] ** 2) * row[k] * row[k] for k in rows(degree)), 0 * row[0]))
    for terms in cubic_terms() if cubic else []:
        found.append(sum((f * row[i] * row[j] * row[k] for (i, j, k), f in terms.items()), 0 * row[0]))
    return sum((beta[:, t] * invariant for t, invariant in enumerate(found)), 0 * row[0])


def _repulsion(own: Tensor, other: Tensor, r: Tensor, listed: Tensor, w: Weights) -> Tensor:
    """ZBL of each replica, eV: half of it at each atom of a pair."""
    scale, prefactor, exponent, p = w.repulsion
    charge, radius = w.charges_radii[own].unbind(-1)
    charge_2, radius_2 = w.charges_radii[other].unbind(-1)
    reach = radius + radius_2
    x = r * (charge**exponent + charge_2**exponent) / (prefactor * 0.529)
    phi = sum((c * torch.exp(-k * x) for c, k in SCREENING), 0 * x)
    x = r / reach
    rest = (p + 1) * (p + 2) / 2 - x * (p * (p + 2) - x * p * (p + 1) / 2)
    value = scale * 14.3996 * charge * charge_2 / r * phi * (1 - x**p * rest)
    return 0.5 * torch.where(listed & (x < 1), value, 0.0).sum(dim=(1, 2))
