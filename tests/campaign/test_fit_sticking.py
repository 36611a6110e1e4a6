"""`scatter fit sticking`: the curve of the counts, with an amplitude that is fitted or given."""

import csv

import numpy as np
import pytest
from rich.console import Console
from scipy.special import erf
from written_campaign import H2, written_campaign

from scatter.report.fits import amplitude_of, fit_sticking
from scatter.settings import UserError

ENERGIES = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
INPUT = f"{H2}[incidence]\nenergy_eV = {ENERGIES}\n"


def curve(energy, E0=0.65, W=0.15, A=0.5):
    return A * (1 + erf((np.array(energy) - E0) / W)) / 2


@pytest.fixture
def exact(tmp_path):
    """A campaign whose counts are those of a curve."""
    n = 4000
    stuck = np.round(n * curve(ENERGIES)).astype(int).tolist()
    return written_campaign(tmp_path / "out", INPUT, [(k, n - k) for k in stuck])


def test_the_curve_of_the_counts_is_found_with_its_amplitude(exact):
    spoken = Console(record=True, width=80, quiet=False)
    (row,) = fit_sticking([exact], "erf", None, spoken)
    assert (row["E0_eV"], row["W_eV"], row["A"]) == pytest.approx((0.65, 0.15, 0.5), abs=2e-3)
    assert row["A_low"] < 0.5 < row["A_high"]
    text = spoken.export_text()
    assert "0.65" in text
    assert max(len(line) for line in text.splitlines() if "/" not in line[:9]) <= 80
    with open(exact / "fits.csv", newline="") as file:
        assert float(next(csv.DictReader(file))["E0_eV"]) == pytest.approx(row["E0_eV"])
    assert (exact / "fits.png").is_file()


def test_an_amplitude_that_is_given_stays_and_narrows_the_others(exact):
    spoken = Console(record=True, width=80, quiet=False)
    (free,) = fit_sticking([exact], "erf", None, Console(quiet=True))
    (row,) = fit_sticking([exact], "erf", amplitude_of("A=0.5"), spoken)
    assert row["A"] == row["A_low"] == row["A_high"] == row["amplitude"] == 0.5
    assert row["E0_eV"] == pytest.approx(0.65, abs=1e-3)
    width = [one["E0_high_eV"] - one["E0_low_eV"] for one in (row, free)]
    assert width[0] < width[1]
    assert "fixed" in spoken.export_text()


def test_a_curve_that_does_not_fit_is_said_to(exact):
    spoken = Console(record=True, width=80, quiet=False)
    fit_sticking([exact], "erf", 0.9, spoken)
    assert "does not describe the points" in " ".join(spoken.export_text().split())


@pytest.mark.parametrize("form", ["erf", "logistic"])
def test_a_form_that_figures_do_not_draw_is_said_to_be_another(exact, form):
    spoken = Console(record=True, width=80, quiet=False)
    fit_sticking([exact], form, None, spoken)
    better = "erf describes the points better" in " ".join(spoken.export_text().split())
    assert better == (form != "erf")


@pytest.mark.parametrize("text", ["E0=0.6", "A=0", "A=1.1", "A=x", "A", ""])
def test_nothing_but_a_probability_is_fixed(text):
    with pytest.raises(UserError, match="only the amplitude can be fixed"):
        amplitude_of(text)


def test_what_cannot_be_fitted_says_why(tmp_path):
    folder = written_campaign(tmp_path / "out", INPUT, [(0, 10)] * 7)
    with pytest.raises(UserError, match="dissociated"):
        fit_sticking([folder], "erf", None, Console(quiet=True))
    with pytest.raises(UserError, match="--form cubic: must be one of erf"):
        fit_sticking([folder], "cubic", None, Console(quiet=True))
