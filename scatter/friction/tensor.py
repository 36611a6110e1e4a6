"""Friction and noise alone, for a time, where Λ is a matrix; and of tensors of torch's.

What is compiled for arrays of NumPy, with Λ of each atom, is `kernels.friction.damp`.
"""

import numpy as np

from scatter.arrays import array_namespace
from scatter.dynamics.noise import Purpose, standard_normal
from scatter.shapes import Float, Int
from scatter.state import Array


def damp_by_tensor(
    momenta: Float[np.ndarray, "slot own 3"],
    positions: Float[np.ndarray, "slot own 3"],
    masses: Float[np.ndarray, "slot own"],
    friction: Float[np.ndarray, "slot n n"],
    kT: Float[np.ndarray, " slot"],
    dt: Float[np.ndarray, " slot"],
    stream: Int[np.ndarray, "slot 3"],
    draws: Int[np.ndarray, " slot"],
    first: int,
    purpose: int,
    xi: Float[np.ndarray, "3"],
    given: Float[np.ndarray, "slot 4"],
) -> None:
    """The exact step of friction and noise alone, of the projectile of every replica, in place.

        u <- e^(-G dt) u + √kT (1 - e^(-2G dt))^½ ξ,   u = m^½ v,   G = m^-½ Λ m^-½

    By the eigenvectors of G; eigenvalues below 0, which rounding may give, count as 0. Arguments as
    those of `kernels.friction.damp`, with Λ of shape (slot, 3 own, 3 own); `xi` is not used.

    Source: Uhlenbeck & Ornstein, Phys. Rev. 36, 823 (1930).
    """
    own, roots = masses.shape[1], np.repeat(np.sqrt(masses), 3, axis=1)
    G = friction / (roots[:, :, None] * roots[:, None, :])
    known = np.isfinite(G.sum(axis=2).sum(axis=1))
    values, vectors = np.linalg.eigh(np.where(known[:, None, None], G, 0.0))
    fall = np.expm1(-np.maximum(values, 0.0) * dt[:, None])
    lost = -fall * (2 + fall)  # 1 - e^(-2g dt)
    atoms = np.arange(first, first + own)
    noise = standard_normal(stream, draws[:, None], atoms, Purpose(purpose))[:, 0]
    before, shares = momenta / masses[:, :, None], _shares(momenta, positions, masses)
    drawn = _turned(vectors, noise.reshape(roots.shape))
    u = _turned(vectors, before.reshape(roots.shape) * roots)
    change = fall * u + np.sqrt(lost * kT[:, None]) * drawn
    change[~known] = np.nan
    after = momenta + (_turned(np.swapaxes(vectors, 1, 2), change) * roots).reshape(momenta.shape)
    energy = 0.5 * (momenta**2 - after**2) / masses[:, :, None]
    given[:, 0] += _total(energy.reshape(roots.shape))
    for column, velocities in enumerate((before, *shares), 1):
        part = _turned(vectors, velocities.reshape(roots.shape) * roots)
        given[:, column] += _total(0.5 * lost * part * part)
    momenta[...] = after


def damp_by_array_code(
    momenta: Float[Array, "slot own 3"],
    positions: Float[Array, "slot own 3"],
    masses: Float[Array, "slot own"],
    friction: Float[Array, "slot own"],
    kT: Float[Array, " slot"],
    dt: Float[Array, " slot"],
    stream: Int[Array, "slot 3"],
    draws: Int[Array, " slot"],
    atoms: Int[Array, " own"],
    given: Float[Array, "slot 4"],
) -> None:
    """What `kernels.friction.damp` does, on tensors of torch's, in place.

    Arguments as there, with the indices of the projectile's atoms.
    """
    xp, m = array_namespace(momenta), masses[:, :, None]
    fall = xp.expm1(-friction / masses * dt[:, None])[:, :, None]
    lost = -fall * (2 + fall)  # 1 - c²
    noise = standard_normal(stream, draws[:, None], atoms, Purpose.FRICTION)[:, 0]
    after = momenta + (fall * momenta + xp.sqrt(lost * kT[:, None, None] * m) * noise)
    energies = [0.5 * (momenta**2 - after**2) / m]
    for velocities in (momenta / m, *_shares(momenta, positions, masses)):
        energies.append(0.5 * lost * m * velocities * velocities)
    for column, energy in enumerate(energies):
        given[:, column] += _total(energy.reshape(len(energy), -1))
    momenta[...] = after


def _shares(
    momenta: Float[Array, "slot own 3"],
    positions: Float[Array, "slot own 3"],
    masses: Float[Array, "slot own"],
) -> list[Float[Array, "slot own 3"]]:
    """Velocities of the centre of mass, and of two atoms about it along their bond."""
    xp, mass = array_namespace(masses), _total(masses)
    velocity = xp.stack([_total(momenta[:, :, k]) / mass for k in range(3)], 1)
    centre = xp.broadcast_to(velocity[:, None], momenta.shape)
    if masses.shape[1] != 2:
        return [centre]
    along = positions[:, 1] - positions[:, 0]
    apart = momenta[:, 1] / masses[:, 1:] - momenta[:, 0] / masses[:, :1]
    stretch = (_total(along * apart) / _total(along * along) / mass)[:, None] * along
    return [centre, xp.stack([-masses[:, 1:] * stretch, masses[:, :1] * stretch], 1)]


def _turned(
    vectors: Float[np.ndarray, "slot n n"], u: Float[np.ndarray, "slot n"]
) -> Float[np.ndarray, "slot n"]:
    """Σ_i V_ij u_i of each slot, in the order of i whatever the batch."""
    return sum((vectors[:, i] * u[:, i, None] for i in range(u.shape[1])), np.zeros_like(u))


def _total(values: Float[Array, "slot part"]) -> Float[Array, " slot"]:
    """Their sum in each slot, in their order whatever the batch."""
    total = values[:, 0]
    for part in range(1, values.shape[1]):
        total = total + values[:, part]
    return total
