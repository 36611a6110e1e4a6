"""Final states of the scattered."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from scatter.analysis import (
    Species,
    channels,
    rotational_temperatures,
    transitions,
)
from scatter.ebk import levels, reduced_mass
from scatter.plots.states import channels_figure, state_maps
from scatter.report.document import Exhibit, Section
from scatter.report.results import Results, stem_of

HIGHEST = {"v": 6, "J": 30}  # levels that final states are compared with


def state_section(results: Results) -> Section:
    """State-to-state probabilities, vibrational channels and rotational temperatures."""
    exhibits = []
    seen = results.points, results.trajectories, results.binning
    sentences = [f"Final quantum numbers are real; read here by {results.binning.name}."]
    for words, found in results.shown(transitions(*seen), sentences):
        exhibits.append(Exhibit(
            f"states_{stem_of(words)}", f"{words}: final states of the scattered. Numbers are "
            "probabilities among the scattered; in the file each has its 95 % interval.",
            state_maps(found), found, (), words,
        ))  # fmt: skip
    for words, found in results.shown(channels(*seen), []):
        if not (found.P > 0).any():
            sentences.append(f"{words}: nothing scattered, so there are no final states.")
            continue
        exhibits.append(Exhibit(
            f"vibration_{stem_of(words)}", f"{words}: probability that a trajectory scatters with "
            "the same, a higher or a lower v, with 95 % intervals.",
            channels_figure(found), found, (), words,
        ))  # fmt: skip
    temperatures = _temperatures(results)
    if len(temperatures):
        exhibits.append(Exhibit(
            "rotational_temperatures", "Rotational temperature of the scattered within each final "
            "v' (largest likelihood; bootstrap intervals of 95 %).", None, temperatures,
            results.columns("molecule", "v", "J", "energy_eV", "v_final", "scattered",
                            "temperature_K", "low_K", "high_K"),
        ))  # fmt: skip
    return Section("Final states", sentences, exhibits)


def _temperatures(results: Results) -> pd.DataFrame:
    if not results.molecules:
        return pd.DataFrame()
    known = ladders(results.molecules)
    return rotational_temperatures(results.points, results.trajectories, known, results.binning)


def ladders(molecules: Mapping[str, Species]) -> dict[str, Any]:
    """The levels that final states of each molecule are compared with."""
    return {
        formula: levels(HIGHEST["v"], HIGHEST["J"], one.curve, reduced_mass(*one.masses))
        for formula, one in molecules.items()
    }
