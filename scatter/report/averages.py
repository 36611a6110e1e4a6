"""`scatter average`: what experiments measure, from points that a campaign has computed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from math import exp, isfinite
from pathlib import Path

from rich.console import Console

from scatter.analysis import (
    Beam,
    BeamSticking,
    Desorption,
    Library,
    Sticking,
    ThermalSticking,
    beam_sticking,
    desorption,
    thermal_sticking,
)
from scatter.analysis.clustered import Known
from scatter.analysis.library import SAME
from scatter.analysis.motion import Species
from scatter.analysis.spins import spin_weights
from scatter.analysis.words import conditions_of, leaving_out, phrases, title_of
from scatter.conditions import STATE, Value, applying
from scatter.ebk import Level, Unbound, level, levels, reduced_mass
from scatter.outputs import refuse_no_folder
from scatter.phrases import interval
from scatter.plots.conditions import head
from scatter.plots.desorption import desorption_figure
from scatter.plots.style import save
from scatter.report.choice import chosen
from scatter.report.desorption import report_desorption
from scatter.report.document import records, write_rows
from scatter.report.listing import Listing
from scatter.report.terminal import say
from scatter.results.folder import COUNTED, ResultsFile
from scatter.results.together import results_of
from scatter.settings import UserError
from scatter.units import K

LOWEST = {"v": 3, "J": 20}  # that levels are taken up to, however cold
NOTABLE = 1e-4  # of the population of the ground state, down to which levels are taken

Averaged = BeamSticking | ThermalSticking | Desorption
Cell = str | float | None


@dataclass(frozen=True)
class Wanted:
    """What is to be averaged over, and which points of a campaign.

    Attributes:
        beams: molecular beams.
        gases_K: temperatures of gases.
        surfaces_K: temperatures of surfaces that molecules desorb from.
        nearest_J: let states without points follow the curve of the nearest J.
        chosen: what is to be taken where points differ, by condition (of `choice.OPTIONS`).
        anchor: of a desorption campaign: a temperature (K), and thermal sticking known there.
    """

    beams: Sequence[Beam] = ()
    gases_K: Sequence[float] = ()
    surfaces_K: Sequence[float] = ()
    nearest_J: bool = False
    chosen: Mapping[str, Value] = field(default_factory=dict)
    anchor: tuple[float, Known] | None = None

    @property
    def hottest_K(self) -> float:
        """The highest temperature that levels are populated at."""
        hot = [beam.nozzle_K * max(1.0, beam.cooling) for beam in self.beams]
        return max([*hot, *self.gases_K, *self.surfaces_K])


def average(
    folders: Path | Sequence[Path], wanted: Wanted, console: Console, output: Path | None = None
) -> list[dict[str, Cell]]:
    """Average over beams, gases in equilibrium, and what desorbs; print it and write it.

    `averages.csv` has a row for each; `desorption_<T>K.csv` the populations of the states, and the
    figure of the same name the energies and times of flight of what desorbs at T. A desorption
    campaign is reported as it is (`desorption.report_desorption`). Where the points
    of a campaign differ in more than state and energy, what was chosen of them stands in the names
    of the files.

    Args:
        folders: of a campaign along the incidence energy, in one or more states; or of several
            that are taken as one (`results_of`).
        wanted: the averages.
        console: where to speak.
        output: folder to write into; by default the first campaign's.

    Raises:
        UserError: nothing is asked for, there are no results, they differ in what was not chosen,
            or lack the molecule's curve or every state that is populated.
    """
    folders = [folders] if isinstance(folders, Path) else folders
    folder = into(output, folders)
    asked = bool(wanted.beams or wanted.gases_K or wanted.surfaces_K)
    if any(ResultsFile.of(each, COUNTED).kind == "desorption" for each in folders):
        _refuse_unmeant(folders, asked or wanted.nearest_J or bool(wanted.chosen) or bool(output))
        return [{**row} for row in report_desorption(folders[0], console, wanted.anchor)]
    if wanted.anchor:
        raise UserError("--anchor: applies to desorption campaigns only, and this one fired beams")
    if not asked:
        raise UserError(
            f"{folders[0]}: nothing to average over; give --beam V0,ALPHA,T, --gas T or "
            "--desorption T"
        )
    return _of_beams(folders, folder, wanted, console)


def _of_beams(
    folders: Sequence[Path], folder: Path, wanted: Wanted, console: Console
) -> list[dict[str, Cell]]:
    """Average over the points of beams, and write into a folder; see `average`."""
    results = results_of(folders)
    results.refuse_other_than_diatomics("an average over rovibrational states")
    points, suffix = chosen(folders[0], results.rows, wanted.chosen)
    species = _species(results, points[0].molecule)
    library = Library.of(points, (float(species.masses[0]), float(species.masses[1])))
    averages = [*_averages(library, populated_levels(species, wanted.hottest_K), wanted)]
    for name, computed in averages:
        _refuse_empty(name, computed, library)
    title = _title(points)
    for name, computed in averages:
        if isinstance(computed, Desorption):
            stem = folder / f"desorption_{computed.surface_K:g}K{suffix}"
            _write_desorption(stem, computed, f"{title}, {name}")
    rows = [
        {"average": name, **_conditions(points[0]), **_plain(computed)}
        for name, computed in averages
    ]
    table = folder / f"averages{suffix}.csv"
    names = dict.fromkeys(name for row in rows for name in row)
    write_rows(table, [{name: row.get(name) for name in names} for row in rows])
    console.print(average_table(title, averages))
    for name, computed in averages:
        followed = [computed.followed] if isinstance(computed, Desorption) else []
        for sentence in (*followed, *computed.warnings):
            say(console, f"{name}: {sentence}")
    say(console, f"table: {table}")
    return rows


def into(output: Path | None, folders: Sequence[Path]) -> Path:
    """The folder to write into: the one that was named, or the first campaign's.

    Raises:
        UserError: a file stands there.
    """
    if output is None:
        return folders[0]
    refuse_no_folder("--output", output)
    output.mkdir(parents=True, exist_ok=True)
    return output


def _refuse_unmeant(folders: Sequence[Path], asked: bool) -> None:
    """Raise UserError where options of beams, or several folders, go with desorption."""
    named = f"{', '.join(map(str, folders))}: holds shots from a dividing surface"
    if asked:
        raise UserError(
            f"{named}, which describe gases and desorption at their own temperatures; leave "
            "out all options but --anchor"
        )
    if len(folders) > 1:
        raise UserError(f"{named}, which are averaged alone; name one folder")


def _title(points: Sequence[Sticking]) -> str:
    """What all points share, but state and energy."""
    phrased = phrases([conditions_of(row) for row in points])
    return ", ".join(title_of([leaving_out(words, *STATE, "energy_eV") for words in phrased]))


def _write_desorption(stem: Path, desorbed: Desorption, title: str) -> None:
    """The populations of what desorbs as CSV, and its figure."""
    write_rows(stem.with_name(f"{stem.name}.csv"), records(desorbed.states()))
    figure = desorption_figure(desorbed)
    head(figure, title)
    save(figure, stem)


def _averages(
    library: Library, ladder: Sequence[Level], wanted: Wanted
) -> Iterator[tuple[str, Averaged]]:
    """Each average with its name."""
    near, fitted = wanted.nearest_J, library.fitted() if wanted.surfaces_K else library
    for beam in wanted.beams:
        name = f"beam at {beam.velocity_m_s:g} m/s, nozzle {beam.nozzle_K:g} K"
        yield name, beam_sticking(library, beam, ladder, nearest_J=near)
    for T in wanted.gases_K:
        yield f"gas at {T:g} K", thermal_sticking(library, T, ladder, nearest_J=near)
    for T in wanted.surfaces_K:
        yield f"desorption at {T:g} K", desorption(fitted, ladder, T, nearest_J=near)


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


def _species(results: ResultsFile, formula: str) -> Species:
    if formula not in results.molecules:
        raise UserError(
            "these results lack the molecule's bond curve, which gives its levels; run the same "
            "campaign again to add it (nothing else is run again)"
        )
    return results.molecules[formula]


def populated_levels(species: Species, hottest_K: float) -> Sequence[Level]:
    """The levels of a molecule up to those that are hardly populated at a temperature.

    Hydrogen holds few: v up to 3 and J up to 20, which is where they end at the least. Heavier
    molecules hold many more; all are taken down to (2J + 1) exp(-E/kT) = 1e-4.

    Args:
        species: masses and bond curve.
        hottest_K: the temperature.
    """
    curve, mu, kT = species.curve, reduced_mass(*map(float, species.masses)), K * hottest_K
    ground = level(0, 0, curve, mu).energy

    def last(least: int, energy: Callable[[int], float], weight: Callable[[int], int]) -> int:
        for n in count(least + 1):
            try:
                if weight(n) * exp(-(energy(n) - ground) / kT) < NOTABLE:
                    return n - 1
            except Unbound:
                return n - 1
        raise AssertionError

    v = last(LOWEST["v"], lambda v: level(v, 0, curve, mu).energy, lambda v: 1)
    J = last(LOWEST["J"], lambda J: level(0, J, curve, mu).energy, lambda J: 2 * J + 1)
    return levels(v, J, curve, mu)


def _refuse_empty(name: str, computed: Averaged, library: Library) -> None:
    """Raise UserError where nothing that was computed takes part in an average."""
    if computed.lacking > 1 - 1e-9:
        states = "; ".join(f"v = {v}, J = {J}" for v, J in library.curves)
        even, odd = spin_weights(library.molecule, library.masses_amu)
        only = (
            "" if even and odd else f" (nuclear spins leave it {'even' if even else 'odd'} J alone)"
        )
        raise UserError(
            f"{name}: of {library.molecule} none of the states that have been computed ({states}) "
            f"is populated there{only}; compute one that is, or use the nearest J with --nearest-j"
        )
    if not isfinite(_mean(computed)):
        raise UserError(f"{name}: S0 is 0 at every point, so by detailed balance nothing desorbs")


def _mean(computed: Averaged) -> float:
    return computed.mean_energy_eV if isinstance(computed, Desorption) else computed.S0


def _conditions(row: Sticking) -> dict[str, Cell]:
    """The conditions that all averaged points share, as columns."""
    shared = [name for name in SAME if name in applying(row) and name != "mJ"]
    return {"surface": row.surface, **{name: getattr(row, name) for name in shared}}


def _plain(computed: Averaged) -> dict[str, Cell]:
    """The numbers of an average; arrays belong elsewhere."""
    values = asdict(computed)
    return {name: value for name, value in values.items() if isinstance(value, float | str)}


def average_table(title: str, averages: Sequence[tuple[str, Averaged]]) -> Listing:
    """Mean, interval and bounds of each average."""
    lines = [([name], _numbers(computed)) for name, computed in averages]
    return Listing(["average"], ("mean", "95 %", "bounds"), lines, title)


def _numbers(computed: Averaged) -> list[str]:
    """Mean, interval and bounds of an average."""
    unit = " eV" if isinstance(computed, Desorption) else ""
    bounds = interval(computed.lowest, computed.highest, ".4g")
    return [
        f"{_mean(computed):.4g}{unit}",
        interval(computed.low, computed.high, ".4g"),
        bounds if isfinite(computed.lowest) else "–",
    ]
