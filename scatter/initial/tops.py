"""Rotation of a molecule: angular momentum in the body, and orientation in space."""

import numpy as np
from jaxtyping import Float

from scatter.initial.normal_modes import NormalModes, Top
from scatter.settings import UserError
from scatter.units import K, hbar

Vector = Float[np.ndarray, "3"]


def refuse_projection(top: Top, J: int | None, projection: int | None, name: str) -> None:
    """Raise UserError unless K may be chosen for this top, and lies between -J and J.

    Args:
        top: what kind of rotor the molecule is.
        J: rotational quantum number.
        projection: K; None where it is not chosen.
        name: of the molecule.
    """
    if projection is None:
        return
    if top != "symmetric":
        raise UserError(
            f"k = {projection}: {name} is {'an' if top == 'asymmetric' else 'a'} {top} "
            f"{'molecule' if top == 'linear' else 'top'}, and K belongs to symmetric tops; leave "
            "it out"
        )
    if J is None or abs(projection) > J:
        raise UserError(f"k = {projection} needs a j of at least {abs(projection)}, and j = {J}")


def quantised(top: Top, J: int, projection: int | None, draws: Float[np.ndarray, "2"]) -> Vector:
    """L in the body, its axis along z, with |L| = sqrt(J(J+1)) ħ.

    Of a linear molecule L is normal to the axis, and its direction there uniform; of a symmetric
    top L_z = K ħ, by default with K uniform among -J ... J; of others the direction is uniform.

    Args:
        top: what kind of rotor it is.
        J: rotational quantum number.
        projection: K; None where it is not chosen.
        draws: uniform in [0, 1).
    """
    length, turn = hbar * float(np.sqrt(J * (J + 1))), 2 * np.pi * float(draws[1])
    if top == "symmetric":
        drawn = int(draws[0] * (2 * J + 1)) - J if projection is None else projection
        along = hbar * drawn
    else:
        along = 0.0 if top == "linear" else length * (2 * float(draws[0]) - 1)
    across = float(np.sqrt(max(0.0, length * length - along * along)))
    return np.array([across * np.cos(turn), across * np.sin(turn), along])


def thermal(modes: NormalModes, kelvin: float, normal: Vector) -> Vector:
    """L in the principal axes at a temperature: components of variance I kT.

    Args:
        modes: of the molecule, with its moments at rest.
        kelvin: rotational temperature, K.
        normal: three standard normal numbers.
    """
    return np.sqrt(modes.moments * kelvin * K) * normal


def rotation(draws: Vector) -> Float[np.ndarray, "3 3"]:
    """A rotation, uniform on SO(3), of three numbers uniform in [0, 1).

    Source: Shoemake, in Graphics Gems III (1992), p. 124.
    """
    u, first, second = float(draws[0]), 2 * np.pi * float(draws[1]), 2 * np.pi * float(draws[2])
    a, b = np.sqrt(1 - u), np.sqrt(u)
    x, y, z, w = a * np.sin(first), a * np.cos(first), b * np.sin(second), b * np.cos(second)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
