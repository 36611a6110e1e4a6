"""Times of flight: the forward model by closed forms and limits, and its fit by coverage."""

import numpy as np
import pytest
from rich.console import Console

from scatter.analysis.beam import m_s
from scatter.analysis.estimate import Undetermined
from scatter.analysis.flight import Detector, Flight, FlightFit, fit_flight
from scatter.analysis.likelihood import rise
from scatter.report.flight import Experiment, report_flight
from scatter.settings import UserError
from scatter.units import K

MASS, T = 4.028, 925.0
TIME = np.linspace(8, 120, 113)
TRUTH = 0.55, 0.16
DETECTOR = Detector(250.0, 10.0, 1.0, 2.0, "density")


def flight(counts=None, detector=DETECTOR, time=TIME):
    counts = np.zeros_like(time) if counts is None else counts
    return Flight(time, counts, MASS, T, detector)


def energy_at(time_us, length_mm):
    return 0.5 * MASS * (length_mm / time_us * 1e3 * m_s) ** 2


def direct(time_us, length_mm, counts):
    """S0 E exp(-E/kT) 2E/t, or that over v."""
    E = energy_at(time_us, length_mm)
    S0 = rise("erf", (E - TRUTH[0]) / TRUTH[1])[0]
    seen = S0 * E * np.exp(-E / (K * T)) * 2 * E / time_us
    return seen / (length_mm / time_us * 1e3 * m_s) if counts == "density" else seen


@pytest.mark.parametrize("counts", ["flux", "density"])
def test_a_sharp_detector_sees_the_law_itself(counts):
    time = np.linspace(20, 100, 8001)
    found = flight(detector=Detector(250.0, counts=counts), time=time).shape(*TRUTH)
    assert found == pytest.approx(direct(time, 250.0, counts), rel=1e-6)


def test_all_that_arrives_is_the_integral_of_the_flux_over_energies():
    time = np.linspace(4, 2000, 20_000)
    whole = flight(detector=Detector(250.0), time=time).shape(*TRUTH).sum() * (time[1] - time[0])
    E = np.linspace(0, 6, 200_001)
    flux = rise("erf", (E - TRUTH[0]) / TRUTH[1])[0] * E * np.exp(-E / (K * T))
    assert whole == pytest.approx(np.trapezoid(flux, E), rel=1e-4)


def test_lengths_gates_and_delays_are_means_and_shifts_of_sharp_ones():
    time = np.linspace(20, 100, 801)
    node = np.linspace(-1, 1, 2001)
    spread = flight(detector=Detector(250.0, spread_mm=20.0), time=time).shape(*TRUTH)
    due = direct(time[:, None], 250.0 + 10 * node, "flux").mean(axis=1)
    assert spread[50:] == pytest.approx(due[50:], rel=2e-3)
    gated = flight(detector=Detector(250.0, gate_us=3.0), time=time).shape(*TRUTH)
    assert gated[50:] == pytest.approx(
        direct(time[:, None] + 1.5 * node, 250.0, "flux").mean(axis=1)[50:], rel=2e-3
    )
    late = flight(detector=Detector(250.0, delay_us=5.0), time=time).shape(*TRUTH)
    assert late == pytest.approx(flight(detector=Detector(250.0), time=time - 5).shape(*TRUTH))


def test_nothing_arrives_before_it_has_left():
    early = flight(detector=Detector(250.0, delay_us=30.0, counts="density"), time=TIME)
    assert not early.shape(*TRUTH)[TIME < 29].any()


def simulated(seed, counts=20_000, background=20.0):
    shape = flight().shape(*TRUTH)
    mean = counts * shape / shape.sum() + background
    return flight(np.random.default_rng(seed).poisson(mean).astype(float))


def test_counts_that_follow_the_law_give_its_parameters_back():
    shape = flight().shape(*TRUTH)
    found = fit_flight(flight(1e9 * shape / shape.sum() + 100.0))
    assert isinstance(found, FlightFit)
    assert (found.E0_eV, found.W_eV) == pytest.approx(TRUTH, abs=1e-5)
    assert found.background == pytest.approx(100, rel=1e-3)
    assert found.scale == pytest.approx(1e9 / shape.sum(), rel=1e-3)


def test_intervals_cover_the_truth_in_95_of_100():
    found = [fit_flight(simulated(seed)) for seed in range(200)]
    fits = [one for one in found if isinstance(one, FlightFit)]
    assert len(fits) == 200
    for n, name in enumerate(("E0", "W")):
        covers = [
            getattr(one, f"{name}_low_eV") < TRUTH[n] < getattr(one, f"{name}_high_eV")
            for one in fits
        ]
        assert 0.95 == pytest.approx(np.mean(covers), abs=3 * np.sqrt(0.95 * 0.05 / 200))
    assert np.mean([one.p_value for one in fits]) == pytest.approx(0.5, abs=0.065)


def test_a_factor_of_all_counts_says_nothing_of_E0_and_W():
    shape = flight().shape(*TRUTH)
    one, other = (fit_flight(flight(n * shape / shape.sum())) for n in (1e6, 1e8))
    assert isinstance(one, FlightFit)
    assert isinstance(other, FlightFit)
    assert one.E0_eV == pytest.approx(other.E0_eV, abs=1e-4)
    assert one.W_eV == pytest.approx(other.W_eV, abs=1e-4)


def test_what_cannot_be_told_is_said():
    few = fit_flight(flight(np.eye(1, len(TIME))[0]))
    assert isinstance(few, Undetermined)
    assert "too few" in few.sentence
    noise = fit_flight(flight(np.random.default_rng(0).poisson(5.0, len(TIME)).astype(float)))
    assert isinstance(noise, Undetermined)


MEASURED = Experiment("D2", T, "erf", 250.0, 10.0, 1.0, 2.0, "density")


def write_counts(path, counts, time=TIME):
    lines = [f"{t!r},{n:g}" for t, n in zip(time.tolist(), counts, strict=True)]
    path.write_text("time_us,counts\n" + "\n".join(lines) + "\n")
    return path


def test_a_file_of_counts_is_fitted_drawn_and_told(tmp_path):
    path = write_counts(tmp_path / "d2.csv", simulated(1).counts)
    spoken = Console(record=True, width=80)
    found = report_flight(path, MEASURED, spoken)
    due = fit_flight(simulated(1))
    assert isinstance(due, FlightFit)
    assert found["E0_eV"] == pytest.approx(due.E0_eV, abs=2e-4)  # the isotope's own mass
    assert "the counts do not determine A" in spoken.export_text()
    assert {file.name for file in tmp_path.iterdir()} == {
        "d2.csv", "d2_fit.csv", "d2_fit.png", "d2_fit.pdf",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "time", "sentence"),
    [
        (np.full(9, 0.5), np.arange(1.0, 10.0), "counts must be whole numbers"),
        (np.full(9, -1), np.arange(1.0, 10.0), "counts must be whole numbers"),
        (np.full(9, 5), np.arange(1.0, 10.0) ** 2, "time_us must rise in equal steps"),
        (np.full(9, 1), np.arange(1.0, 10.0), "too few to fit"),
    ],
)
def test_a_file_that_is_no_time_of_flight_is_refused(tmp_path, counts, time, sentence):
    path = write_counts(tmp_path / "x.csv", counts, time)
    with pytest.raises(UserError, match=sentence):
        report_flight(path, MEASURED, Console(quiet=True))
