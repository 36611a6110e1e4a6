"""The leverage of a molecule's atoms in plain torch, on a device: see `scatter.ace.leverage`.

With the functions of more than one neighbour as b = C P, C the couplings and P the products, γ is
|M b|² = |(M C) P|², and M C is made once.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from scatter.ace.file import MARGIN, ORDERS, LinearAce
from scatter.ace.kernels.harmonics import norm, polynomials
from scatter.kernels.splines import polynomials_between
from scatter.potentials.device.lists import Cell, neighbours
from scatter.potentials.device.plain import Geometry, radial
from scatter.state import System

AT_ONCE = 512  # replicas


class Leverage:
    """The larger leverage γ_i = |M b_i|² of a molecule's two atoms, the last of a system.

    Nothing of it waits for the device but the first look at the neighbours of all atoms, for whom
    and a quarter more there is room; of an atom with more of them the leverage is not finite.
    """

    column = "leverage"

    def __init__(self, model: LinearAce, device: str):
        """Take a model that holds M to a device."""
        self.model, self.device, self.identity = model, device, model.sha256()

    def bind(self, system: System, slots: int) -> Callable[[Tensor], Tensor]:
        """What measures replicas of the system."""
        known = self.model.numbers.tolist()
        species = torch.tensor([known.index(z) for z in system.numbers], device=self.device)
        cell = Cell.of(system, float(self.model.cutoff.max()), self.device)
        last = [slice(atom, atom + 1) for atom in (len(system) - 2, len(system) - 1)]
        kinds = [known.index(int(z)) for z in system.alone.numbers]
        functions = {kind: Functions(self.model, kind, self.device) for kind in kinds}
        capacity = 0

        def measure(positions: Tensor) -> Tensor:
            nonlocal capacity
            if not capacity:
                some = positions[:AT_ONCE]
                capacity = int(1.25 * int(neighbours(some, cell, 1).count.max()) + 16)
            largest = []
            for part in positions.split(AT_ONCE):
                each = []
                for atom, kind in zip(last, kinds, strict=True):
                    near = neighbours(part, cell, capacity, atom)
                    geometry = Geometry.of(part, near, cell.radius, atom)
                    here = functions[kind](geometry, species[near.sender])
                    each.append(torch.where(geometry.lost, torch.nan, here))
                largest.append(torch.maximum(*each))
            return torch.cat(largest)

        return measure


class Functions:
    """|M b|² of atoms of one species."""

    def __init__(self, model: LinearAce, centre: int, device: str):
        def on_device(array: np.ndarray) -> Tensor:
            return torch.as_tensor(np.ascontiguousarray(array), device=device)

        samples = np.concatenate([model.radial[centre], model.two_body[centre]], axis=2)
        pieces = polynomials_between(samples[:, :, None], MARGIN)
        self.table, self.knots = on_device(pieces.reshape(-1, *pieces.shape[2:])), pieces.shape[1]
        self.radial, self.per_step = model.radial.shape[3], 1 / model.step
        self.square = on_device(model.cutoff[centre] ** 2)
        z, n, degree, m = model.spec.T
        self.degree = int(degree.max(initial=0))
        self.spec = [on_device(each) for each in (z, n, degree**2 + degree + m)]
        norms = [norm(k, each) for k, each in zip(degree.tolist(), m.tolist(), strict=True)]
        self.norms = on_device(np.array(norms))
        self.products = [on_device(model.products(order)) for order in ORDERS]
        self.root = on_device(_through(model, centre).T)

    def __call__(self, pairs: Geometry, other: Tensor) -> Tensor:
        """|M b|² of each atom.

        Args:
            pairs: their pairs, shape (slot, 1, neighbour).
            other: species of the neighbours.
        """
        r = radial(self.table, other, pairs.r * self.per_step, self.knots)[..., 0, :]
        r = torch.where((pairs.r**2 < self.square[other])[..., None], r, 0.0)
        unity = torch.ones_like(pairs.r)
        x, y, z = pairs.n.unbind(-1)
        p = torch.stack([unity * row for row in polynomials(x, y, z, self.degree)], dim=-1)
        of_species = [r * (other == z)[..., None] for z in range(len(self.square))]
        singles = [each[..., self.radial :].sum(dim=2) for each in of_species]
        a = torch.stack([each.transpose(-1, -2) @ p for each in of_species], dim=2)
        z, n, lm = self.spec
        a = a[:, :, z, n, lm] * self.norms
        values = [*singles, *(_multiplied(a, factors) for factors in self.products)]
        return ((torch.cat(values, dim=-1) @ self.root) ** 2).sum(dim=-1)[:, 0]


def _multiplied(a: Tensor, factors: Tensor) -> Tensor:
    first, *rest = factors.unbind(dim=1)
    products = a[:, :, first]
    for column in rest:
        products = products * a[:, :, column]
    return products


def _through(model: LinearAce, centre: int) -> np.ndarray:
    """M of the functions of one neighbour, then M C of the products."""
    root = model.leverage[centre]
    root = root[(root != 0).any(axis=1)]
    singles = len(model.numbers) * model.two_body.shape[3]
    parts = [root[:, :singles]]
    for order in ORDERS:
        function, product = getattr(model, f"coupling_{order}").T
        values = getattr(model, f"coupling_values_{order}")
        part = np.zeros((len(model.products(order)), len(root)))
        np.add.at(part, product, values[:, None] * root[:, singles + function].T)
        parts.append(part.T)
    return np.concatenate(parts, axis=1)
