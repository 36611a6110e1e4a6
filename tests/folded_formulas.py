"""The formulas of a folded MACE for one structure, in plain NumPy: what the kernel computes."""

import numpy as np
from ase.neighborlist import neighbor_list
from scipy.interpolate import make_interp_spline

from scatter.mace.file import MARGIN, DensityMace, VectorMace
from scatter.mace.kernels.couplings import PATHS, VECTORS, coupling, degree_of
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


def covariant(tree, a):
    """What a tree couples: shape (atom, row, channel) in, (atom, component, channel) out."""
    if isinstance(tree, int):
        return a[:, DEGREE == tree]
    one, other, degree = tree
    table = coupling(harmonics, (degree_of(one), degree_of(other), degree))
    return np.einsum("ijk,nic,njc->nkc", table, covariant(one, a), covariant(other, a))


def splines(model, tables, z_i, z_j, r, table_of):
    grid = (np.arange(model.radial_2.shape[1]) - MARGIN) * model.step
    found = np.empty((len(r), *tables.shape[tables.ndim - 2 :]))
    for pair in set(zip(z_i, z_j, strict=True)):
        some = (z_i == pair[0]) & (z_j == pair[1])
        found[some] = make_interp_spline(grid, tables[table_of(pair)], k=7)(r[some])
    return found


class Edges:
    """Both directions of every pair, and the sums over those into each atom."""

    def __init__(self, model, atoms):
        self.model, self.atoms = model, len(atoms)
        self.z = np.array([model.numbers.tolist().index(number) for number in atoms.numbers])
        self.i, self.j, self.r, apart = neighbor_list("ijdD", atoms, model.cutoff)
        self.y = harmonics(apart / self.r[:, None])

    def radial(self, tables, table_of):
        z = self.z
        return splines(self.model, tables, z[self.i], z[self.j], self.r, table_of)

    def pair_table(self, pair):
        return self.model.table_2[pair]

    def gathered(self, values):
        total = np.zeros((self.atoms, *values.shape[1:]))
        np.add.at(total, self.i, values)
        return total

    def share(self, layer):
        """1 / (1 + D) of every atom."""
        if not isinstance(self.model, DensityMace):
            return 1.0
        tables = (self.model.density_1, self.model.density_2)[layer][..., None, None]
        density = self.gathered(self.radial(tables, self.pair_table))
        return 1 / (1 + density)


def features_2(model, edges, a, g):
    """Features of layer 2, from those of layer 1 and the scalars that atoms send."""
    radial = edges.radial(model.radial_2, edges.pair_table)
    if not isinstance(model, VectorMace):
        weights = radial * g[edges.j][:, None]
        m = edges.gathered(weights[:, DEGREE] * edges.y[:, :, None])
        return np.einsum("nkc,kcd->nkd", m, model.mix[DEGREE])
    made = np.stack([covariant(tree, a) for tree in VECTORS], axis=1)
    vectors = np.einsum("ntc,ntkc->nkc", model.product_v[edges.z], made) @ model.up_v
    sent = {0: g[:, None], 1: vectors}
    a_2 = np.zeros((edges.atoms, 16, model.channels))
    for n, path in enumerate(PATHS):
        table, y = coupling(harmonics, path), edges.y[:, DEGREE == path[1]]
        m = np.einsum("ijk,pic,pj->pkc", table, sent[path[0]][edges.j], y) * radial[:, n, None]
        a_2[:, DEGREE == path[2]] += edges.gathered(m) @ model.mix[n]
    return a_2


def energy(model, atoms):
    """Energy in eV."""
    edges = Edges(model, atoms)
    z, i, j, r = edges.z, edges.i, edges.j, edges.r
    t = edges.radial(model.radial_1, lambda pair: pair)
    a = edges.gathered(t[:, DEGREE] * edges.y[:, :, None]) * edges.share(0)
    b_1 = (model.product_1[z] * invariants(a)).sum(axis=1)
    g = b_1 @ model.up + model.up_0[z]
    a_2 = features_2(model, edges, a, g) * edges.share(1)
    b_2 = (model.product_2[z] * invariants(a_2)).sum(axis=1)
    x = np.einsum("nc,nch->nh", b_1, model.hidden_1[z]) + b_2 @ model.hidden_2 + model.hidden_0[z]
    of_atoms = model.constant[z] + b_1 @ model.energy_1 + x / (1 + np.exp(-x)) @ model.energy_2
    charge, radii = model.numbers[z].astype(float), model.radii[z]
    if not model.repulsion[0]:
        return of_atoms.sum()
    pairs = repulsion(model, charge[i], charge[j], r, radii[i] + radii[j])
    return of_atoms.sum() + pairs.sum()
