"""The potential that ships: that it keeps the laws, and the physics that its card promises."""

import hashlib

import numpy as np
import pytest

from scatter.ebk import level_rows, reduced_mass
from scatter.initial.bond_curve import bond_curve
from scatter.initial.lattice import static_lattice_constant
from scatter.mace.cpu import MaceFused
from scatter.potentials.check import deviations
from scatter.potentials.families import SHIPPED

H = 1.00782503


@pytest.fixture(scope="module")
def shipped():
    return MaceFused.read(SHIPPED, "float64")


def test_the_shipped_potential_keeps_every_law_of_a_potential(shipped, hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=2)
    assert not deviations(shipped, system, positions, np.random.default_rng(1)).broken()


def test_the_shipped_potential_is_small_and_has_a_card():
    assert SHIPPED.stat().st_size < 4e6
    card = SHIPPED.with_suffix(".md").read_text()
    assert hashlib.sha256(SHIPPED.read_bytes()).hexdigest() in card


def test_the_shipped_levels_of_h2_are_those_of_the_teacher(shipped):
    # Stark et al. (2024), evaluated with the same EBK code
    teacher = {(0, 1): 0.01441, (1, 0): 0.50830, (1, 1): 0.52201}
    rows = level_rows(1, 1, bond_curve(shipped, 1, 1), reduced_mass(H, H), False)
    found = {(row["v"], row["J"]): row["spacing_eV"] for row in rows}
    for state, spacing in teacher.items():
        assert found[state] == pytest.approx(spacing, abs=2e-3)


def test_the_shipped_copper_has_the_lattice_constant_of_the_teacher(shipped):
    assert static_lattice_constant(shipped, "Cu") == pytest.approx(3.6447, abs=5e-3)
