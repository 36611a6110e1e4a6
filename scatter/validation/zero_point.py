"""`scatter zero-point`: what a report needs to tell how its campaign treats the zero point."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from scatter.campaign.projectiles import quantise
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import opened
from scatter.config import Input, Source, read
from scatter.facets import FACETS
from scatter.files import write_whole
from scatter.initial.formulas import isotopes
from scatter.initial.leakage import mode_drift
from scatter.potentials.base import Potential
from scatter.report.terminal import console, say
from scatter.report.zero_point import FILE, describe, zero_point_table
from scatter.results.folder import ResultsFile
from scatter.settings import UserError
from scatter.validation.neb import Band, minimum_energy_path
from scatter.validation.saddle import Threshold, threshold_of

MEMBERS = 32  # molecules that fly, of each formula


def write_zero_point(
    path: Path,
    site: str | None = None,
    threshold_eV: float | None = None,
    trust_pickle: bool = False,
) -> None:
    """Find threshold and drifts of a campaign that has run; keep them in its folder, print them.

    Args:
        path: `input.toml`.
        site: of the minimum-energy path; by default the first of each facet.
        threshold_eV: V_b + ZPE_TS, above the molecule at rest; in place of a path.
        trust_pickle: the user trusts where a pickled potential came from.

    Raises:
        UserError: the campaign has not run, or there is no path, and no threshold is given.
    """
    source = read(path)
    results = ResultsFile.of(source.output)
    _refuse(source, threshold_eV)
    sections: dict[str, list[dict[str, object]]] = {"thresholds": [], "drifts": []}
    potential = opened(source, trust_pickle, Ranks()).potential.host
    if threshold_eV is not None:
        sections["thresholds"] = [
            {"facet": facet, "molecule": formula, "threshold_eV": threshold_eV}
            for facet in source.input.surface.labels
            for formula in source.input.molecule.formula
        ]
    elif source.input.kind == "diatomic":
        sections["thresholds"] = [
            _told(each) for each in _thresholds(source.input, potential, site)
        ]
    if source.input.kind == "polyatomic":
        time_fs = float(np.median(results.trajectories["time_fs"]))
        sections["drifts"] = _drifts(source.input, potential, time_fs)
    write_whole(source.output / FILE, json.dumps(sections, indent=1).encode())
    shown = console(True)
    for sentence in describe(sections, zero_point_table(results, sections)):
        say(shown, sentence)
    say(shown, f"kept: {source.output / FILE}; scatter report {source.output} shows it")


def _refuse(source: Source, threshold_eV: float | None) -> None:
    """Raise UserError where there is nothing to find out."""
    input, surface = source.input, source.input.surface
    if input.kind not in ("diatomic", "polyatomic"):
        raise UserError(
            f"zero-point: {source.path}, [molecule] formula = '{input.molecule.formula[0]}' has "
            f"no zero-point energy of its own"
        )
    built = surface.file is None and surface.crystal == "fcc" and {*surface.facet} <= {*FACETS}
    if input.kind == "diatomic" and threshold_eV is None and not built:
        raise UserError(
            f"zero-point: {source.path}, [surface]: paths are known on fcc {', '.join(FACETS)} "
            "only; give V_b + ZPE of the saddle by --threshold, in eV"
        )


def _thresholds(input: Input, potential: Potential, site: str | None) -> list[Threshold]:
    """One for each facet and molecule; isotopes share a path."""
    thresholds = []
    for facet in input.surface.facet:
        formula = input.molecule.formula[0]
        path = minimum_energy_path(potential, facet, site, input.surface.element, formula, Band())
        for isotope in input.molecule.formula:
            masses = np.array([m for _, m in isotopes(isotope, input.molecule.masses_amu)])
            thresholds.append(threshold_of(path, potential, isotope, masses))
    return thresholds


def _told(threshold: Threshold) -> dict[str, object]:
    own = {"threshold_eV": threshold.threshold_eV, "crossover_K": threshold.crossover_K}
    return {**asdict(threshold), **own}


def _drifts(input: Input, potential: Potential, time_fs: float) -> list[dict[str, object]]:
    """How far the mode energies of every lone molecule drift in the time of a trajectory."""
    rows: list[dict[str, object]] = []
    for formula in input.molecule.formula:
        _, quantised = quantise(input, formula, potential, potential, lambda _: None)
        modes, pool = quantised.modes, next(iter(quantised.pools.values()))
        some = pool.positions[:MEMBERS], pool.momenta[:MEMBERS]
        drift = mode_drift(modes, potential, *some, time_fs)
        rows += [
            {
                "molecule": formula,
                "mode": k + 1,
                "per_cm": float(modes.wavenumbers[k]),
                "time_fs": time_fs,
                "rms_of_zero_point": float(drift[k]),
            }
            for k in range(len(modes))
        ]
    return rows
