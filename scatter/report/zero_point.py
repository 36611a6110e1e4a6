"""How a campaign treats the zero-point energy, in sentences and tables."""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from scatter import foreign
from scatter.analysis.zero_point import sentences, zero_point
from scatter.report.document import Exhibit, records
from scatter.results.folder import ResultsFile
from scatter.settings import UserError

FILE = "zero_point.json"  # in a campaign's folder, of `scatter zero-point`
SOFT = ("scattered", "soft", "soft_share", "soft_low", "soft_high")
BELOW = ("threshold_eV", "total_eV", "below", "S0_above", "S0_above_low", "S0_above_high")
LEAKING = 0.1  # of a mode's zero point: a drift that is worth a sentence

Told = Mapping[str, list[dict[str, Any]]]


def told_of(folder: Path | None) -> Told:
    """What `scatter zero-point` has kept in a folder; nothing where it was not asked.

    Raises:
        UserError: the file there is not one of its.
    """
    none: Told = {"thresholds": [], "drifts": []}
    if folder is None or not (folder / FILE).is_file():
        return none
    try:
        stored = {**none, **json.loads(foreign.text(folder / FILE, most=2**20))}
        for row in stored["thresholds"]:
            if not (isinstance(row["facet"], str) and isinstance(row["molecule"], str)):
                raise ValueError("a threshold of nothing")
            if not isfinite(row["threshold_eV"]):
                raise ValueError("a threshold that is not a number")
        for row in stored["drifts"]:
            if not isfinite(row["rms_of_zero_point"]):
                raise ValueError("a drift that is not a number")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{folder / FILE}: is not a file of `scatter zero-point` ({foreign.reason(error)}); "
            "give that command again, or delete the file"
        ) from error
    return stored


def told_together(folders: Sequence[Path]) -> Told:
    """What is kept in the folders of several campaigns, which are one result."""
    stored = [told_of(folder) for folder in dict.fromkeys(folders)]
    return {
        name: [row for each in stored for row in each[name]] for name in ("thresholds", "drifts")
    }


def zero_point_table(results: ResultsFile, stored: Told) -> pd.DataFrame:
    """A row for each point (`scatter.analysis.zero_point`)."""
    known = {
        (row["facet"], row["molecule"]): float(row["threshold_eV"]) for row in stored["thresholds"]
    }
    molecules = results.molecules if results.kind == "diatomic" else {}
    return zero_point(results.points, results.trajectories, molecules, known)


def describe(stored: Told, table: pd.DataFrame) -> Iterator[str]:
    """All that is known, in sentences."""
    yield from sentences(table)
    for row in stored["thresholds"]:
        if "crossover_K" in row:
            yield (
                f"{row['molecule']} on ({row['facet']}), {row['site']}: V_b = "
                f"{row['barrier_eV']:.3f} eV, ZPE at the saddle {row['zero_point_eV']:.3f} eV "
                f"(slab fixed), imaginary frequency {row['imaginary_per_cm']:.0f}i per cm: "
                f"tunnelling dominates below T_c = {row['crossover_K']:.0f} K."
            )
    for formula in dict.fromkeys(row["molecule"] for row in stored["drifts"]):
        mine = [row for row in stored["drifts"] if row["molecule"] == formula]
        worst = max(mine, key=lambda row: row["rms_of_zero_point"])
        advice = ": energy leaks between modes, so do not trust mode-specific results" * (
            worst["rms_of_zero_point"] > LEAKING
        )
        yield (
            f"Zero-point leakage of {formula} alone in {worst['time_fs']:.0f} fs: the energy of "
            f"mode {worst['mode']} drifts most, by {worst['rms_of_zero_point']:.1%} (rms) of its "
            f"zero point{advice}."
        )


def zero_point_exhibits(results: ResultsFile, stored: Told) -> tuple[list[str], list[Exhibit]]:
    """Sentences and tables for the section on quality; none of what has no zero point."""
    if results.kind not in ("diatomic", "polyatomic"):
        return [], []
    table = zero_point_table(results, stored)
    exhibits = []
    if len(table) and {"soft", "below"} & {*table}:
        own = [name for name in ("n", *SOFT, *BELOW) if name in table]
        exhibits.append(
            Exhibit(
                "zero_point",
                "Zero-point energy: scattered molecules that vibrate less than a quantum molecule "
                "can (soft: v' < -0.1), and dissociated ones with less energy than V_b + ZPE of "
                "the saddle (below); 95 % intervals.",
                rows=records(table),
                columns=results.columns("molecule", "v", "J", "state", "energy_eV", *own),
            )
        )
    if stored["drifts"]:
        caption = (
            "RMS drift of the mode energies of the lone molecule in the time of a trajectory, in "
            "units of each mode's zero-point energy; harmonic, and so approximate."
        )
        exhibits.append(Exhibit("zero_point_leakage", caption, rows=stored["drifts"]))
    return [*describe(stored, table)], exhibits
