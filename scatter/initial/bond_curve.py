"""V(r) of an isolated diatomic, from the potential of the dynamics."""

import numpy as np
from ase.data import covalent_radii

from scatter import ebk
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.state import lone

# Close enough for the levels of a stiff molecule to 1e-6 eV, far enough apart that the rounding
# of a float32 potential (1e-6 eV) hardly bends the curve.
_SPACING = 0.02
_LONGEST = 6.0  # Å
_AT_ONCE = 16  # replicas: what a calculator per slot can bear


def bond_curve(potential: Potential, first: int, second: int) -> ebk.Curve:
    """V(r) of an isolated diatomic, sampled from a potential.

    From half the sum of the covalent radii (0.31 Å for H2), within which a machine-learned V has
    never been taught anything, to 6 Å, or to where the atoms no longer feel each other. Levels
    are good to 1e-6 eV.

    Args:
        potential: that of the dynamics.
        first: atomic number of one atom.
        second: atomic number of the other.

    Raises:
        UserError: the potential does not know the elements, does not bind them, or is not finite.
    """
    shortest = 0.5 * (covalent_radii[first] + covalent_radii[second])
    longest = min(potential.cutoff, _LONGEST)
    r = np.linspace(shortest, longest, round((longest - shortest) / _SPACING) + 1)
    positions = np.zeros((len(r), 2, 3))
    positions[:, 1, 2] = r
    evaluator = potential.bind(lone(first, second), _AT_ONCE)
    energies = [
        np.asarray(evaluator.begin(np.arange(len(some)), some)[0], dtype=np.float64)
        for some in np.split(positions, range(_AT_ONCE, len(r), _AT_ONCE))
    ]
    V = np.concatenate(energies)
    if not np.isfinite(V).all():
        raise UserError(
            f"[potential]: {potential.description} gives {V[~np.isfinite(V)][0]} for two atoms "
            f"{r[~np.isfinite(V)][0]:.2f} Å apart (atomic numbers {first}, {second})"
        )
    try:
        return ebk.Curve(r, V)
    except ebk.Unbound as error:
        raise UserError(
            f"[potential]: {potential.description} does not bind the molecule with atomic numbers "
            f"{first}, {second}: {error}"
        ) from error
