"""The head of the page: in words what was asked, and what came out."""

from collections.abc import Sequence

from scatter.analysis import Sticking, scanned
from scatter.analysis.words import conditions_of, labels_of, leaving_out, phrases
from scatter.conditions import ADSORBED, grouped
from scatter.phrases import counted
from scatter.report.cells import worded
from scatter.report.desorbed import Point
from scatter.report.table import projectile_of
from scatter.results.folder import ResultsFile

MOST_CURVES = 4  # that are said in words


def asked(results: ResultsFile) -> str:
    """The question: what was fired at what, how often, on which potential."""
    rows = results.rows
    phrased = phrases([conditions_of(row) for row in rows])
    slabs = ", ".join(dict.fromkeys(f"{words['surface']} at {words['T_K']}" for words in phrased))
    states = [*dict.fromkeys(map(projectile_of, rows))]
    formulas = dict.fromkeys(row.molecule for row in rows)
    what = ", ".join(states if len(states) <= MOST_CURVES else formulas)
    if results.kind == ADSORBED:
        return f"What becomes of {what} on {slabs}? {_made(results)}"
    if results.kind == "desorption":
        return f"What desorbs of {what} from {slabs}? {_made(results)}"
    angles = ", ".join(dict.fromkeys(words["polar_deg"] for words in phrased))
    energies = sorted({row.energy_eV for row in rows})
    ends = " to ".join(dict.fromkeys(f"{energy:g}" for energy in (energies[0], energies[-1])))
    verb = "is" if len(states) == 1 else "are"
    question = f"How likely {verb} {what} to stick on {slabs}: {angles}, {ends} eV?"
    return f"{question} {_made(results)}"


def _made(results: ResultsFile) -> str:
    """From how many trajectories, on which potential."""
    rows, several = results.rows, len(results.campaigns)
    of = f" of {several} campaigns" if several > 1 else ""
    points = counted(len(rows), "point")
    desorption = results.kind == "desorption"
    runs = "shots from a dividing surface, both ways in time," if desorption else "trajectories"
    return (
        f"{sum(row.n for row in rows):,} {runs}{of} at {points}; "
        f"potential: {results.description['potential']}."
    )


def answered(results: ResultsFile) -> list[str]:
    """S0 at both ends of each curve, or the share that stays; the first few curves only."""
    axis = scanned(results.rows)
    groups = grouped(results.rows, axis)
    firsts = phrases([conditions_of(group[0]) for group in groups])
    labels = labels_of([leaving_out(words, axis) for words in firsts])
    name = "The share that stays is" if results.kind == ADSORBED else "S0 ="
    sentences = [
        f"{', '.join(label)}{': ' if label else ''}{name} {_ends(group, axis)}."
        for label, group in zip(labels[:MOST_CURVES], groups, strict=False)
    ]
    left = len(groups) - MOST_CURVES
    more = f"The table has the other {counted(left, 'curve')} too."
    return [*sentences, more] if left > 0 else sentences


def _ends(group: Sequence[Sticking], axis: str) -> str:
    """S0 of the first and of the last point of a curve."""
    ordered = sorted(group, key=lambda row: getattr(row, axis))
    ends = [ordered[0], *ordered[1:][-1:]]
    return " and ".join(f"{_value(row)} at {worded(axis, getattr(row, axis))}" for row in ends)


def _value(row: Sticking) -> str:
    if not row.sampled:
        return "not known (no trajectory has ended)"
    if not row.known:
        return f"not known, but between {row.lowest:.3g} and {row.highest:.3g},"
    if row.repeated is not None and row.repeated.doubt:
        return f"{row.S0:.2g} (interval refused: replicates differ too much)"
    return f"{row.S0:.3g} (95 % interval {row.low:.2g} to {row.high:.2g})"


def desorbed_in_words(points: Sequence[Point]) -> list[str]:
    """Thermal sticking and mean energy of each point, the first few only."""
    sentences = []
    for point in points[:MOST_CURVES]:
        S, E = point.desorbed.sticking, point.desorbed.means["translational"]
        sentences.append(
            f"{point.words}: thermal sticking probability {S.value:#.3g} (95 % {S.low:.2g} to "
            f"{S.high:.2g}); what desorbs has a mean translational energy of {E.value:.3f} eV "
            f"({E.low:.3f} to {E.high:.3f})."
        )
    return sentences
