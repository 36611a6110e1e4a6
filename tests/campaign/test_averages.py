import csv

import numpy as np
import pytest
from rich.console import Console
from simulated_libraries import LEVELS

from scatter.analysis import Library, Sticking, thermal_sticking
from scatter.ebk import Curve, levels, reduced_mass
from scatter.report.averages import Wanted, _refuse_empty, average, beam_of, populated_levels
from scatter.results.folder import ResultsFile
from scatter.results.read import read_results
from scatter.settings import UserError
from scatter.units import K, hbar

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def energies(write_tiny, tmp_path_factory):
    """A finished campaign along the energy."""
    from scatter.campaign.run import run

    folder = tmp_path_factory.mktemp("averages")
    return run(write_tiny(folder, incidence__energy_eV=[0.5, 0.9], sampling__trajectories=10))


def averaged(folder, *beams, gas=(), desorbed=(), **chosen):
    wanted = Wanted([beam_of(text, 0.8) for text in beams], gas, desorbed, True, chosen)
    return average(folder, wanted, Console(quiet=True))


def test_a_beam_of_one_velocity_measures_the_point_at_its_energy(energies):
    points, rows, _ = read_results(energies)
    mass = sum(ResultsFile.of(energies).molecules["H2"].masses)
    point = points["energy_eV"].tolist().index(0.9)
    mine = rows[rows["point"] == point]
    velocity = np.sqrt(2 * 0.9 * 1.602176634e-19 / (mass * 1.66053906892e-27))
    (found,) = averaged(energies, f"{velocity},0,1")
    assert found["mean_energy_eV"] == pytest.approx(0.9, rel=1e-6)
    assert found["S0"] == pytest.approx(np.mean(mine["outcome"] == 1), abs=1e-6)


def test_all_that_is_asked_stands_in_the_table(energies):
    averaged(energies, "4000,1000,1740", gas=(1000.0,), desorbed=(925.0,))
    with open(energies / "averages.csv") as file:
        names = [row["average"] for row in csv.DictReader(file)]
    assert names == [
        "beam at 4000 m/s, nozzle 1740 K", "gas at 1000 K", "desorption at 925 K",
    ]  # fmt: skip
    with open(energies / "desorption_925K.csv") as file:
        assert sum(float(row["P"]) for row in csv.DictReader(file)) == pytest.approx(1)
    assert (energies / "desorption_925K.png").is_file()


@pytest.mark.parametrize("text", ["4000,1000", "fast,1,2", "-1,0,300", "4000,-1,300"])
def test_words_that_are_no_beam_are_refused(text):
    with pytest.raises(UserError, match=f"--beam {text}: "):
        beam_of(text, 0.8)


@pytest.fixture(scope="module")
def several(write_tiny, tmp_path_factory):
    """A finished campaign of two molecules, temperatures, facets and angles."""
    from scatter.campaign.run import run

    return run(
        write_tiny(
            tmp_path_factory.mktemp("several"), incidence__energy_eV=[0.5, 0.9],
            incidence__polar_deg=[0, 45], incidence__azimuth_deg=[0, 20],
            molecule__formula=["H2", "HD"], surface__temperature_K=[600, 500],
            surface__facet=["111", "100"], sampling__trajectories=1,
        )
    )  # fmt: skip


CHOICE = {"facet": "Cu(100)", "T_K": 500.0, "molecule": "HD", "polar_deg": 0.0, "azimuth_deg": 20.0}


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("facet", r"its points differ in facet \(111, 100\).*choose it with --facet"),
        ("T_K", r"its points differ in T_K \(600, 500\).*choose it with --temperature"),
        ("molecule", r"its points differ in molecule \(H2, HD\).*choose it with --molecule"),
        ("polar_deg", r"its points differ in polar_deg \(0, 45\).*choose it with --polar"),
        ("azimuth_deg", r"its points differ in azimuth_deg \(0, 20\).*choose it with --azimuth"),
    ],
)
def test_what_was_not_chosen_among_several_is_asked_for(several, missing, sentence):
    wanted = {name: value for name, value in CHOICE.items() if name != missing}
    with pytest.raises(UserError, match=sentence):
        averaged(several, gas=(1000.0,), **wanted)


def test_the_points_that_were_chosen_are_averaged_alone_into_files_of_their_own(several):
    points, rows, _ = read_results(several)
    masses = ResultsFile.of(several).molecules["HD"].masses
    velocity = np.sqrt(2 * 0.9 * 1.602176634e-19 / (sum(masses) * 1.66053906892e-27))
    (found,) = averaged(several, f"{velocity},0,1", **CHOICE)
    is_it = (points["facet"] == "100") & (points["T_K"] == 500) & (points["molecule"] == "HD")
    is_it &= (points["polar_deg"] == 0) & (points["azimuth_deg"] == 20)
    (point,) = points["point"][is_it & (points["energy_eV"] == 0.9)]
    assert found["S0"] == np.mean(rows["outcome"][rows["point"] == point] == 1)
    assert (found["surface"], found["molecule"], found["T_K"]) == ("Cu(100)", "HD", 500.0)
    names = {path.name for path in several.glob("averages*")}
    assert names == {"averages_Cu_100_500_K_HD_normal_incidence_azimuth_20.csv"}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("molecule", "D2", "--molecule D2: no point of .* the points have H2, HD"),
        ("polar_deg", 30.0, "--polar 30: no point of .* the points have 0, 45"),
        ("facet", "Ni(111)", r"--facet Ni\(111\): no point of .* the points have 111, 100"),
    ],
)
def test_what_is_not_there_cannot_be_chosen(several, name, value, sentence):
    with pytest.raises(UserError, match=sentence):
        averaged(several, gas=(1000.0,), **{name: value})


def test_an_average_over_nothing_is_refused_with_the_options_that_there_are(energies):
    with pytest.raises(UserError, match="nothing to average over; give --beam"):
        averaged(energies)


def test_aligned_molecules_do_not_stand_for_a_gas(run_tiny, tmp_path):
    folder = run_tiny(tmp_path, molecule__mj=0, sampling__trajectories=1)
    with pytest.raises(UserError, match=r"points with a chosen m_J \(0, of J = 1\)"):
        averaged(folder, gas=(1000.0,))


class Stiff:
    """A molecule as heavy as chlorine, in a Morse well of its vibration."""

    masses = np.array([35.0, 35.0])

    def __init__(self):
        r = np.linspace(1.5, 6.0, 400)
        self.curve = Curve(r, 2.5 * (1 - np.exp(-2.0 * (r - 2.0))) ** 2)


def test_levels_of_a_heavy_molecule_are_taken_as_far_as_they_are_populated():
    found = populated_levels(Stiff(), 40.0)
    highest = max(level.J for level in found)
    rigid = hbar**2 / (2 * 17.5 * 4.0) / (K * 40)
    shares = [(2 * J + 1) * np.exp(-rigid * J * (J + 1)) for J in range(1000)]
    assert shares[int(highest)] > 0.9e-4
    assert sum(shares[21:]) / sum(shares) > 1e-2  # which J up to 20 would leave out
    assert sum(shares[int(highest) + 1 :]) / sum(shares) < 1e-4


def test_levels_of_hydrogen_are_those_of_before(energies):
    one = ResultsFile.of(energies).molecules["H2"]
    due = levels(3, 20, one.curve, reduced_mass(*map(float, one.masses)))
    assert populated_levels(one, 1740.0) == due


def test_oxygen_is_averaged_over_odd_J_alone():
    curves = {(0, J): Library.of([row_of(J)]).curves[0, J] for J in (0, 1)}
    both = Library("O2", 0.0, curves, (15.9949, 15.9949))
    found = thermal_sticking(both, 300.0, LEVELS, nearest_J=True)
    assert found.S0 == pytest.approx(0.9)  # of J = 1; J = 0, which has 0.1, is none of 16O2
    even = Library("O2", 0.0, {(0, 0): curves[0, 0]}, (15.9949, 15.9949))
    nothing = thermal_sticking(even, 300.0, LEVELS)
    with pytest.raises(UserError, match=r"of O2 none .* \(v = 0, J = 0\) .* leave it odd J alone"):
        _refuse_empty("gas at 300 K", nothing, even)


def row_of(J):
    stuck = 90 if J else 10
    return Sticking("111", 300.0, "O2", 0, J, None, 0.5, 0.0, None, stuck, 100 - stuck, 0, 0)
