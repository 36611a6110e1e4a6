r"""Several potentials beside a reference: crystal, expansion, paths, errors and sticking.

Usage: python scripts/potentials_beside.py OUT REFERENCE=FILE NAME=FILE ... (or under mpirun)

The first potential is what the others are compared with. In OUT: the figures `crystal`,
`expansion`, `paths` (a path of least energy on every facet) and, for every INPUT of --sticking,
`sticking-INPUT`; and `beside.md`, a table of their numbers. --structures are labelled frames, on
which errors are measured. What is finished is kept, so that the same command goes on, and further
potentials cost only themselves. A number that a potential does not have, such as a barrier where a
path does not end in atoms, is left out, and the reason is printed.
"""

import argparse
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
from rich.console import Console

import scatter
from scatter.analysis.curve import curves, scanned
from scatter.campaign.ranks import Ranks
from scatter.facets import FACETS
from scatter.files import write_whole
from scatter.kernels import kernel
from scatter.plots.properties import (
    Series,
    equation_of_state_figure,
    expansion_figure,
    paths_figure,
)
from scatter.plots.sticking import sticking_figure
from scatter.plots.style import save
from scatter.potentials.base import Potential
from scatter.potentials.table import potential_from_name
from scatter.settings import UserError
from scatter.structures import read_frames
from scatter.validation.eos import bulk_crystal
from scatter.validation.errors import errors_of
from scatter.validation.labels import labels_by
from scatter.validation.lattice import thermal_expansion
from scatter.validation.molecule import lone_molecule
from scatter.validation.neb import minimum_energy_path
from scatter.validation.pieces import Piece, kept, key_of

TEMPERATURES_K = (200.0, 400.0, 600.0, 800.0, 1000.0)
PATHS = [(facet, next(iter(FACETS[facet].routes))) for facet in FACETS]
Measure = Callable[[Potential], Piece]


class Beside:
    """What is measured on each of several potentials."""

    def __init__(self, options: argparse.Namespace, ranks: Ranks):
        """Open the potentials."""
        self.options, self.ranks, self.out = options, ranks, options.out
        named = [text.partition("=") for text in options.potentials]
        self.potentials = {
            name: ranks.agree(partial(potential_from_name, file)) for name, _, file in named
        }

    def run(self) -> None:
        """Measure what is not measured yet, and draw all of it."""
        found = self.ranks.share(self.properties)
        sticking = {path: self.sticking(path) for path in self.options.sticking}
        self.ranks.share(lambda: self.draw(found, sticking))

    def properties(self) -> dict[str, dict[str, Piece]]:
        """By potential and measure; on the first rank."""
        measures: dict[str, Measure] = {"crystal": crystal, "molecule": molecule}
        measures |= {f"path-{facet}": partial(path, facet, site) for facet, site in PATHS}
        if self.options.temperatures:
            kelvins = self.options.temperatures
            measures["expansion"] = partial(expansion, kelvins)
        if self.options.structures:
            measures["errors"] = partial(judged, self.options.structures)
        found: dict[str, dict[str, Piece]] = {name: {} for name in self.potentials}
        for what, measure in measures.items():
            for name, potential in self.potentials.items():
                found[name][what] = self._kept(name, potential, what, measure)
        return found

    def _kept(self, name: str, potential: Potential, what: str, measure: Measure) -> Piece:
        def measured() -> Piece:
            print(f"{name}: {what} ...", flush=True)
            try:
                return {**measure(potential), "figures": []}
            except UserError as error:
                return {"failure": str(error), "figures": []}

        shaping = {"potential": potential.identity, "kernel": kernel()}
        if what == "errors":
            frames = self.options.structures.read_bytes()
            shaping["structures"] = sha256(frames).hexdigest()
        if what == "expansion":
            shaping["temperatures"] = json.dumps(self.options.temperatures)
        piece = kept(self.out / name, what, key_of(what, **shaping), measured)
        if "failure" in piece:
            print(f"{name}: {what}: {piece['failure']}", flush=True)
        return piece

    def sticking(self, path: Path) -> dict[str, scatter.Results]:
        """The campaign of an input on every potential; on all ranks."""
        settings = tomllib.loads(path.read_text())
        settings.pop("potential", None)
        for text in self.options.set:
            key, _, value = text.partition("=")
            *tables, name = key.strip().split(".")
            place = settings
            for table in tables:
                place = place.setdefault(table, {})
            place |= value_of(name, value)
        found = {}
        for name, potential in self.potentials.items():
            if self.ranks.first:
                print(f"{name}: {path.stem} ...", flush=True)
            where = self.out / name / path.stem
            console = Console() if self.ranks.first else None
            found[name] = scatter.run(settings, potential=potential, folder=where, console=console)
        return found

    def draw(
        self,
        found: dict[str, dict[str, Piece]],
        sticking: dict[Path, dict[str, scatter.Results]],
    ) -> None:
        """Figures and the table; on the first rank."""
        save(equation_of_state_figure(series_of(found, "crystal"), "Cu"), self.out / "crystal")
        if self.options.temperatures:
            save(expansion_figure(series_of(found, "expansion"), "Cu"), self.out / "expansion")
        panels = {f"Cu({facet}) {site}": series_of(found, f"path-{facet}") for facet, site in PATHS}
        save(
            paths_figure({name: some for name, some in panels.items() if some}), self.out / "paths"
        )
        for input_path, results in sticking.items():
            draw_sticking(results, self.out / f"sticking-{input_path.stem}")
        write_whole(self.out / "beside.md", self.table(found, sticking).encode())
        print(f"figures and table: {self.out / 'beside.md'}")

    def table(
        self,
        found: dict[str, dict[str, Piece]],
        sticking: dict[Path, dict[str, scatter.Results]],
    ) -> str:
        """All numbers, a column for each potential."""
        lines = ["| | " + " | ".join(found) + " |", "|---" * (1 + len(found)) + "|"]
        names: dict[str, None] = {}
        for pieces in found.values():
            names |= {row: None for piece in pieces.values() for row in piece.get("rows", {})}
        for row in names:
            cells = [
                next((p["rows"][row] for p in pieces.values() if row in p.get("rows", {})), "")
                for pieces in found.values()
            ]
            lines.append(f"| {row} | {' | '.join(cells)} |")
        for results in sticking.values():
            lines += points_of(results)
        return "\n".join(lines) + "\n"


def value_of(name: str, value: str) -> dict[str, object]:
    """A key of an input and its value, as TOML.

    Raises:
        UserError: it is not a value of TOML.
    """
    try:
        return tomllib.loads(f"{name} = {value}")
    except tomllib.TOMLDecodeError as error:
        raise UserError(
            f"--set {name}={value}: not a value of TOML ({error}); texts have quotation marks"
        ) from None


def crystal(potential: Potential) -> Piece:
    """Energy by lattice constant, and what follows."""
    bulk = bulk_crystal(potential)
    rows = {
        "a(Cu) at rest (Å)": f"{bulk.lattice_constant:.4f}",
        "bulk modulus (GPa)": f"{bulk.bulk_modulus:.1f}",
    }
    return {"x": bulk.lattice_constants, "y": bulk.energies, "rows": rows}


def molecule(potential: Potential) -> Piece:
    """Bond and first vibration of H2."""
    lone = lone_molecule(potential)
    rows = {"r(H2) (Å)": f"{lone.curve.r_e:.4f}"}
    if (1, 0) in lone.spacings:
        rows["(1, 0) above (0, 0) (eV)"] = f"{lone.spacings[1, 0]:.4f}"
    return {"rows": rows}


def path(facet: str, site: str, potential: Potential) -> Piece:
    """The path of least energy on a facet, and its highest point."""
    way = minimum_energy_path(potential, facet, site)
    saddle = f"{way.barrier:.3f} at {way.bond:.2f}, {way.height:.2f}"
    rows = {f"barrier on ({facet}) {site} (eV), at r, Z (Å)": saddle}
    return {"x": way.coordinate, "y": way.energies, "rows": rows}


def expansion(kelvins: Sequence[float], potential: Potential) -> Piece:
    """The lattice constant by temperature."""
    found = thermal_expansion(potential, temperatures_K=kelvins)
    rows = {
        f"a(Cu) at {kelvin:g} K (Å)": f"{a:.4f} ± {error:.4f}"
        for kelvin, a, error in zip(kelvins, found.lattice_constants, found.errors, strict=True)
    }
    return {"x": kelvins, "y": found.lattice_constants, "error": found.errors, "rows": rows}


def judged(structures: Path, potential: Potential) -> Piece:
    """Errors on labelled frames, energies but for their zero on each slab."""
    frames = read_frames(structures)
    found = labels_by(potential, frames, structures)
    whole = errors_of(frames, found, structures)
    measured = {
        "E (meV)": whole.energy_shifted, "F (meV/Å)": whole.forces, "F on H (meV/Å)": whole.molecule
    }  # fmt: skip
    return {
        "rows": {f"RMSE of {n}": f"{e.rmse:.1f} ± {e.rmse_error:.1f}" for n, e in measured.items()}
    }


def series_of(found: dict[str, dict[str, Piece]], what: str) -> list[Series]:
    """What a figure shows of each potential that has it, the reference first."""
    some = []
    for name, pieces in found.items():
        piece = pieces[what]
        if "x" in piece:
            error = np.array(piece["error"]) if "error" in piece else None
            some.append(Series(name, np.array(piece["x"]), np.array(piece["y"]), error))
    return some


def draw_sticking(results: Mapping[str, scatter.Results], place: Path) -> None:
    """S0 on every potential, a figure for each set of conditions but the one that is scanned."""
    axis = scanned(next(iter(results.values())).read.rows)
    each = {name: curves(found.read.rows, axis, name) for name, found in results.items()}
    sets = [*zip(*each.values(), strict=True)]
    for n, those in enumerate(sets):
        end = f"-{n + 1}" if len(sets) > 1 else ""
        save(sticking_figure([], those, axis=axis), place.with_name(f"{place.name}{end}"))


def points_of(results: Mapping[str, scatter.Results]) -> Iterator[str]:
    """A row for each point: S0 and its 95 % interval on each potential."""
    for rows in zip(*(found.read.rows for found in results.values()), strict=True):
        one = rows[0]
        where = f"S0 on {one.surface or f'({one.facet})'}, v = {one.v}, {one.energy_eV:g} eV"
        cells = [f"{row.S0:.3f} ({row.low:.3f} to {row.high:.3f})" for row in rows]
        yield f"| {where} | {' | '.join(cells)} |"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("potentials", nargs="+", metavar="NAME=FILE", help="the reference first")
    parser.add_argument("--structures", type=Path, help="labelled frames (extxyz)")
    parser.add_argument("--temperatures", type=float, nargs="*", default=TEMPERATURES_K, help="K")
    parser.add_argument("--sticking", type=Path, nargs="*", default=[], help="inputs")
    parser.add_argument(
        "--set", nargs="*", default=[], help="TABLE.KEY=VALUE, in the inputs' place"
    )
    options = parser.parse_args()
    if any("=" not in text for text in (*options.potentials, *options.set)):
        parser.error("potentials are given as NAME=FILE, values of inputs as TABLE.KEY=VALUE")
    return options


def main() -> None:
    """Measure, and draw what there is."""
    ranks = Ranks()
    try:
        Beside(arguments(), ranks).run()
    except UserError as error:
        if ranks.first:
            print(error)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
