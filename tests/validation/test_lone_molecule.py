from dataclasses import replace

import numpy as np
import pytest
from bonded_molecules import Bonded, water

from scatter.potentials.analytic import BOND, DEPTH, WX, Analytic, W
from scatter.settings import UserError
from scatter.validation.molecule import lone_molecule, vibrations
from scatter.validation.properties import Comparison, barriers, molecule


def term(v, scale=1.0):
    """Level (v, 0) of the Morse curve; ω goes with 1/sqrt(μ), ωx with 1/μ."""
    return W * scale * (v + 0.5) - WX * scale**2 * (v + 0.5) ** 2


@pytest.mark.parametrize(("formula", "scale"), [("H2", 1.0), ("D2", 0.70738)])
def test_levels_of_a_morse_molecule_are_exact(formula, scale):
    found = lone_molecule(Analytic(), formula)
    assert found.curve.r_e == pytest.approx(BOND, abs=1e-6)
    assert found.curve.minimum == pytest.approx(-DEPTH, abs=1e-6)
    assert found.ground == pytest.approx(term(0, scale), abs=3e-6)
    for v in (1, 2):
        exact = term(v, scale) - term(0, scale)
        assert found.spacings[v, 0] == pytest.approx(exact, abs=1e-5)
    assert 0 < found.spacings[0, 1] < found.spacings[1, 1] - found.spacings[1, 0] + 0.002


def test_another_mass_is_another_molecule():
    heavy = lone_molecule(Analytic(), "H2", {"H": 2.01410177784})
    assert heavy.ground == pytest.approx(lone_molecule(Analytic(), "D2").ground, abs=1e-12)


def test_a_potential_beside_itself_differs_in_no_row():
    found = lone_molecule(Analytic())
    rows = found.rows(found)
    assert [row.quantity for row in rows][:3] == [
        "bond length of H2",
        "energy of H2 at rest",
        "zero-point energy of H2",
    ]
    assert len(rows) == 8
    assert not any(row.difference for row in rows)


def test_a_level_that_one_of_two_does_not_hold_is_nan_there():
    found = lone_molecule(Analytic())
    shallow = type(found)("H2", found.curve, found.ground, {(0, 0): 0.0, (0, 1): 0.014})
    row = found.rows(shallow)[-1]
    assert row.potential == found.spacings[2, 1]
    assert np.isnan(row.reference)
    assert np.isnan(row.difference)


@pytest.mark.parametrize(("formula", "said"), [("H3", "not a diatomic"), ("N2", "does not know N")])
def test_what_is_no_molecule_of_the_potential_is_refused(formula, said):
    with pytest.raises(UserError, match=said):
        lone_molecule(Analytic(), formula)


def test_modes_of_a_polyatomic_stand_beside_those_of_a_reference():
    soft = water(steepness=0.0)[1]
    stiff = Bonded(
        {pair: (4 * k, r, a) for pair, (k, r, a) in soft.bonds.items()},
        {angle: (4 * k, c) for angle, (k, c) in soft.angles.items()},
    )
    ours, theirs = (vibrations(each, "OHH") for each in (stiff, soft))
    rows = {row.quantity: row for row in ours.rows(theirs)}
    for k in (1, 2, 3):  # four times as stiff: twice the frequency
        row = rows[f"mode {k} of OHH"]
        assert row.potential == pytest.approx(2 * row.reference, rel=1e-5)
    zero = rows["zero-point energy of OHH, harmonic"]
    assert zero.difference == pytest.approx(zero.reference, rel=1e-5)


def test_a_polyatomic_has_modes_and_no_curve_barriers_or_figure():
    pair = Comparison(water()[1], None, ("tested", "labels"), "Cu", "OHH")
    found = molecule(pair)
    assert [row.unit for row in found.rows] == ["eV", "eV", "cm⁻¹", "cm⁻¹", "cm⁻¹"]
    assert found.figure is None
    assert not found.failures
    assert not barriers(pair, False, print).rows
    assert not molecule(replace(pair, formula="H")).rows
