"""Final states of the scattered."""

from collections.abc import Mapping

import pandas as pd

from scatter.analysis import (
    Binning,
    Species,
    channels,
    rotational_temperatures,
    transitions,
)
from scatter.analysis.rotation import Levels
from scatter.ebk import levels, reduced_mass
from scatter.plots.states import channels_figure, state_maps
from scatter.report.document import Exhibit, Section, records, shown
from scatter.results.folder import ResultsFile

HIGHEST = {"v": 6, "J": 30}  # levels that final states are compared with


def state_section(results: ResultsFile, binning: Binning) -> Section:
    """State-to-state probabilities, vibrational channels and rotational temperatures."""
    exhibits = []
    binning = results.alike(binning)
    seen = results.points, results.trajectories, binning
    sentences = [f"Final quantum numbers are real; read here by {binning.name}."]
    for words, rows in shown(results, transitions(*seen), sentences):
        caption = (
            "final states of the scattered. Numbers are probabilities among the scattered; in "
            "the file each has its 95 % interval."
        )
        exhibits.append(Exhibit.of_scan("states", words, caption, state_maps(rows), rows))
    for words, rows in shown(results, channels(*seen)):
        if not (rows.P > 0).any():
            sentences.append(f"{words}: nothing scattered, so there are no final states.")
            continue
        caption = (
            "probability that a trajectory scatters with the same, a higher or a lower v, with "
            "95 % intervals."
        )
        exhibits.append(Exhibit.of_scan("vibration", words, caption, channels_figure(rows), rows))
    temperatures = _temperatures(results, binning)
    if len(temperatures):
        columns = results.columns(
            *("molecule", "v", "J", "energy_eV", "v_final", "scattered"),
            *("temperature_K", "low_K", "high_K"),
        )
        caption = (
            "Rotational temperature of the scattered within each final v' (largest likelihood; "
            "bootstrap intervals of 95 %)."
        )
        exhibits.append(
            Exhibit("rotational_temperatures", caption, rows=records(temperatures), columns=columns)
        )
    return Section("Final states", sentences, exhibits)


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
