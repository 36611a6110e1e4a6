import numpy as np
import pytest
from trajectory_rows import rows_of, some_points

from scatter import ebk
from scatter.analysis.ledger import LEDGER, TERMS, VibrationalEnergy, ledgers
from scatter.analysis.ledger_tables import ledger_histograms, ledger_means
from scatter.analysis.means import mean_of
from scatter.initial.bond_curve import bond_curve
from scatter.initial.projectile import Diatomic
from scatter.outcomes import Outcome
from scatter.potentials.analytic import Analytic
from scatter.results.read import read_results
from scatter.units import ISOTOPES

pytestmark = pytest.mark.slow

KINDS = ("kinetic_molecule", "kinetic_slab", "potential_molecule", "potential_slab", "coupling")


@pytest.fixture(scope="module")
def hydrogen():
    masses = np.full(2, ISOTOPES["H"][1])
    return {"H2": Diatomic((1, 1), masses, bond_curve(Analytic(), 1, 1))}


@pytest.fixture(scope="module")
def surface(undisturbed):
    """Points and trajectories of the tiny campaign on the analytic potential."""
    return read_results(undisturbed)[:2]


def total(rows, when):
    return sum(rows[f"{when}_{kind}_eV"] for kind in KINDS)


def test_the_ledger_closes_to_the_error_of_the_integration(surface, hydrogen):
    points, rows = surface
    ledger = ledgers(points, rows, hydrogen)
    assert len(ledger) == len(rows) > 20
    assert np.abs(ledger["deviation_eV"]).max() > 1e-6  # or there would be nothing to close to
    assert np.all(np.abs(ledger["deviation_eV"]) <= rows["energy_error_eV"] + 1e-9)
    change = total(rows, "final") - total(rows, "initial")
    assert ledger["deviation_eV"] == pytest.approx(change, abs=1e-9)


def test_vibration_and_rotation_share_out_the_internal_energy(surface, hydrogen):
    points, rows = surface
    ledger = ledgers(points, rows, hydrogen)
    scattered = ledger["outcome"] == Outcome.SCATTERED
    assert scattered.any()
    parts = ledger["vibrational_eV"] + ledger["rotational_eV"]
    assert parts[scattered] == pytest.approx(ledger["internal_eV"][scattered], abs=1e-12)
    assert np.isnan(parts[~scattered]).all()


def test_vibration_and_rotation_are_the_energies_of_the_ebk_levels_at_the_final_v_and_J(
    surface, hydrogen
):
    points, rows = surface
    curve, mu = hydrogen["H2"].curve, hydrogen["H2"].masses[0] / 2
    ledger = ledgers(points, rows, hydrogen)
    first, still = (ebk.level(0, J, curve, mu).energy for J in (1, 0))
    for row, entry in zip(rows, ledger, strict=True):
        if row["outcome"] == Outcome.SCATTERED:
            v, J = float(row["final_v"]), float(row["final_J"])
            E, E_v = (ebk.level(v, turns, curve, mu).energy for turns in (J, 0.0))
            # the bond curve is a spline through the potential that the ledger has asked itself
            assert entry["vibrational_eV"] == pytest.approx(E_v - still, abs=1e-6)
            assert entry["rotational_eV"] == pytest.approx((E - E_v) - (first - still), abs=3e-6)


@pytest.mark.parametrize("v", [-0.5, -0.3, 0.0, 0.01, 1.0, 2.37, 9.0, 13.5])
def test_the_table_of_vibrational_energies_is_that_of_the_levels(hydrogen, v):
    curve, mu = hydrogen["H2"].curve, hydrogen["H2"].masses[0] / 2
    found = VibrationalEnergy(hydrogen["H2"])(np.array([v]))[0]
    due = 0 if v == -0.5 else ebk.level(v, 0, curve, mu).energy - curve.minimum
    assert found == pytest.approx(due, abs=1e-6)


def test_a_wall_for_the_centre_of_mass_turns_energy_into_nothing_else(bounced, hydrogen):
    points, rows = bounced
    ledger = ledgers(points, rows, hydrogen)
    for name in ("normal_eV", "parallel_eV", "coupling_eV"):
        assert ledger[name] == pytest.approx(np.zeros(len(rows)), abs=1e-5)
    for name in ("vibrational_eV", "rotational_eV", "to_slab_eV"):
        # what velocity Verlet errs by within a vibration
        assert ledger[name] == pytest.approx(np.zeros(len(rows)), abs=6e-3)
    incident = points["energy_eV"][ledger["point"]]
    assert ledger["incidence_eV"] == pytest.approx(incident, rel=1e-9)


def test_masses_other_than_the_campaigns_are_refused(surface, hydrogen):
    points, rows = surface
    wrong = {"H2": Diatomic((1, 1), np.array([1.008, 2.014]), hydrogen["H2"].curve)}
    with pytest.raises(ValueError, match="give those of the campaign"):
        ledgers(points, rows, wrong)


def hand_made(values):
    ledger = np.zeros(len(values), LEDGER)
    ledger["number"], ledger["outcome"] = np.arange(len(values)), Outcome.SCATTERED
    ledger["to_slab_eV"] = values
    return ledger


def test_means_and_histograms_count_what_is_finite_and_say_what_is_not():
    ledger = hand_made([0.01, 0.03, 0.05, 0.05, np.nan])
    means = {row.term: row for row in rows_of(ledger_means(some_points(), ledger))}
    assert {f"{term}_eV" for term in means} >= {*TERMS}
    mean = means["to_slab"]
    assert (mean.n, mean.left_out, mean.outcome) == (4, 1, "scattered")
    assert mean.mean_eV == pytest.approx(0.035)
    assert mean.error_eV == pytest.approx(np.std([1, 3, 5, 5], ddof=1) / 200)
    bins = rows_of(ledger_histograms(some_points(), ledger, 0.02, ["to_slab_eV"]))
    assert [row.count for row in bins] == [1, 1, 2]
    assert [row.from_eV for row in bins] == pytest.approx([0, 0.02, 0.04])
    assert sum(row.density_per_eV * 0.02 for row in bins) == pytest.approx(1)


def test_intervals_of_a_mean_hold_the_truth_in_about_95_of_100_experiments():
    rng = np.random.default_rng(1)
    found = [mean_of(rng.gamma(2.0, 0.1, 60)) for _ in range(2000)]
    assert 0.93 < np.mean([one.low <= 0.2 <= one.high for one in found]) < 0.97


def test_an_interval_of_what_cannot_be_negative_is_not_negative_and_holds_the_truth_as_often():
    rng = np.random.default_rng(3)
    drawn = rng.gamma(0.5, 0.2, (3000, 4))  # few, and skewed: Student's interval reaches below 0
    plain, kept = ([mean_of(values, *limits) for values in drawn] for limits in ((), (0.0,)))
    assert min(one.low for one in plain) < 0 <= min(one.low for one in kept)
    assert all(one.low <= one.mean <= one.high for one in kept)
    held = [[one.low <= 0.1 <= one.high for one in found] for found in (plain, kept)]
    assert held[0] == held[1]
    unchanged = [(one.low, one.high) == (two.low, two.high)
                 for one, two in zip(plain, kept, strict=True) if one.low >= 0]  # fmt: skip
    assert unchanged
    assert all(unchanged)
    both = mean_of(np.array([0.0, 0.9]), 0.0, 1.0)
    assert (both.low, both.high) == (0.0, 1.0)


@pytest.mark.parametrize(("polar", "parallel"), [(0.0, 0.0), (60.0, -0.45)])
def test_no_mean_of_the_ledger_is_said_to_be_less_than_a_molecule_can_lose(polar, parallel):
    points = some_points()
    points["energy_eV"], points["polar_deg"], points["J"] = 0.6, polar, 0
    ledger = hand_made([-0.5, 0.4])
    for name in ("final_kinetic_eV", "rotational_eV"):
        ledger[name] = [0.01, 0.3]
    ledger["normal_eV"] = [-0.6 * np.cos(np.radians(polar)) ** 2, 0.0]
    ledger["parallel_eV"] = [parallel, 0.0]
    lows = {row.term: row.low_eV for row in rows_of(ledger_means(points, ledger))}
    assert lows["final_kinetic"] == lows["rotational"] == 0
    assert lows["parallel"] == pytest.approx(parallel, abs=1e-15)
    assert lows["normal"] == pytest.approx(-0.6 * np.cos(np.radians(polar)) ** 2)
    assert lows["to_slab"] < -0.5  # the slab may give more than it was brought
