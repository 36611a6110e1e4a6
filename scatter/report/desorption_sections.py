"""The sections of the page on shots from dividing surfaces."""

from collections.abc import Sequence

from scatter.report.chart import Chart
from scatter.report.desorbed import (
    exhibits_of,
    notes,
    points_of,
    state_rows,
    sticking_rows,
    table_of,
)
from scatter.report.document import Exhibit, Row, Section
from scatter.results.folder import ResultsFile

POINT = ("surface", "T_K", "molecule")
COUNTS = ("n", "desorbed", "recrossed", "scattered", "undecided", "failed")
STICKS = (
    "Thermal sticking probability of a classical gas, the rate constant of sticking, and the share "
    "κ of the flux through the dividing surface that desorbs, with 95 % intervals; then how shots "
    "ended."
)
MEANS = {  # of a table's columns: how they begin, and the caption
    "energies": (("mean_",), "Mean energies of what desorbs, with 95 % intervals."),
    "temperatures": (
        ("T_normal", "T_lateral", "T_rotational", "T_vibrational", "cos_exponent"),
        "Temperatures that gases with these mean energies in their flux have, and n of the law "
        "cosⁿ ϑ of flux per solid angle, with 95 % intervals.",
    ),
}
CHART = Chart(
    *("T_K", "S_thermal", "Surface temperature (K)", "Thermal sticking probability"),
    *("S_thermal_low", "S_thermal_high", ("surface", "molecule")),
)


def desorption_sections(results: ResultsFile) -> list[Section]:
    """Thermal sticking, and what desorbs."""
    points = points_of(results)
    rows, curves = table_of(points), sticking_rows(points)
    several = len({row["T_K"] for row in rows}) > 1
    sticks = (*POINT, *_named(rows, ("S_thermal", "rate", "kappa")), *COUNTS)
    first = Exhibit("desorption", STICKS, None, rows, sticks, chart=CHART if several else None)
    means = [
        Exhibit(f"desorption_{stem}", caption, None, rows, (*POINT, *_named(rows, begin)))
        for stem, (begin, caption) in MEANS.items()
    ]
    lists = {
        "states": ("Shares of states in what desorbs.", state_rows(points)),
        "S0": (
            "S0 at normal incidence, by regression; near counts the shots around it.",
            curves,
        ),
    }
    more = [Exhibit(stem, caption, rows=its) for stem, (caption, its) in lists.items() if its]
    sentences = [f"{sentence}." if sentence[-1] != "." else sentence for sentence in notes(points)]
    return [
        Section("Thermal sticking", [], [first]),
        Section("Desorption", sentences, [*exhibits_of(points, curves), *means, *more]),
    ]


def _named(rows: Sequence[Row], begin: Sequence[str]) -> list[str]:
    """Columns whose names begin so, in this order."""
    return [name for first in begin for name in rows[0] if name.startswith(first)]
