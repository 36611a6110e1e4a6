"""Final states of the scattered."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from scatter.analysis import (
    Binning,
    Species,
    channels,
    rotational_populations,
    rotational_temperatures,
    transitions,
)
from scatter.analysis.rotation import Levels
from scatter.ebk import levels, reduced_mass
from scatter.plots.states import boltzmann_figure, channels_figure, state_bars
from scatter.report.chart import Chart, chart_of
from scatter.report.document import Exhibit, Section, records, shown
from scatter.results.folder import ResultsFile

STATES = Chart(
    *("J_final", "P_scattered", "Final rotational state J'", "P(v', J') of the scattered"),
    *("low_scattered", "high_scattered"),
    curves=["v_final"],
    panel="energy_eV",
    stems=True,
)
CHANNELS = Chart(
    *("energy_eV", "P", "Incidence energy (eV)", "Probability of a trajectory"), curves=["channel"]
)
HIGHEST = {"v": 6, "J": 30}  # levels that final states are compared with


def state_section(results: ResultsFile, binning: Binning) -> Section:
    """State-to-state probabilities, vibrational channels and rotational temperatures."""
    exhibits = []
    binning = results.alike(binning)
    seen = results.points, results.trajectories, binning
    formulas = dict.fromkeys(row.molecule for row in results.rows)
    sentences = [_reading(binning, [*formulas])]
    for words, rows in shown(results, transitions(*seen), sentences):
        if not len(rows.dropna(subset=["v_final"]).query("scattered > 0")):
            continue
        caption = (
            "populations of the final states v', J' among the scattered, with 95 % intervals; all "
            "energies are in the file."
        )
        figure = state_bars(rows)
        exhibits.append(Exhibit.of_scan("states", words, caption, figure, rows, STATES))
    for words, rows in shown(results, channels(*seen)):
        if not (rows.P > 0).any():
            sentences.append(f"{words}: nothing scattered, so there are no final states.")
            continue
        caption = (
            "probability that a trajectory scatters with the same, a higher or a lower v, with "
            "95 % intervals."
        )
        figure = channels_figure(rows)
        exhibits.append(Exhibit.of_scan("vibration", words, caption, figure, rows, CHANNELS))
    temperatures = _temperatures(results, binning)
    if len(temperatures):
        exhibits += _boltzmann(results, binning, temperatures)
        columns = results.columns(
            *("molecule", "v", "J", "energy_eV", "v_final", "scattered"),
            *("temperature_K", "low_K", "high_K"),
        )
        caption = (
            "Rotational temperature of the scattered within each final v' (maximum likelihood; "
            "bootstrap intervals of 95 %)."
        )
        exhibits.append(
            Exhibit(
                *("rotational_temperatures", caption),
                rows=records(temperatures),
                columns=columns,
                chart=chart_of(
                    *(results, "Rotational temperature (K)", "temperature_K", "low_K", "high_K"),
                    by=["v_final"],
                ),
            )
        )
    return Section("Final states", sentences, exhibits)


def _reading(binning: Binning, formulas: Sequence[str]) -> str:
    """How real quantum numbers became whole ones, and by what J may change in each molecule."""
    even = [formula for formula in formulas if binning.step(formula) == 2]
    other = [formula for formula in formulas if formula not in even]
    rules = [f"only by even numbers in {', '.join(even)}, whose nuclei are identical"] * bool(even)
    rules += [f"by even and odd ones in {', '.join(other)}"] * bool(other)
    return (
        f"Final quantum numbers are real; binned here by {binning.kind}. J changes "
        f"{'; '.join(rules)}."
    )


def _boltzmann(
    results: ResultsFile, binning: Binning, temperatures: pd.DataFrame
) -> Iterator[Exhibit]:
    """Boltzmann plots of the rotation within each v'."""
    seen = results.points, results.trajectories, ladders(results.molecules), binning
    thermal = dict(results.scans(temperatures))
    for words, rows in shown(results, rotational_populations(*seen)):
        figure = boltzmann_figure(rows, thermal[words])
        if figure is not None:
            caption = (
                "rotational populations within each v' of the scattered, with 95 % intervals; a "
                "line with its temperature stands where a Boltzmann law describes them (χ², "
                "p ≥ 0.01)."
            )
            yield Exhibit.of_scan("boltzmann", words, caption, figure, rows)


def _temperatures(results: ResultsFile, binning: Binning) -> pd.DataFrame:
    if not results.molecules:
        return pd.DataFrame()
    known = ladders(results.molecules)
    return rotational_temperatures(results.points, results.trajectories, known, binning)


def ladders(molecules: Mapping[str, Species]) -> Levels:
    """The levels that final states of each molecule are compared with."""
    return {
        formula: levels(HIGHEST["v"], HIGHEST["J"], species.curve, reduced_mass(*species.masses))
        for formula, species in molecules.items()
    }
