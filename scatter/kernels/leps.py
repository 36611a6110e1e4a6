"""The analytic H2/Cu potential: Finnis-Sinclair copper, an embedded LEPS for the molecule.

    E = 1/2 Σ_ij V(r_ij) - Σ_i sqrt(Σ_j φ(r_ij)) + U(r_HH, n_1, n_2) + C Σ_h Σ_Cu g(r_h,Cu)²
    U = Q_r + Q_1 + Q_2 - sqrt(J_r² + (J_1 + J_2)² - J_r (J_1 + J_2)),   n_h = Σ_Cu g(r_h,Cu)

with Coulomb and exchange parts Q, J of a Morse bond, X = exp(-a (r - r_e)) for H-H, X = n for
H-surface; the repulsion C tells hollow, bridge and top sites apart:

    Q = D/4(1+S) [(3+S) X² - (2+6S) X],   J = D/4(1+S) [(1+3S) X² - (6+2S) X]

Pairs are gathered into arrays of their own first, so that the arithmetic on them is vectorised.
Sources: Ackland et al., Philos. Mag. A 56, 735 (1987), for copper; McCreery & Wolken, J. Chem.
Phys. 63, 2340 (1975), for LEPS on a surface; Lee & DePristo, J. Chem. Phys. 87, 1401 (1987), for
moving surface atoms.
"""

from math import exp, sqrt

import numpy as np
from numba import njit, prange


@njit(cache=True)
def knots(r, heights, radii, value, slope):
    """Σ_k h_k (R_k - r)³ over the knots with R_k > r, and its derivative, of every pair."""
    value[:] = 0.0
    slope[:] = 0.0
    for k in range(len(radii)):
        height, radius = heights[k], radii[k]
        for pair in range(len(r)):
            d = max(radius - r[pair], 0.0)
            value[pair] += height * d * d * d
            slope[pair] -= 3.0 * height * d * d


@njit(cache=True)
def density(r, decay, contact, cutoff):
    """g(r) = exp(-β (r - r_0)) (1 - r²/r_c²)³ of one copper atom at a hydrogen, and dg/dr."""
    rest = 1.0 - (r / cutoff) ** 2
    e = exp(-decay * (r - contact)) * rest * rest
    return e * rest, -e * (decay * rest + 6.0 * r / cutoff**2)


@njit(cache=True)
def morse_parts(x, depth, sato):
    """Coulomb and exchange parts Q and J of a bond with X = x, and their derivatives by X."""
    f = depth / (4.0 * (1.0 + sato))
    q2, q1 = f * (3.0 + sato), f * (2.0 + 6.0 * sato)
    j2, j1 = f * (1.0 + 3.0 * sato), f * (6.0 + 2.0 * sato)
    return q2 * x * x - q1 * x, 2.0 * q2 * x - q1, j2 * x * x - j1 * x, 2.0 * j2 * x - j1


@njit(cache=True)
def molecule(r, n1, n2, p):
    """U(r, n_1, n_2) in eV and its three derivatives; `p` is explained in `evaluate`."""
    x = exp(-p[1] * (r - p[2]))
    qr, dqr, jr, djr = morse_parts(x, p[0], p[3])
    q1, dq1, j1, dj1 = morse_parts(n1, p[4], p[5])
    q2, dq2, j2, dj2 = morse_parts(n2, p[4], p[5])
    j = j1 + j2
    root = sqrt(max(jr * jr + j * j - jr * j, 1e-300))
    by_jr = (2.0 * jr - j) / (2.0 * root)
    by_j = (2.0 * j - jr) / (2.0 * root)
    energy = qr + q1 + q2 - root
    by_r = -p[1] * x * (dqr - by_jr * djr)
    return energy, by_r, dq1 - by_j * dj1, dq2 - by_j * dj2


@njit(cache=True)
def _push(forces, i, j, x, y, z, f):
    """Add the force -f (x, y, z) on atom j, and its opposite on atom i."""
    forces[i, 0] += f * x
    forces[i, 1] += f * y
    forces[i, 2] += f * z
    forces[j, 0] -= f * x
    forces[j, 1] -= f * y
    forces[j, 2] -= f * z


@njit(cache=True)
def _gather(positions, first, second, shift, cutoff, i, j, d):
    """Pairs within the cutoff: atoms i, j, vector d[0:3] and distance d[3]; their number."""
    count = 0
    for pair in range(len(first)):
        a, b = first[pair], second[pair]
        x = positions[b, 0] - positions[a, 0] + shift[pair, 0]
        y = positions[b, 1] - positions[a, 1] + shift[pair, 1]
        z = positions[b, 2] - positions[a, 2] + shift[pair, 2]
        square = x * x + y * y + z * z
        i[count], j[count] = a, b
        d[0, count], d[1, count], d[2, count], d[3, count] = x, y, z, square
        count += square < cutoff * cutoff
    for pair in range(count):
        d[3, pair] = sqrt(d[3, pair])
    return count


@njit(cache=True)
def _hydrogen_pairs(r, i, j, hydrogen, p, values):
    """Rows V, V', φ, φ' become C g², its slope, g, g' for H with Cu, and 0 for H with H."""
    for pair in range(len(r)):
        if hydrogen[i[pair]] and hydrogen[j[pair]]:
            values[:, pair] = 0.0
        elif hydrogen[i[pair]] or hydrogen[j[pair]]:
            g, slope = density(r[pair], p[6], p[7], p[8])
            values[0, pair], values[1, pair] = p[9] * g * g, 2.0 * p[9] * g * slope
            values[2, pair], values[3, pair] = g, slope


@njit(cache=True)
def _bond(positions, first, second, rho, p, by_rho, forces):
    """U of the molecule; its force along the bond is added, its slopes by n are written."""
    x = positions[second, 0] - positions[first, 0]
    y = positions[second, 1] - positions[first, 1]
    z = positions[second, 2] - positions[first, 2]
    r = sqrt(x * x + y * y + z * z)
    energy, by_r, by_rho[first], by_rho[second] = molecule(r, rho[first], rho[second], p)
    _push(forces, first, second, x, y, z, by_r / r)
    return energy


@njit(cache=True)
def _embedding(positions, hydrogen, rho, p, by_rho, forces):
    """-Σ sqrt(ρ) of the copper and U of the molecule; writes the slopes by ρ and by n."""
    energy = 0.0
    first = second = -1
    for i in range(len(rho)):
        if hydrogen[i]:
            first, second = second, i
        elif rho[i] > 0.0:
            root = sqrt(rho[i])
            energy -= root
            by_rho[i] = -0.5 / root
    if second >= 0:
        energy += _bond(positions, first, second, rho, p, by_rho, forces)
    return energy


@njit(cache=True)
def _replica(positions, hydrogen, first, second, shift, metal, p, forces):
    """Energy of one replica; its forces are added to `forces`."""
    size = len(first)
    i, j = np.empty(size + 1, np.int32), np.empty(size + 1, np.int32)
    d, values = np.empty((4, size + 1)), np.empty((4, size + 1))
    n = _gather(positions, first, second, shift, p[8], i, j, d)
    r = d[3, :n]
    knots(r, metal[0], metal[1], values[0, :n], values[1, :n])
    knots(r, metal[2], metal[3], values[2, :n], values[3, :n])
    _hydrogen_pairs(r, i, j, hydrogen, p, values)
    rho, by_rho = np.zeros(len(positions)), np.zeros(len(positions))
    energy = 0.0
    for pair in range(n):
        energy += values[0, pair]
        # of an H-Cu pair the hydrogen alone feels the density
        rho[i[pair]] += values[2, pair] * (hydrogen[i[pair]] or not hydrogen[j[pair]])
        rho[j[pair]] += values[2, pair] * (hydrogen[j[pair]] or not hydrogen[i[pair]])
    energy += _embedding(positions, hydrogen, rho, p, by_rho, forces)
    for pair in range(n):
        a, b = i[pair], j[pair]
        outer = by_rho[a] * (hydrogen[a] or not hydrogen[b])
        outer += by_rho[b] * (hydrogen[b] or not hydrogen[a])
        f = (values[1, pair] + outer * values[3, pair]) / r[pair]
        _push(forces, a, b, d[0, pair], d[1, pair], d[2, pair], f)
    return energy


@njit(cache=True, parallel=True)
def evaluate(positions, hydrogen, moving, first, second, shift, counts, metal, p):
    """Energies and forces of a batch on the analytic H2/Cu potential.

    Args:
        positions: Å, shape (slot, atom, 3).
        hydrogen: True for hydrogen, False for copper; two hydrogens or none, shape (atom,).
        moving: False for atoms whose force is set to zero, shape (atom,).
        first: half pair lists of every slot, as `second`, `shift` and `counts`.
        second: see `first`.
        shift: see `first`.
        counts: see `first`.
        metal: heights and falling radii (Å) of the knots of V, then those of φ.
        p: D, a, r_e, S of H-H; D, S of H-surface; β, r_0, r_c of the density; C (eV, Å).

    Returns:
        Energies in eV, shape (slot,), and forces in eV/Å, shape (slot, atom, 3).
    """
    energies = np.empty(len(positions))
    forces = np.zeros(positions.shape)
    for slot in prange(len(positions)):
        n = counts[slot]
        energies[slot] = _replica(
            positions[slot],
            hydrogen,
            first[slot, :n],
            second[slot, :n],
            shift[slot, :n],
            metal,
            p,
            forces[slot],
        )
        for i in range(len(moving)):
            if not moving[i]:
                forces[slot, i] = 0.0
    return energies, forces
