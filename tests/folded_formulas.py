"""The formulas of a folded MACE for one structure, in plain NumPy: what the kernel computes."""

import numpy as np
from ase.neighborlist import neighbor_list
from scipy.interpolate import make_interp_spline

from scatter.mace.file import MARGIN
from scatter.mace.kernels.harmonics import TRIPLES, harmonics, triple_products

DEGREE = np.repeat(np.arange(4), [1, 3, 5, 7])


def invariants(a):
    """I(A): shape (atom, row, channel) in, (atom, invariant, channel) out."""
    found = [a[:, 0], *((a[:, DEGREE == degree] ** 2).sum(axis=1) for degree in range(4))]
    for triple in TRIPLES:
        products = triple_products(harmonics, triple).items()
        found.append(sum(mean * a[:, i] * a[:, j] * a[:, k] for (i, j, k), mean in products))
    return np.stack(found, axis=1)


def repulsion(model, z, other, r, reach):
    scale, prefactor, exponent, p = model.repulsion
    x = r / reach * (z**exponent + other**exponent) * reach / (prefactor * 0.529)
    terms = ((0.1818, 3.2), (0.5099, 0.9423), (0.2802, 0.4028), (0.02817, 0.2016))
    phi = sum(c * np.exp(-k * x) for c, k in terms)
    x = r / reach
    envelope = 1 - x**p * ((p + 1) * (p + 2) / 2 - x * (p * (p + 2) - x * p * (p + 1) / 2))
    return scale * 0.5 * 14.3996 * z * other / r * phi * envelope * (x < 1)


def splines(model, tables, z_i, z_j, r, table_of):
    grid = (np.arange(model.radial_2.shape[1]) - MARGIN) * model.step
    found = np.empty((len(r), 4, model.channels))
    for pair in set(zip(z_i, z_j, strict=True)):
        some = (z_i == pair[0]) & (z_j == pair[1])
        found[some] = make_interp_spline(grid, tables[table_of(pair)], k=7)(r[some])
    return found


def energy(model, atoms):
    """Energy in eV."""
    z = np.array([model.numbers.tolist().index(number) for number in atoms.numbers])
    i, j, r, apart = neighbor_list("ijdD", atoms, model.cutoff)
    y = harmonics(apart / r[:, None])

    def gathered(weights):
        a = np.zeros((len(atoms), 16, model.channels))
        np.add.at(a, i, weights[:, DEGREE] * y[:, :, None])
        return a

    t = splines(model, model.radial_1, z[i], z[j], r, lambda pair: pair)
    b_1 = (model.product_1[z] * invariants(gathered(t))).sum(axis=1)
    g = b_1 @ model.up + model.up_0[z]
    radial = splines(model, model.radial_2, z[i], z[j], r, lambda pair: model.table_2[pair])
    m = gathered(radial * g[j][:, None])
    a_2 = np.einsum("nkc,kcd->nkd", m, model.mix[DEGREE])
    b_2 = (model.product_2[z] * invariants(a_2)).sum(axis=1)
    x = np.einsum("nc,nch->nh", b_1, model.hidden_1[z]) + b_2 @ model.hidden_2 + model.hidden_0[z]
    of_atoms = model.constant[z] + b_1 @ model.energy_1 + x / (1 + np.exp(-x)) @ model.energy_2
    charge, radii = model.numbers[z].astype(float), model.radii[z]
    if not model.repulsion[0]:
        return of_atoms.sum()
    pairs = repulsion(model, charge[i], charge[j], r, radii[i] + radii[j])
    return of_atoms.sum() + pairs.sum()
