"""Friction and noise on the atoms of a projectile, in compiled loops.

Random numbers are those of `dynamics.noise`, word by word: Philox4x32-10 of the same counters and
keys.
"""

from math import cos, expm1, log, pi, sin, sqrt

import numpy as np
from numba import njit

MASK = np.uint64(2**32 - 1)
HIGH = np.uint64(32)
FIRST, SECOND = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
STEP, OTHER = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@njit(cache=True)
def words(a, b, c, d, key, other):
    """Philox4x32-10: four words of 32 bits of a counter (a, b, c, d) and a key of two."""
    for _ in range(10):
        one, two = FIRST * a, SECOND * c
        a, b, c, d = (two >> HIGH) ^ b ^ key, two & MASK, (one >> HIGH) ^ d ^ other, one & MASK
        key, other = (key + STEP) & MASK, (other + OTHER) & MASK
    return a, b, c, d


@njit(cache=True)
def normal(stream, draw, atom, purpose, xi):
    """Write three standard normal numbers; see `dynamics.noise.standard_normal`."""
    a, b, c, d = words(
        np.uint64(draw),
        np.uint64(atom),
        np.uint64(purpose),
        np.uint64(stream[2]),
        np.uint64(stream[0]),
        np.uint64(stream[1]),
    )
    radius, angle = sqrt(-2.0 * log((a + 0.5) / 4294967296.0)), 2 * pi * (b + 0.5) / 4294967296.0
    xi[0], xi[1] = radius * cos(angle), radius * sin(angle)
    xi[2] = sqrt(-2.0 * log((c + 0.5) / 4294967296.0)) * cos(2 * pi * (d + 0.5) / 4294967296.0)


@njit(cache=True)
def gas_friction(density, bohr3, knots, pieces, end, eta):
    """Write η by r_s = (3 / 4πn)^(1/3): a cubic spline, constant before it and 0 from its end on.

    Args:
        density: n of each atom, 1/Å³.
        bohr3: a₀³, Å³.
        knots: r_s of the spline, a₀.
        pieces: its coefficients, highest power first, shape (4, piece).
        end: r_s from which on there is none.
        eta: written; NaN where the density is.
    """
    for k in range(len(density)):
        n = density[k]
        if n <= 0.0:
            eta[k] = 0.0
            continue
        r_s = (3 / (4 * pi * n * bohr3)) ** (1 / 3)
        if r_s >= end:
            eta[k] = 0.0
            continue
        r_s, piece = max(r_s, knots[0]), 0
        while piece < len(knots) - 2 and r_s >= knots[piece + 1]:
            piece += 1
        x = r_s - knots[piece]
        c = pieces[:, piece]
        value = ((c[0] * x + c[1]) * x + c[2]) * x + c[3]
        eta[k] = max(value, 0.0) if n == n else n


@njit(cache=True)
def _stretch(x, p, m):
    """Rate of the bond of two atoms, over its length, over their mass; 0 for other numbers."""
    if len(m) != 2:
        return 0.0
    square, rate = 0.0, 0.0
    for k in range(3):
        along = x[1, k] - x[0, k]
        square += along * along
        rate += along * (p[1, k] / m[1] - p[0, k] / m[0])
    return rate / square / (m[0] + m[1])


@njit(cache=True)
def _damp_one(p, x, m, friction, kT, dt, stream, draw, first, purpose, xi, given):
    """Friction and noise on one replica, and what they have taken; see `damp`."""
    own, mass, stretch = len(m), m.sum(), _stretch(x, p, m)
    momentum = np.zeros(3)
    for a in range(own):
        for k in range(3):
            momentum[k] += p[a, k]
    for a in range(own):
        fall = expm1(-friction[a] / m[a] * dt)
        lost = -fall * (2 + fall)  # 1 - c²
        loss, strength = 0.5 * lost * m[a], sqrt(lost * kT * m[a])
        lever = -m[1] if a == 0 else m[0]
        normal(stream, draw, first + a, purpose, xi)
        for k in range(3):
            before = p[a, k]
            p[a, k] = before + fall * before + strength * xi[k]
            along = lever * stretch * (x[own - 1, k] - x[0, k])
            given[0] += 0.5 * (before * before - p[a, k] * p[a, k]) / m[a]
            given[1] += loss * (before / m[a]) ** 2
            given[2] += loss * (momentum[k] / mass) ** 2
            given[3] += loss * along * along


@njit(cache=True)
def damp(momenta, positions, masses, friction, kT, dt, stream, draws, first, purpose, xi, given):
    """The exact step of friction and noise alone, of the last atoms of every replica, in place.

    p <- c p + √((1 - c²) m kT) ξ,   c = e^(-η dt / m).  What feels no friction is not touched.

    Args:
        momenta: of the projectile, shape (slot, own, 3).
        positions: of it.
        masses: of it, shape (slot, own).
        friction: η, shape (slot, own).
        kT: eV, shape (slot,).
        dt: shape (slot,).
        stream: of each trajectory, shape (slot, 3).
        draws: which of a trajectory's draws this is, shape (slot,).
        first: index of the projectile's first atom in the system.
        purpose: of the random numbers.
        xi: room for three numbers.
        given: energies are added: given in all, dissipated, of the centre, of the bond; eV, shape
            (slot, 4).
    """
    for slot in range(len(momenta)):
        if dt[slot] != 0.0 and (friction[slot] != 0.0).any():
            _damp_one(
                momenta[slot],
                positions[slot],
                masses[slot],
                friction[slot],
                kT[slot],
                dt[slot],
                stream[slot],
                draws[slot],
                first,
                purpose,
                xi,
                given[slot],
            )
