"""Zero-point diagnostics: closed forms of counts, saddles, crossover temperatures and leakage."""

import json

import numpy as np
import pytest
from bonded_molecules import Bonded, of, water

from scatter import UserError
from scatter.analysis.zero_point import sentences, zero_point
from scatter.initial.leakage import mode_drift
from scatter.initial.normal_modes import normal_modes
from scatter.outcomes import Outcome
from scatter.report.zero_point import FILE, told_of
from scatter.units import K, fs, hbar
from scatter.validation.saddle import Threshold

POINTS = np.array(
    [(n, "111", 300.0, "CH4", E, 0.0, np.nan, "ground") for n, E in enumerate((0.5, 0.9))],
    [("point", "u4"), ("facet", "O"), ("T_K", "f8"), ("molecule", "O"), ("energy_eV", "f8"),
     ("polar_deg", "f8"), ("azimuth_deg", "f8"), ("state", "O")],
)  # fmt: skip


def rows(**columns):
    made = np.zeros(
        12,
        [("point", "u4"), ("number", "u4"), ("outcome", "u1"), *((name, "f8") for name in columns)],
    )
    made["point"], made["number"] = np.repeat([0, 1], 6), np.tile(np.arange(6), 2)
    made["outcome"] = Outcome.SCATTERED
    for name, values in columns.items():
        made[name] = values
    return made


def test_reactions_below_the_threshold_are_told_by_what_each_molecule_had():
    internal = np.tile([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], 2)
    given = rows(vibrational_eV=internal, rotational_eV=0.0)
    given["outcome"][[0, 5, 6, 11]] = Outcome.DISSOCIATED  # 0.5, 1.0, 0.9 and 1.4 eV in all
    table = zero_point(POINTS, given, {}, {("111", "CH4"): 0.95})
    assert table["below"].tolist() == [1, 1]
    assert table["S0_above"].tolist() == [1 / 6, 1 / 6]
    assert table["total_eV"].to_numpy() == pytest.approx([0.75, 1.15])
    assert "2 dissociated with E_i + E_vJ below" in [*sentences(table)][0]
    assert "below" not in zero_point(POINTS, given, {}, {("100", "CH4"): 0.95})


def test_the_scattered_with_less_than_their_zero_point_are_counted():
    v = np.array([-0.4, -0.2, -0.11, -0.09, 0.0, np.nan] * 2)
    table = zero_point(POINTS, rows(final_v=v), {})
    assert table["scattered"].tolist() == [5, 5]
    assert table["soft"].tolist() == [3, 3]
    assert table["soft_share"].tolist() == [0.6, 0.6]


def test_a_crossover_temperature_is_that_of_its_frequency():
    found = Threshold("111", "H2", "bridge", 0.5, 0.25, 1000.0)
    omega = 2 * np.pi * 2.99792458e10 * 1000.0 * 1e-15 / fs  # per time unit, of 1000 per cm
    assert found.crossover_K == pytest.approx(hbar * omega / (2 * np.pi * K), rel=1e-5)
    assert found.crossover_K == pytest.approx(229.0, abs=0.1)
    assert found.threshold_eV == 0.75


def begun(molecule, potential, size=1.0, count=6):
    """Its modes, and molecules with so many zero-point actions in every mode, at random phases."""
    modes = normal_modes(molecule, potential)
    phase = 2 * np.pi * np.random.default_rng(2).random((count, len(modes)))
    Q = np.sqrt(size * hbar / modes.omega) * np.cos(phase)
    P = -np.sqrt(size * hbar * modes.omega) * np.sin(phase)
    roots = np.sqrt(modes.masses)[:, None]
    shape = modes.vectors
    x = modes.positions + (Q[:, :, None, None] * shape).sum(axis=1) / roots
    return modes, x, (P[:, :, None, None] * shape).sum(axis=1) * roots


def test_a_harmonic_molecule_does_not_leak_and_one_of_coupled_modes_does():
    """A diatomic on a harmonic bond is harmonic throughout, water only where it hardly moves."""
    bond = Bonded({(0, 1): (30.0, 0.75, 0.0)}, {})
    lone = of("HH", [[0, 0, 0], [0, 0, 0.75]])
    assert mode_drift(*given(begun(lone, bond), bond), 300.0, 50.0).max() < 1e-4
    molecule, potential = water()
    small = mode_drift(*given(begun(molecule, potential, 1e-4), potential), 300.0, 50.0) / 1e-4
    whole = mode_drift(*given(begun(molecule, potential, 1.0), potential), 300.0, 50.0)
    assert small.max() < 0.05
    assert whole.max() > 2 * small.max()


def given(made, potential):
    modes, x, p = made
    return modes, potential, x, p


def test_what_is_kept_beside_results_is_checked(tmp_path):
    assert told_of(tmp_path) == {"thresholds": [], "drifts": []}
    halves = ({"thresholds": [{"facet": "111"}]}, {"drifts": 3})
    for bad in ("[]", "{", *map(json.dumps, halves)):
        (tmp_path / FILE).write_text(bad)
        with pytest.raises(UserError, match="is not a file of `scatter zero-point`"):
            told_of(tmp_path)
