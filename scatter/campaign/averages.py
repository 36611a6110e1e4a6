"""`scatter average`: what experiments measure, from points that a campaign has computed."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from scatter.campaign.listing import Listing
from scatter.campaign.page.document import write_rows
from scatter.campaign.page.results import Results
from scatter.campaign.terminal import say
from scatter.ebk import Level, levels, reduced_mass
from scatter.plots.desorption import desorption_figure
from scatter.plots.style import save
from scatter.settings import UserError
from scatter.statistics import (
    Beam,
    Cover,
    Library,
    beam_sticking,
    desorption,
    thermal_sticking,
)
from scatter.statistics.ledger import Species

HIGHEST = {"v": 3, "J": 20}  # levels that are taken to be populated


def average(
    folder: Path,
    beams: Sequence[Beam],
    gases_K: Sequence[float],
    surfaces_K: Sequence[float],
    nearest_J: bool,
    console: Console,
) -> list[dict[str, Any]]:
    """Average over beams, gases in equilibrium, and what desorbs; print it and write it.

    `averages.csv` has a row for each; `desorption_<T>K.csv` the populations of the states, and the
    figure of the same name the energies and times of flight of what desorbs at T.

    Args:
        folder: of a campaign along the incidence energy, in one or more states.
        beams: molecular beams.
        gases_K: temperatures of gases.
        surfaces_K: temperatures of surfaces that molecules desorb from.
        nearest_J: let states without points follow the curve of the nearest J.
        console: where to speak.

    Raises:
        UserError: there are no results, they differ in more than state and energy, or lack the
            molecule's curve.
    """
    results = Results.of(folder)
    library = Library.of(results.rows)
    molecule = _molecule(results, library.molecule)
    ladder, mass_amu = _levels(molecule), float(molecule.masses.sum())
    how = {"nearest_J": nearest_J, "mass_amu": mass_amu}
    found: list[tuple[str, Cover]] = [
        (f"beam at {beam.velocity_m_s:g} m/s, nozzle {beam.nozzle_K:g} K",
         beam_sticking(library, beam, ladder, **how)) for beam in beams
    ]  # fmt: skip
    found += [(f"gas at {T:g} K", thermal_sticking(library, T, ladder, **how)) for T in gases_K]
    for T in surfaces_K:
        one = desorption(library, ladder, T, **how)
        found.append((f"desorption at {T:g} K", one))
        stem = folder / f"desorption_{T:g}K"
        write_rows(stem.with_name(f"{stem.name}.csv"), one.states())
        save(desorption_figure(one), stem)
    rows = [{"average": name, **_plain(one)} for name, one in found]
    _print(rows, found, console)
    names = list(dict.fromkeys(name for row in rows for name in row))
    write_rows(folder / "averages.csv", [{name: row.get(name) for name in names} for row in rows])
    say(console, f"table: {folder / 'averages.csv'}")
    return rows


def beam_of(text: str, cooling: float) -> Beam:
    """A beam from the words of the command line, v0,α,T in m/s and K.

    Raises:
        UserError: they are not three numbers that make a beam.
    """
    try:
        velocity, width, nozzle = (float(word) for word in text.split(","))
    except ValueError:
        raise UserError(f"--beam {text}: must be V0,ALPHA,T, such as 4000,1000,1740") from None
    if not (velocity > 0 and width >= 0 and nozzle > 0):
        raise UserError(f"--beam {text}: V0 and T must be positive, and ALPHA not negative")
    return Beam(velocity, width, nozzle, cooling)


def _molecule(results: Results, formula: str) -> Species:
    if formula not in results.molecules:
        raise UserError(
            "these results do not hold the molecule's bond curve, which gives its levels: run the "
            "same campaign again to have it added (nothing else is run anew)"
        )
    return results.molecules[formula]


def _levels(one: Species) -> Sequence[Level]:
    return levels(HIGHEST["v"], HIGHEST["J"], one.curve, reduced_mass(*map(float, one.masses)))


def _plain(one: Any) -> dict[str, Any]:
    """The numbers of an average; arrays belong elsewhere."""
    return {
        each.name: getattr(one, each.name)
        for each in fields(one)
        if isinstance(getattr(one, each.name), float | str)
    }


def _numbers(row: dict[str, Any]) -> list[str]:
    """Mean, interval and bounds of an average."""
    name = "S0" if "S0" in row else "mean_energy_eV"
    unit = "" if name == "S0" else " eV"
    return [
        f"{row[name]:.4g}{unit}", f"{row['low']:.4g}-{row['high']:.4g}",
        f"{row['lowest']:.4g}-{row['highest']:.4g}" if np.isfinite(row["lowest"]) else "–",
    ]  # fmt: skip


def _print(
    rows: Sequence[dict[str, Any]], found: Sequence[tuple[str, Cover]], console: Console
) -> None:
    lines = [([row["average"]], _numbers(row)) for row in rows]
    console.print(Listing(["average"], ("mean", "95 %", "bounds"), lines))
    for name, one in found:
        for sentence in one.warnings:
            say(console, f"{name}: {sentence}")
