"""The formulas of a linear ACE for one structure, in plain NumPy: what the kernel computes."""

from math import comb, factorial, sqrt

import numpy as np
from ase.neighborlist import neighbor_list
from scipy.interpolate import make_interp_spline

from scatter.ace.file import ORDERS


def harmonic(degree, m, d):
    """Y_lm of the directions of d, shape (pair, 3), and its gradient by d.

    The solid harmonic P(d) = |d|^l Y_lm is N Re (x + iy)^|m| (or Im) Σ_k γ_k |d|^2k z^(l-2k-|m|).
    """
    (x, y, z), k_m = d.T, abs(m)
    square = (d**2).sum(axis=1)
    r = np.sqrt(square)
    norm = sqrt((2 * degree + 1) * (2 if m else 1) * factorial(degree - k_m))
    norm /= sqrt(factorial(degree + k_m))
    part = np.real if m >= 0 else np.imag
    plane = part((x + 1j * y) ** k_m)
    slope = k_m * (x + 1j * y) ** max(k_m - 1, 0)
    along, by_z, by_square = (np.zeros(len(d)) for _ in range(3))
    for k in range((degree - k_m) // 2 + 1):
        gamma = (-1) ** k * comb(degree, k) * comb(2 * degree - 2 * k, degree) / 2**degree
        e = degree - 2 * k - k_m
        gamma *= factorial(degree - 2 * k) / factorial(e)
        along += gamma * square**k * z**e
        by_z += gamma * square**k * e * z ** max(e - 1, 0)
        by_square += gamma * k * square ** max(k - 1, 0) * z**e
    solid = norm * plane * along
    gradient = norm * np.stack([part(slope) * along, part(1j * slope) * along, plane * by_z], 1)
    gradient += norm * 2 * d * (plane * by_square)[:, None]
    return solid / r**degree, gradient / r[:, None] ** degree - (
        degree * solid[:, None] * d / r[:, None] ** (degree + 2)
    )


def tables(model, table, z_i, z_j, r):
    """Values and slopes of tables of pairs at the distances r: shape (pair, ...)."""
    values = np.zeros((len(r), *table.shape[3:]))
    slopes = np.zeros_like(values)
    for i, j in set(zip(z_i.tolist(), z_j.tolist(), strict=True)):
        some = (z_i == i) & (z_j == j) & (r < model.cutoff[i, j])
        spline = make_interp_spline(model.grid, table[i, j], k=5)
        values[some], slopes[some] = spline(r[some]), spline.derivative()(r[some])
    return values, slopes


def site_energies(model, z, a):
    """Energies of products (eV) of each atom, and their slopes by A, shape (atom, factor)."""
    energies, by_a = np.zeros(len(z)), np.zeros_like(a)
    for order in ORDERS:
        products, c = model.products(order), model.coefficients(order)[z]
        factors = a[:, products]  # shape (atom, product, order)
        energies += (c * factors.prod(axis=2)).sum(axis=1)
        for k in range(order):
            others = np.delete(factors, k, axis=2).prod(axis=2)
            for atom in range(len(z)):
                np.add.at(by_a[atom], products[:, k], (c * others)[atom])
    return energies, by_a


def energy_and_forces(model, atoms):
    """Energy (eV) and forces (eV/Å), shape (atom, 3)."""
    z = np.array([model.numbers.tolist().index(number) for number in atoms.numbers])
    i, j, r, d = neighbor_list("ijdD", atoms, float(model.cutoff.max()))
    phi, phi_slope = tables(model, model.pair, z[i], z[j], r)
    radial, radial_slope = tables(model, model.radial, z[i], z[j], r)
    unit = d / r[:, None]
    values, gradients = [], []  # of each factor on each pair
    for species, n, degree, m in model.spec:
        y, y_gradient = harmonic(degree, m, d)
        mine = z[j] == species
        values.append(mine * radial[:, n] * y)
        slope = (mine * radial_slope[:, n] * y)[:, None] * unit
        gradients.append(slope + (mine * radial[:, n])[:, None] * y_gradient)
    a = np.zeros((len(atoms), len(model.spec)))
    np.add.at(a, i, np.array(values).T)
    energies, by_a = site_energies(model, z, a)
    pull = phi_slope[:, None] * unit + np.einsum("pa,apx->px", by_a[i], np.array(gradients))
    forces = np.zeros((len(atoms), 3))
    np.add.at(forces, i, pull)
    np.add.at(forces, j, -pull)
    return (model.constant[z] + energies).sum() + phi.sum(), forces
