"""What came of shots on dividing surfaces: tables and figures."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from scatter.analysis import Sticking
from scatter.analysis.clustered import Known
from scatter.analysis.desorbed import Desorbed, Divide, anchored, arrhenius
from scatter.analysis.resolved import FEWEST, resolved
from scatter.outcomes import Outcome
from scatter.phrases import interval
from scatter.plots.desorbed import desorbed_figure, resolved_figure, sticking_figure
from scatter.report.document import Exhibit, Row, stem_of
from scatter.report.table import point_names
from scatter.results.folder import ResultsFile
from scatter.rows import DESORBED, RECROSSED
from scatter.settings import UserError

SURFACES = "dividing_surfaces"  # in a results file
STATES, ENERGIES = ((0, 1), (1, 1)), np.arange(0.1, 1.51, 0.05)  # S0 of these is written
NEAR = 10  # shots around a point where S0 is written
WIDE = 100  # times that the end of an interval may be its beginning, where S0 is written
CLASSICAL = (
    "Molecules are classical here, inside as well: the gas that S_th is of has kT in its "
    "vibration and no zero-point energy. S0(E, v, J) at whole v and J is that of beams "
    "where it is above some 0.001; farther down it may be several times too high."
)


@dataclass(frozen=True)
class Point:
    """A point of a desorption campaign.

    Attributes:
        name: the conditions in which it differs from others.
        row: how its shots ended.
        desorbed: what came out.
    """

    name: str
    row: Sticking
    desorbed: Desorbed

    @property
    def stem(self) -> str:
        """What its figure is called."""
        return stem_of(f"desorption {self.row.facet} {self.row.T_K:g}K {self.row.molecule}")

    @property
    def words(self) -> str:
        """Its conditions in words."""
        return f"{self.row.molecule} from {self.row.surface or self.row.facet}, {self.row.T_K:g} K"


def points_of(results: ResultsFile) -> list[Point]:
    """The points of a desorption campaign.

    Raises:
        UserError: it is a campaign of beams, or does not say its dividing surfaces.
    """
    if results.kind != "desorption":
        raise UserError(
            f"{results.description.path}: holds beams; only a campaign with [incidence] kind = "
            '"desorption" tells what desorbs by itself'
        )
    codes = [ending.name for ending in results.description.own_endings]
    code = len(Outcome) + codes.index(DESORBED.name)
    names, made = point_names(results.rows), []
    for number, (name, row) in enumerate(zip(names, results.rows, strict=True)):
        mine = results.trajectories[results.trajectories["point"] == number]
        species = results.molecules[row.molecule]
        divide = _divide(results, f"{row.facet} {row.T_K:g} K {row.molecule}")
        made.append(Point(name, row, Desorbed(row.T_K, mine, code, species, divide)))
    return made


def _divide(results: ResultsFile, name: str) -> Divide:
    described = results.description[SURFACES]
    try:
        return Divide.of((json.loads(described) if isinstance(described, str) else described)[name])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{results.description.path}: its '{SURFACES}' does not say the surface '{name}'; run "
            f"the same campaign again to add it (nothing else is run again)"
        ) from error


def table_of(points: Sequence[Point], anchor: tuple[float, Known] | None = None) -> list[Row]:
    """A row for each point: shots, means, temperatures, thermal sticking; as `desorption.csv`."""
    scaled = _anchored(points, anchor)
    return [{**_summary(point), **extra} for point, extra in zip(points, scaled, strict=True)]


def _summary(point: Point) -> Row:
    row, desorbed = point.row, point.desorbed
    others = {ending.name: count for ending, count in row.others}
    return {
        **{name: getattr(row, name) for name in ("surface", "facet", "T_K", "molecule")},
        **{"n": row.n, "desorbed": others[DESORBED.name], "recrossed": others[RECROSSED.name]},
        **{name: getattr(row, name) for name in ("scattered", "undecided", "failed")},
        **asdict(desorbed.divide),
        **desorbed.kappa.named("kappa"),
        **_joined({k: v.named(f"mean_{k}", "eV") for k, v in desorbed.means.items()}),
        **desorbed.along_normal.named("mean_along_normal", "eV"),
        **_joined({k: v.named(f"T_{k}", "K") for k, v in desorbed.temperatures.items()}),
        **desorbed.exponent.named("cos_exponent"),
        **desorbed.sticking.named("S_thermal"),
        **desorbed.rate.named("rate", "m_s"),
    }


def _joined(parts: dict[str, dict[str, float]]) -> dict[str, float]:
    return {name: value for part in parts.values() for name, value in part.items()}


def _anchored(points: Sequence[Point], anchor: tuple[float, Known] | None) -> list[Row]:
    """S_th scaled to a crude one, for points of one surface and molecule; empty without one.

    Raises:
        UserError: the anchor is at none of the temperatures, or points differ in more than that.
    """
    if anchor is None:
        return [{} for _ in points]
    if len({(point.row.facet, point.row.molecule) for point in points}) > 1:
        raise UserError(
            "--anchor: applies to one surface and one molecule, and the campaign has several; "
            "name one with --facet or --molecule"
        )
    own = [(point.row.T_K, point.desorbed.sticking) for point in points]
    try:
        scaled = anchored(own, *anchor)
    except ValueError as error:
        raise UserError(f"--anchor: {error}") from error
    return [each.named("S_anchored") for each in scaled]


def state_rows(points: Sequence[Point]) -> list[Row]:
    """D(v, J) of every point."""
    return [{**_conditions(point), **row} for point in points for row in point.desorbed.states()]


def sticking_rows(points: Sequence[Point]) -> list[Row]:
    """S0 at normal incidence by regression, of `STATES`, where shots came out and tell it.

    With a name for each curve, so that `scatter plot` can lay them over others.
    """
    rows = []
    for point in points:
        if len(point.desorbed.out) < FEWEST:
            continue
        law = resolved(point.desorbed)
        for v, J in STATES:
            for E in ENERGIES.round(2).tolist():
                near = law.near(E, v, J)
                if near >= NEAR and (S0 := law.S0(E, v, J)).high < WIDE * S0.low:
                    label = f"shots: v={v}, J={J}; {point.words}"
                    known = {"S0": S0.value, "low": S0.low, "high": S0.high, "label": label}
                    state = {"v": v, "J": J, "energy_eV": E, "near": near}
                    rows.append({**_conditions(point), **state, **known})
    return rows


def _conditions(point: Point) -> Row:
    return {name: getattr(point.row, name) for name in ("surface", "facet", "T_K", "molecule")}


def exhibits_of(points: Sequence[Point], rows: Sequence[Row]) -> list[Exhibit]:
    """The figure of every point from which something came, S0 of states, and S_th against 1/T.

    Args:
        points: of a campaign.
        rows: of `sticking_rows`.
    """
    exhibits = [
        Exhibit(
            point.stem,
            f"{point.words}: flux by normal energy, with that of a gas in equilibrium; per solid "
            "angle, with the law cosⁿ ϑ; and by state, v and J rounded.",
            desorbed_figure(point.desorbed),
            title=point.words,
        )
        for point in points
        if len(point.desorbed.out) > 1
    ]
    if rows:
        curves: dict[str, list[tuple[float, float, float, float]]] = {}
        for row in rows:
            point = row["energy_eV"], row["S0"], row["low"], row["high"]
            curves.setdefault(row["label"], []).append(point)
        caption = (
            "S0 at normal incidence of states, with 95 % intervals, by regression; below some "
            "0.001 it may be several times too high."
        )
        exhibits.append(Exhibit("desorption_S0", caption, resolved_figure(curves)))
    if scans := [(name, each) for name, each in scans_of(points) if len(each) > 1]:
        caption = "Thermal sticking probability of a classical gas, with 95 % intervals."
        exhibits.append(Exhibit("thermal_sticking", caption, sticking_figure(scans)))
    return exhibits


def scans_of(points: Sequence[Point]) -> list[tuple[str, list[tuple[float, Known]]]]:
    """Thermal sticking by temperature, of each surface and molecule."""
    scans: dict[str, list[tuple[float, Known]]] = {}
    for point in points:
        name = f"{point.row.molecule} on {point.row.surface or point.row.facet}"
        scans.setdefault(name, []).append((point.row.T_K, point.desorbed.sticking))
    return [*scans.items()]


def notes(points: Sequence[Point]) -> list[str]:
    """Arrhenius energies, and what the numbers are not."""
    sentences = []
    for name, scan in scans_of(points):
        by_T = [(T, rate) for (T, _), rate in zip(scan, _rates(points, name), strict=True)]
        if energy := arrhenius(by_T):
            sentences.append(
                f"{name}: k(T) has an Arrhenius energy of {energy.value:.3f} eV (95 % "
                f"{interval(energy.low, energy.high, '.3f')}) from "
                f"{by_T[0][0]:g} to {by_T[-1][0]:g} K"
            )
    return [*sentences, CLASSICAL]


def _rates(points: Sequence[Point], name: str) -> list[Known]:
    mine = [p for p in points if f"{p.row.molecule} on {p.row.surface or p.row.facet}" == name]
    return [point.desorbed.rate for point in mine]
