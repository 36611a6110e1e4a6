"""What is made of shots that desorb: intervals that count chains, thermal sticking, S0(E, v, J)."""

from math import log, sqrt
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit, ndtr

from scatter.analysis.clustered import Known, mean_of_chains, product_of, share_of_chains
from scatter.analysis.desorbed import Desorbed, Divide, anchored, arrhenius, bound_partition
from scatter.analysis.measured import read_curve
from scatter.analysis.probability import wilson
from scatter.analysis.resolved import Gas, Ladder, resolved
from scatter.ebk import Curve, level
from scatter.files import write_table
from scatter.initial.rovibrational import RovibrationalState
from scatter.report.desorbed import Point, exhibits_of, sticking_rows
from scatter.rows import row_type, usual_columns
from scatter.settings import UserError
from scatter.units import ISOTOPES, K

m = ISOTOPES["H"][1]
T = 1500.0
kT = K * T
CURVE = Curve.of(lambda r: 4.75 * (1 - np.exp(-1.94 * (r - 0.741))) ** 2, 0.3, 4.0)
LADDER = Ladder(CURVE, m / 2)


class Hydrogen:
    masses, curve = np.array([m, m]), CURVE


def truth(E, v, J, lateral=0.0):
    """S0 that falls with J before it rises."""
    return expit((E - 0.55) / 0.06 + 4.0 * v - 0.35 * J + 0.06 * J * J)


def error_function(E, v, J, lateral=0.0):
    """S0 of the field's usual form, half of 1 + erf((E - E0)/W), whose foot falls ever faster; the
    more so the less energy there is along the surface, by a law that no polynomial of few terms is.
    """
    along = np.tanh(4 * lateral) / (1 + np.exp((E - 0.5) / 0.1))
    return ndtr((E - 0.7) / 0.12 + 2.0 * v - 0.1 * J + 0.02 * J * J + 2 * along)


def rows_of(E, lateral, v, J, chain, recrossed):
    """Rows of shots: those that desorbed, and others."""
    count = len(E)
    rows = np.zeros(count + len(recrossed), row_type(usual_columns(2, "desorption")))
    rows["outcome"], rows["chain"] = 6, np.append(chain, recrossed)
    for name in ("final_v", "final_J", "final_translational_eV", "final_polar_deg"):
        rows[name] = np.nan
    out = rows[:count]
    out["outcome"], out["final_v"], out["final_J"] = 5, v, J
    out["final_translational_eV"] = E + lateral
    out["final_polar_deg"] = np.degrees(np.arctan2(np.sqrt(lateral), np.sqrt(E)))
    return rows


def simulated(gas, seed=1, truth=truth):
    """Shots that stand for so many molecules of a gas, of which those stick that `truth` says."""
    rng = np.random.default_rng(seed)
    grid = np.linspace(-0.5, 3.5, 401)[:-1] + 0.005, np.linspace(0, 26, 521)[:-1] + 0.025
    share = (2 * grid[1] + 1) * np.exp(-LADDER.energies(*grid) / kT)
    cell = rng.choice(share.size, gas, p=share.ravel() / share.sum())
    v, J = (
        axis[index] for axis, index in zip(grid, np.unravel_index(cell, share.shape), strict=True)
    )
    E, lateral = rng.exponential(kT, (2, gas))
    stuck = rng.random(gas) < truth(E, v, J, lateral)
    chain = rng.integers(100, size=stuck.sum())
    rows = rows_of(*(a[stuck] for a in (E, lateral, v, J)), chain, np.arange(3000) % 100)
    ratio = len(rows) / gas  # crossings per molecule of the gas
    Z = ratio * bound_partition(CURVE, kT) / (1.4**2 * 2)
    return Desorbed(T, rows, 5, Hydrogen(), Divide(1.4, Z, 0.02 * Z)), truth(E, v, J).mean()


@pytest.fixture(scope="module")
def shots():
    return simulated(200_000)


def test_thermal_sticking_is_what_sticks_of_the_gas(shots):
    desorbed, due = shots
    found = desorbed.sticking
    assert len(desorbed.out) > 1000
    assert abs(found.value - due) < 4 * found.error
    assert found.low < found.value < found.high
    assert desorbed.rate.value == pytest.approx(
        found.value * sqrt(kT / (4 * np.pi * m)) * 9822.7, rel=1e-3
    )


def test_lateral_motion_of_what_desorbs_is_at_the_temperature_if_s0_is_of_the_normal_energy(shots):
    found = shots[0].temperatures["lateral"]
    assert abs(found.value - T) < 4 * found.error


def test_what_leaves_along_the_normal_has_the_energy_of_detailed_balance(shots):
    """E exp(-E/kT) S0 along the normal, where over all directions it is exp(-E_n/kT) S0."""
    v, J = np.linspace(-0.5, 3.5, 81)[:-1] + 0.025, np.linspace(0, 26, 105)[:-1] + 0.125
    E = np.linspace(0, 3.0, 301)[1:]
    share = (2 * J + 1) * np.exp(-LADDER.energies(v, J) / kT)
    S0 = (share[..., None] * truth(E, v[:, None, None], J[:, None])).sum(axis=(0, 1))
    due = [np.average(E, weights=S0 * E**power * np.exp(-E / kT)) for power in (0, 1)]
    for found, energy in zip((shots[0].means["normal"], shots[0].along_normal), due, strict=True):
        assert abs(found.value - energy) < 4 * found.error
    assert due[1] - due[0] > 10 * found.error  # so that one cannot pass for the other


@pytest.fixture(scope="module")
def law(shots):
    return resolved(shots[0])


@pytest.mark.parametrize(("E", "v", "J"), [(0.5, 0, 1), (0.6, 0, 1), (0.7, 0, 5), (0.4, 1, 1)])
def test_the_regression_finds_s0_of_every_state(law, E, v, J):
    found, due = law.S0(E, v, J), truth(E, v, J)
    assert law.near(E, v, J) > 10
    error = found.error / (found.value * (1 - found.value))
    assert error < 0.6
    logit = log(found.value / (1 - found.value)) - log(due / (1 - due))
    assert abs(logit) < 3.5 * error


def test_the_foot_of_an_error_function_is_found():
    law = resolved(simulated(1_000_000, 2, error_function)[0])
    for E in (0.3, 0.35, 0.4):
        found, due = law.S0(E, 0, 1), error_function(E, 0, 1)
        assert due < 6e-3
        assert found.low < due < found.high
        assert found.high < 3 * found.low


def test_a_regression_of_few_is_refused(shots):
    few = Desorbed(T, shots[0].rows[-3100:], 5, Hydrogen(), shots[0].divide)
    with pytest.raises(UserError, match="100 shots desorbed"):
        resolved(few)


def test_levels_between_whole_numbers_are_those_of_ebk():
    found = LADDER.energies(np.array([0.0, 0.37, 1.0, 2.0]), np.array([0.0, 1.0, 7.5]))
    due = [
        [level(v, J, CURVE, m / 2).energy - CURVE.minimum for J in (0, 1, 7.5)]
        for v in (0, 0.37, 1, 2)
    ]
    assert abs(found - due).max() < 1e-4
    state = RovibrationalState(0, 1, None, (m, m), CURVE)
    assert found[0, 1] == pytest.approx(state.level.energy - CURVE.minimum, abs=1e-4)


def test_energies_of_what_desorbs_add_up():
    rows = rows_of(*np.array([[0.6], [0.2], [1.0], [3.0]]), np.array([0]), np.array([1]))
    rows["final_kinetic_molecule_eV"], rows["final_potential_molecule_eV"] = 1.1, 0.25
    energies = Desorbed(T, rows, 5, Hydrogen(), Divide(1.4, 1.0, 0.1)).energies
    inside = sum(energies[name][0] for name in ("rotational", "vibrational"))
    assert inside == pytest.approx(1.1 - 0.8 + 0.25 - CURVE.minimum)
    assert energies["normal"][0] == pytest.approx(0.6)
    assert energies["lateral"][0] == pytest.approx(0.2)
    assert energies["rotational"][0] == pytest.approx(12 * 0.0646542**2 / (m * CURVE.r_e**2), 1e-4)


def test_the_exponent_of_a_power_of_the_cosine_is_found():
    rng, n = np.random.default_rng(3), 9.0
    cos2 = (rng.random(4000) ** (1 / (n + 1))) ** 2
    rows = rows_of(
        cos2, 1 - cos2, np.zeros(4000), np.ones(4000), np.arange(4000) % 50, np.arange(50)
    )
    found = Desorbed(T, rows, 5, Hydrogen(), Divide(1.4, 1.0, 0.1)).exponent
    assert found.error < 0.3
    assert found.low < n < found.high


def test_states_share_out_all_that_desorbs(shots):
    rows = shots[0].states()
    assert sum(row["P"] for row in rows) == pytest.approx(1)
    assert all(row["P_low"] <= row["P"] <= row["P_high"] for row in rows)
    assert all(row["v"] >= 0 for row in rows)


def test_shots_of_one_chain_that_are_all_alike_count_as_one():
    rng = np.random.default_rng(5)
    each, chain = rng.normal(size=40), np.repeat(np.arange(40), 25)
    alike = mean_of_chains(each[chain], chain)
    assert alike.error == pytest.approx(each.std(ddof=1) / sqrt(40), rel=1e-9)
    hits = np.repeat(rng.random(40) < 0.3, 25)
    wide, narrow = share_of_chains(hits, chain), wilson(int(hits.sum()), 1000)
    assert wide.high - wide.low > 4 * (narrow[2] - narrow[1])
    apart = share_of_chains(rng.permutation(hits), chain)
    assert apart.high - apart.low == pytest.approx(narrow[2] - narrow[1], rel=0.35)


def test_intervals_of_shares_hold_the_truth_in_95_of_100():
    rng, inside = np.random.default_rng(7), 0
    for _ in range(400):
        p = rng.beta(2.0, 6.0, 30)  # of each chain; 0.25 on average
        hits = (rng.random((30, 20)) < p[:, None]).ravel()
        found = share_of_chains(hits, np.repeat(np.arange(30), 20))
        inside += found.low < 0.25 < found.high
    assert 0.91 < inside / 400 < 0.985


def test_one_chain_says_nothing_of_the_error():
    assert mean_of_chains(np.array([1.0, 2.0]), np.array([3, 3])).high == np.inf
    assert product_of([(2.0, 0.1), (3.0, np.inf)]).high == np.inf
    assert share_of_chains(np.zeros(0, bool), np.zeros(0, int)).high == 1.0


def test_rates_by_arrhenius_have_their_energy():
    rates = [(t, Known(1e3 * np.exp(-0.62 / (K * t)), 0, 0, 0)) for t in (500.0, 700.0, 1000.0)]
    rates = [(t, Known(k.value, 0.05 * k.value, 0, 0)) for t, k in rates]
    found = arrhenius(rates)
    assert found.value == pytest.approx(0.62, abs=1e-9)
    assert found.low < 0.62 < found.high
    assert arrhenius(rates[:1]) is None


def test_an_anchor_moves_all_temperatures_by_one_factor():
    own = [(500.0, Known(1e-6, 1e-7, 0, 0)), (1500.0, Known(4e-3, 1e-4, 0, 0))]
    cold, hot = anchored(own, 1500.0, Known(5e-3, 5e-4, 0.004, 0.006))
    assert hot.value == 5e-3
    assert cold.value == pytest.approx(1.25e-6)
    assert cold.error / cold.value == pytest.approx(sqrt(0.1**2 + 0.1**2 + 0.025**2))
    with pytest.raises(ValueError, match="T = 300 K is not one of 500, 1500 K"):
        anchored(own, 300.0, hot)


def test_s0_of_states_is_written_as_curves_that_can_be_laid_over_others(
    shots, law, monkeypatch, tmp_path
):
    monkeypatch.setattr("scatter.report.desorbed.ENERGIES", np.array([0.5, 0.6, 0.7]))
    monkeypatch.setattr("scatter.report.desorbed.resolved", lambda _: law)
    row = SimpleNamespace(surface="Cu(111)", facet="111", T_K=T, molecule="H2")
    rows = sticking_rows([Point("H2", row, shots[0])])
    write_table(tmp_path / "S0.csv", [*rows[0]], [[*each.values()] for each in rows])
    read = {curve.label: curve for curve in read_curve(tmp_path / "S0.csv")}
    assert [*read] == [f"shots: v={v}, J=1; H2 from Cu(111), 1500 K" for v in (0, 1)]
    curve = read["shots: v=0, J=1; H2 from Cu(111), 1500 K"]
    found = law.S0(0.6, 0, 1)
    place = curve.x.tolist().index(0.6)
    read_back = curve.S0[place], curve.low[place], curve.high[place]
    assert read_back == (found.value, found.low, found.high)


NITROGEN = Ladder(
    Curve.of(lambda r: 9.9 * (1 - np.exp(-2.69 * (r - 1.098))) ** 2, 0.7, 4.0), 7 * ISOTOPES["H"][1]
)


@pytest.mark.parametrize(("ladder", "ends"), [(LADDER, (4.5, 40)), (NITROGEN, (9.5, 120))])
def test_a_gas_in_equilibrium_has_the_density_of_boltzmann(ladder, ends):
    gas = Gas(kT, ladder, np.array([1.0, 10.0]))
    nodes, weights = np.polynomial.legendre.leggauss(80)
    wide = (ends[0] + 0.5) / 2, ends[1] / 2
    v, J = -0.5 + wide[0] * (nodes + 1), wide[1] * (nodes + 1)
    points = np.stack(np.meshgrid([0.0], v, J, [0.0], indexing="ij"), -1).reshape(-1, 4)
    inside = gas(points) * np.outer(wide[0] * weights, wide[1] * weights).ravel()
    assert inside.sum() * kT**2 == pytest.approx(1, rel=3e-3)  # E and E_∥ have exp(-E/kT)/kT each
    one, other = np.array([[0.3, 0.2, 4.0, 0.1], [0.5, 1.1, 7.0, 0.25]])
    energy = [e[0] + e[3] + ladder.energies(e[1:2], e[2:3])[0, 0] for e in (one, other)]
    due = 15 / 9 * np.exp((energy[0] - energy[1]) / kT)
    ratio = gas(other[None])[0] / gas(one[None])[0]
    assert ratio == pytest.approx(due, rel=3e-3)


def test_s0_of_states_is_written_only_where_shots_tell_it(shots, monkeypatch):
    def S0(E, v, J):
        return Known(1e-3, 0.0, 1e-3, 0.0999 if E > 0.5 else 0.1001)

    law = SimpleNamespace(near=lambda E, v, J: 10 if E < 0.8 else 9, S0=S0)
    monkeypatch.setattr("scatter.report.desorbed.resolved", lambda _: law)
    row = SimpleNamespace(surface="Cu(111)", facet="111", T_K=T, molecule="H2")
    energies = {each["energy_eV"] for each in sticking_rows([Point("H2", row, shots[0])])}
    assert energies == {0.55, 0.6, 0.65, 0.7, 0.75}


def test_a_heavier_molecule_is_told_from_as_many_electronvolts(law):
    """Of twice the mass, v and J reach √2 times as far."""

    class Heavier(Hydrogen):
        masses = 2 * Hydrogen.masses

    own = simulated(20_000)[0]
    heavier = resolved(Desorbed(T, own.rows, 5, Heavier(), own.divide))
    ratio = heavier.reach / law.reach
    assert ratio[[0, 3]] == pytest.approx([1, 1])
    assert ratio[1:3] == pytest.approx([np.sqrt(2)] * 2, rel=0.03)


def test_s0_of_states_is_drawn_on_a_logarithmic_axis(shots, law, monkeypatch):
    monkeypatch.setattr("scatter.report.desorbed.ENERGIES", np.array([0.5, 0.6, 0.7]))
    monkeypatch.setattr("scatter.report.desorbed.resolved", lambda _: law)
    row = SimpleNamespace(surface="Cu(111)", facet="111", T_K=T, molecule="H2")
    point = Point("H2", row, shots[0])
    rows = sticking_rows([point])
    figure = {each.stem: each.figure for each in exhibits_of([point], rows)}["desorption_S0"]
    assert figure is not None
    axes = figure.axes[0]
    assert axes.get_yscale() == "log"
    assert axes.get_legend_handles_labels()[1] == [*dict.fromkeys(each["label"] for each in rows)]
    assert "desorption_S0" not in {each.stem for each in exhibits_of([point], [])}
