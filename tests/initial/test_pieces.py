"""Energies of fragments that fly off: closed forms, and that they sum up to what there is."""

import numpy as np
import pytest
from bonded_molecules import Bonded, water

from scatter.dynamics.fragments import Graph, flown, limits
from scatter.initial.pieces import Piece, lowest, measured, piece_of
from scatter.units import ISOTOPES, hbar

K, LENGTH = 30.0, 0.75
MASSES = np.array([ISOTOPES["H"][1], ISOTOPES["D"][1]])
STIFF = Bonded({(0, 1): (K, LENGTH, 0.0)}, {})


def hd(stretch=0.0, L=0.0, velocity=(0.0, 0.0, 0.02)):
    """HD along x with a stretch (Å), an angular momentum along z, and a velocity."""
    r = LENGTH + stretch
    x = np.array([[0.0, 0, 0], [r, 0, 0]])
    mu = MASSES.prod() / MASSES.sum()
    p = MASSES[:, None] * np.array(velocity)
    across = L / r  # of the relative momentum, along y
    p[0, 1], p[1, 1] = p[0, 1] - across, p[1, 1] + across
    return Piece((1, 1), MASSES, x, p), mu


def test_translation_rotation_and_vibration_of_a_diatomic_have_closed_forms():
    J = 3
    piece, mu = hd(L=hbar * np.sqrt(J * (J + 1)))
    row = measured(piece, STIFF, average_fs=0.0)
    assert row["gas"] == b"HD"
    assert row["gas_J"] == pytest.approx(J, abs=1e-9)
    assert row["gas_translational_eV"] == pytest.approx(0.5 * MASSES.sum() * 0.02**2)
    due = J * (J + 1) * hbar**2 / (2 * mu * LENGTH**2)
    assert row["gas_rotational_eV"] == pytest.approx(due, rel=1e-9)
    assert row["gas_vibrational_eV"] == pytest.approx(0.0, abs=1e-9)
    assert row["gas_polar_deg"] == pytest.approx(0.0, abs=1e-9)
    stretched = measured(hd(stretch=0.1)[0], STIFF, average_fs=50.0)
    assert stretched["gas_vibrational_eV"] == pytest.approx(0.5 * K * 0.1**2, abs=1e-6)
    assert stretched["gas_rotational_eV"] == pytest.approx(0.0, abs=1e-12)


def test_rotation_is_averaged_over_the_vibration():
    piece, _ = hd(stretch=0.15, L=5 * hbar)
    now, later = (measured(piece, STIFF, average_fs=t)["gas_rotational_eV"] for t in (0.0, 200.0))
    assert later > now * 1.2  # it begins where the bond is longest


def test_a_polyatomic_sums_up_and_an_atom_only_flies():
    molecule, potential = water()
    rng = np.random.default_rng(3)
    x = molecule.positions + 0.05 * rng.standard_normal((3, 3))
    p = molecule.masses[:, None] * 0.02 * rng.standard_normal((3, 3))
    # ASE's geometry of H2O has other atoms first, so the same molecule is written as H, H, O here
    order = [1, 2, 0]
    bonds = {(2, 0): potential.bonds[0, 1], (2, 1): potential.bonds[0, 2]}
    turned = Bonded(bonds, {(0, 2, 1): potential.angles[1, 0, 2]})
    piece = Piece((1, 1, 8), molecule.masses[order], x[order], p[order])
    row = measured(piece, turned, average_fs=100.0)
    kinetic = (p**2 / (2 * molecule.masses[:, None])).sum()
    inner = sum(row[f"gas_{name}_eV"] for name in ("translational", "rotational", "vibrational"))
    from scatter.state import lone

    V = turned.energies_and_forces(lone(1, 1, 8), x[order][None])[0][0]
    assert inner == pytest.approx(kinetic + V - lowest((1, 1, 8), turned), abs=1e-9)
    atom = measured(Piece((1,), MASSES[:1], np.zeros((1, 3)), np.ones((1, 3))), STIFF)
    assert {*atom} == {"gas", "gas_translational_eV", "gas_polar_deg"}


def test_a_fragment_is_put_together_across_the_border_of_the_cell():
    cell = np.diag([5.0, 5.0, 30.0])
    positions = np.array([[0.1, 0, 9], [2.0, 2, 0], [4.9 + 5, 0, 9.0]])
    piece = piece_of([0, 2], np.array([1, 29, 1]), np.ones(3), positions, positions, cell)
    assert np.linalg.norm(piece.positions[1] - piece.positions[0]) == pytest.approx(0.2)


def test_the_largest_fragment_with_an_atom_of_the_projectile_has_flown():
    """An adsorbed H, and a projectile C H: H-H is in the gas, or C H as it came."""
    symbols = ("H", "C", "H")
    lengths = np.array([np.inf, np.inf, 1.1])
    graph = Graph(np.array([7, 8, 9]), symbols, 2, *limits(symbols, lengths, {}), gas_A=5.0)
    high, up = np.array([9.0, 1.0, 9.0]), np.array([1.0, 0.0, 1.0])
    taken = np.array([False, True, False])  # pairs 0-1, 0-2, 1-2
    assert flown(graph, taken, high, up) == [7, 9]
    intact = np.array([False, False, True])
    assert flown(graph, intact, np.full(3, 9.0), np.ones(3)) == []
    assert flown(graph, ~intact & ~taken, high, up) == [9]
    assert flown(graph, taken, high, -up) == []
