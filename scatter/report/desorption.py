"""What came of shots on dividing surfaces, written into a folder and printed."""

from collections.abc import Sequence
from math import log
from pathlib import Path

from rich.console import Console

from scatter.analysis.clustered import Known, Z
from scatter.phrases import interval
from scatter.plots.conditions import head
from scatter.plots.style import save
from scatter.report.desorbed import (
    Point,
    exhibits_of,
    notes,
    points_of,
    state_rows,
    sticking_rows,
    table_of,
)
from scatter.report.document import Exhibit, Row, write_rows
from scatter.report.listing import Listing
from scatter.report.table import common_words
from scatter.report.terminal import say
from scatter.results.folder import ResultsFile
from scatter.settings import UserError


def report_desorption(
    folder: Path, console: Console, anchor: tuple[float, Known] | None = None
) -> list[Row]:
    """Write tables and figures of what desorbs, and print them; answer the rows.

    `desorption.csv` has a row for each point, `desorption_states.csv` for each final state,
    `desorption_S0.csv` S0(E, v, J) by regression, where enough came out.

    Args:
        folder: of the campaign.
        console: where to speak.
        anchor: a temperature (K), and the thermal sticking there that another campaign found.

    Raises:
        UserError: there are no results, or they are of beams.
    """
    results = ResultsFile.of(folder)
    points = points_of(results)
    rows, curves = table_of(points, anchor), sticking_rows(points)
    write_rows(folder / "desorption.csv", rows)
    written = [folder / "desorption.csv"]
    for stem, lines in (("states", state_rows(points)), ("S0", curves)):
        if lines:
            written.append(folder / f"desorption_{stem}.csv")
            write_rows(written[-1], lines)
    figures = [folder / f"{exhibit.stem}.png" for exhibit in _drawn(folder, points, curves)]
    show_desorption(points, rows, console)
    say(console, f"tables: {', '.join(map(str, written))}")
    if figures:
        say(console, f"figures: {', '.join(map(str, figures))}")
    return rows


def _drawn(folder: Path, points: Sequence[Point], curves: Sequence[Row]) -> list[Exhibit]:
    """Write the figures; answer what they are."""
    exhibits = exhibits_of(points, curves)
    for exhibit in exhibits:
        if exhibit.figure is not None:
            head(exhibit.figure, exhibit.title)
            save(exhibit.figure, folder / exhibit.stem)
    return exhibits


def show_desorption(points: Sequence[Point], rows: Sequence[Row], console: Console) -> None:
    """Print how shots ended, what came out, thermal sticking, and what to know about it."""
    title = common_words([point.row for point in points])
    named = list(zip(points, rows, strict=True))
    ends = ("n", "desorbed", "recrossed", "scat", "undec", "fail", "κ", "95 %")
    console.print(Listing(["point"], ends, [([p.name], _ends(row)) for p, row in named], title))
    what = ("⟨E⟩ eV", "⟨E_n⟩ eV", "T_∥ K", "T_rot K", "T_vib K", "cosⁿ: n")
    console.print(Listing(["point"], what, [([p.name], _means(row)) for p, row in named]))
    stick = ("S_th", "95 %", "k m/s", *["anchored"] * ("S_anchored" in rows[0]))
    console.print(Listing(["point"], stick, [([p.name], _sticks(row)) for p, row in named]))
    for sentence in notes(points):
        say(console, sentence)


def _ends(row: Row) -> list[str]:
    names = ("n", "desorbed", "recrossed", "scattered", "undecided", "failed")
    kappa = interval(row["kappa_low"], row["kappa_high"], ".3f")
    return [*(str(row[name]) for name in names), f"{row['kappa']:.4f}", kappa]


def _means(row: Row) -> list[str]:
    energies = [
        f"{row[f'mean_{name}_eV']:.3f} ± {_half(row, f'mean_{name}', 'eV'):.3f}"
        for name in ("translational", "normal")
    ]
    kelvin = [
        f"{row[f'T_{name}_K']:.0f} ± {_half(row, f'T_{name}', 'K'):.0f}"
        for name in ("lateral", "rotational", "vibrational")
    ]
    exponent = f"{row['cos_exponent']:.1f} ± {_half(row, 'cos_exponent', ''):.1f}"
    return [*energies, *kelvin, exponent]


def _half(row: Row, name: str, unit: str) -> float:
    """Half of a 95 % interval."""
    after = f"_{unit}" if unit else ""
    return 0.5 * (row[f"{name}_high{after}"] - row[f"{name}_low{after}"])


def _sticks(row: Row) -> list[str]:
    numbers = [
        f"{row['S_thermal']:.3g}",
        interval(row["S_thermal_low"], row["S_thermal_high"], ".3g"),
        f"{row['rate_m_s']:.3g}",
    ]
    if "S_anchored" in row:
        low, high = row["S_anchored_low"], row["S_anchored_high"]
        numbers.append(f"{row['S_anchored']:.3g} ({interval(low, high, '.3g')})")
    return numbers


def anchor_of(text: str) -> tuple[float, Known]:
    """A temperature (K) and the sticking there from the words of the command line.

    Raises:
        UserError: they are not four numbers that make an anchor.
    """
    try:
        T_K, S0, low, high = (float(word) for word in text.split(","))
    except ValueError:
        raise UserError(
            f"--anchor {text}: must be T,S0,LOW,HIGH, as 1500,0.005,0.0045,0.0056"
        ) from None
    if not (T_K > 0 and 0 < low <= S0 <= high <= 1):
        raise UserError(f"--anchor {text}: needs a temperature, and 0 < LOW <= S0 <= HIGH <= 1")
    return T_K, Known(S0, S0 * log(high / low) / (2 * Z), low, high)
