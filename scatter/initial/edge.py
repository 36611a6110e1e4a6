"""The edge of a slab: which of its atoms are in a bath, and how strong their friction is."""

from math import pi, sqrt

import numpy as np
from jaxtyping import Float, Int

from scatter.dynamics.baths import Edge
from scatter.dynamics.stop import Dynamics
from scatter.initial.outermost import lowest_layers
from scatter.initial.slab import slab_masses
from scatter.initial.snapshots import Snapshots
from scatter.potentials.base import Potential
from scatter.potentials.evaluate import energies_and_forces
from scatter.settings import UserError
from scatter.state import System
from scatter.units import K, fs

MOST = 64  # snapshots whose forces are asked for; with 9 atoms ω_D is then good to 2 %
DIGITS = 4  # of an automatic friction, which can so be written into an input


def edge_atoms(
    dynamics: Dynamics, system: System, ideal: Float[np.ndarray, "atom 3"]
) -> Int[np.ndarray, " edge"]:
    """Indices of the atoms that `[dynamics]` puts into a bath; none where there is no bath.

    They are those of the lowest layers of the substrate (`lowest_layers`) that move; adsorbates
    are never among them.

    Args:
        dynamics: the table.
        system: the slab.
        ideal: where its atoms stand, Å.

    Raises:
        UserError: no layer that moves would be left outside of the bath.
    """
    if dynamics.bath == "none":
        return np.zeros(0, np.int64)
    substrate, wanted = np.delete(np.arange(len(system)), system.adsorbates), dynamics.bath_layers
    layers = lowest_layers(ideal[substrate], system.cell, len(substrate))
    moving = [substrate[layer][system.moving[substrate[layer]]] for layer in layers]
    moving = [layer for layer in moving if len(layer)]
    if wanted >= len(moving):
        raise UserError(
            f'[dynamics] bath = "bottom", bath_layers = {wanted}: {len(moving)} of the slab\'s '
            f"{len(layers)} layers move, and one of these must be left outside of the bath; freeze "
            "fewer ([surface] frozen_layers), take a thicker slab or fewer layers, or leave the "
            "bath out"
        )
    return np.sort(np.concatenate(moving[:wanted]))


def edge_of(
    dynamics: Dynamics,
    potential: Potential,
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    snapshots: Snapshots,
    T_K: float,
) -> Edge | None:
    """The edge with its friction; None where there is no bath.

    An automatic friction is that of a Debye solid which absorbs what runs into its end,
    γ = (π/6) ω_D, the same for all atoms.

    Args:
        dynamics: the table.
        potential: that the slab was thermalised on.
        system: the slab.
        ideal: where its atoms stand, Å.
        snapshots: of it, which must not depend on the length of a campaign.
        T_K: temperature of the slab, and so of the bath, K.

    Raises:
        UserError: an automatic friction is asked for at 0 K.
    Source: Adelman & Garrison, J. Chem. Phys. 65, 3751 (1976); Tully, J. Chem. Phys. 73, 1975
        (1980).
    """
    atoms = edge_atoms(dynamics, system, ideal)
    if not len(atoms):
        return None
    per_fs = dynamics.bath_per_fs
    if isinstance(per_fs, str) and T_K == 0:
        raise UserError(
            f'[dynamics] bath_per_fs = "{per_fs}": is measured on the forces of a thermal slab, '
            "and one at temperature_K = 0 is none; give a number (copper's is 0.023)"
        )
    if isinstance(per_fs, str):
        some = np.unique(np.linspace(0, len(snapshots) - 1, MOST).astype(int))
        _, forces = energies_and_forces(potential, system, snapshots.positions[some])
        omega = debye_frequency(forces[:, atoms], slab_masses(system)[atoms], T_K * K)
        per_fs = float(f"{pi / 6 * omega * fs:.{DIGITS}g}")
    return Edge(atoms, np.full(len(atoms), float(per_fs)), T_K)


def debye_frequency(
    forces: Float[np.ndarray, "snapshot atom 3"], masses: Float[np.ndarray, " atom"], kT: float
) -> float:
    """The Debye frequency ω_D of atoms, of the forces on them in thermal equilibrium.

        <ω²> = <F²> / 3 m kT,   ω_D² = (5/3) <ω²>

    The first, the second moment of the spectrum of an atom's velocity, is exact for any classical
    solid in equilibrium, since <F²> = kT <∇²V>; the second is that of a Debye spectrum, 3ω²/ω_D³.

    Args:
        forces: on the atoms in each snapshot, eV/Å.
        masses: of the atoms, amu.
        kT: eV.
    """
    squares = (forces**2).sum(axis=2).mean(axis=0) / (3 * masses * kT)
    return sqrt(5 / 3 * squares.mean())


def in_words(edge: Edge) -> str:
    """The edge in words."""
    return (
        f"{len(edge.atoms)} atoms of the lowest moving layers are in a bath at {edge.T_K:g} K, "
        f"with a friction of {edge.per_fs[0]:.{DIGITS}g} per fs"
    )
