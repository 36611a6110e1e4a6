import csv

import numpy as np
import pytest
from rich.console import Console

from scatter import store
from scatter.campaign.averages import average, beam_of
from scatter.settings import UserError


@pytest.fixture(scope="module")
def energies(write_tiny, tmp_path_factory):
    """A finished campaign along the energy."""
    from scatter.campaign.run import run

    folder = tmp_path_factory.mktemp("averages")
    return run(write_tiny(folder, incidence__energy_eV=[0.5, 0.9], sampling__trajectories=10))


def averaged(folder, *beams, gas=(), desorbed=()):
    return average(
        folder, [beam_of(text, 0.8) for text in beams], gas, desorbed, True, Console(quiet=True)
    )


def test_a_beam_of_one_velocity_measures_the_point_at_its_energy(energies):
    points, rows, _ = store.read_results(energies)
    mass = sum(store.read_molecules(energies)["H2"]["masses_amu"])
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
