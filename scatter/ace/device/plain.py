"""The formulas of a linear ACE for many replicas, in plain torch: what the fused kernels compute.

The symbols are those of `docs/theory_ace.md`; every array of pairs has a place for each neighbour
that an atom may have. Products are those of the file. The slopes are torch's own. All numbers are
in double precision; with single precision asked for, tables have fewer knots.
"""

import torch
from torch import Tensor

from scatter.ace.device.weights import AceTensors
from scatter.ace.kernels.harmonics import polynomials
from scatter.potentials.device.lists import Neighbours
from scatter.potentials.device.plain import Geometry, Plain, radial

KEPT = 4  # copies of an array that live at once, about


class PlainAce(Plain):
    """The formulas of a linear ACE bound to a system."""

    weights: AceTensors

    def energies(self, positions: Tensor, near: Neighbours) -> Tensor:
        """Energy of each replica (eV), NaN where atoms touch or a list is too short."""
        species, w = self.species, self.weights
        pairs = Geometry.of(positions, near, w.cutoff)
        kinds = species[:, None] * len(w.constant) + species[near.sender]
        inside = near.listed & (pairs.r**2 < w.square.flatten()[kinds])
        r = radial(w.table, kinds, pairs.r * w.per_step, w.knots)[..., 0, :]
        r = torch.where(inside[..., None], r, 0.0)
        phi = r[..., w.layout.columns - 1].sum(dim=-1)
        unity = torch.ones_like(r[..., 0])
        x, y, z = pairs.n.unbind(-1)
        p = torch.stack([unity * row for row in polynomials(x, y, z, w.layout.degree)], dim=-1)
        a = [
            (r * (species[near.sender] == z)[..., None]).transpose(-1, -2) @ p
            for z in range(len(w.constant))
        ]
        of_atoms = phi + _products(torch.stack(a, dim=2), species, w)
        return torch.where(pairs.lost, torch.nan, (of_atoms + w.constant[species]).sum(dim=-1))

    def per_atom(self) -> int:
        """Bytes that the formulas take for an atom, about, given the capacity of its list."""
        w = self.weights
        pairs = self.capacity * (6 * w.columns + w.rows) * w.table.element_size()
        return KEPT * (pairs + 8 * sum(factors.numel() for factors in w.products.factors))


def _products(a: Tensor, species: Tensor, w: AceTensors) -> Tensor:
    """Σ_p c_p Π A of each atom.

    Args:
        a: Σ R_n p_lm, shape (slot, atom, species, n, lm).
        species: of each atom.
        w: the model.
    """
    z, n, lm = w.products.spec.unbind(dim=1)
    a = a[:, :, z, n, lm] * w.products.norms
    total = a.new_zeros(a.shape[:2])
    for factors, c in zip(w.products.factors, w.products.coefficients, strict=True):
        product = c[species]
        for column in factors.unbind(dim=1):
            product = product * a[:, :, column]
        total = total + product.sum(dim=-1)
    return total
