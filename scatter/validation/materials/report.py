"""The section of a validation's report about crystals."""

from collections.abc import Iterator

from scatter.validation.markdown import (
    Rows,
    figures,
    number,
    property_header,
    property_rows,
    table,
)
from scatter.validation.materials.merit import HALF
from scatter.validation.pieces import Piece


def materials_section(piece: Piece, validation: Piece) -> Iterator[str]:
    """The lines: what each crystal is on both potentials, and the figure of merit."""
    yield "## Materials"
    if piece["merit"] is not None:
        yield ""
        yield (
            f"Figure of merit **{piece['merit']:.1f}** of 100: the mean of the scores of a "
            "crystal's categories, and of the crystals. With a category's numbers p on the "
            "potential and r on the reference, ε = |p - r| / |r|, and the score is "
            "100 / (1 + ε / τ); what the reference has and the potential lacks scores 0."
        )
        yield ""
        yield from table(*score_table(piece))
    if piece["phases"]:
        yield ""
        yield from table(property_header(validation), property_rows(piece["phases"]))
    for name, part in piece["crystals"].items():
        yield ""
        yield f"### {name}"
        if part["rows"]:
            yield ""
            yield from table(property_header(validation), property_rows(part["rows"]))
        for sentence in part["failures"]:
            yield ""
            yield f"Not found: {sentence}."
        yield from figures(part)


def score_table(piece: Piece) -> tuple[list[str], Rows]:
    """ε and score of each category of each crystal, and the mean of the scores."""
    crystals = {name: part for name, part in piece["crystals"].items() if part["scores"]}
    header = ["category", "τ", *(f"{name}: ε, score" for name in crystals)]
    rows = []
    for category, half in HALF.items():
        entries = [_of(category, part) for part in crystals.values()]
        if any(entries):
            rows.append([category, f"{100 * half:g} %", *(each or "—" for each in entries)])
    means = [number(part["merit"]) for part in crystals.values()]
    return header, [*rows, ["mean", "", *means]]


def _of(category: str, part: Piece) -> str:
    """ε and score; nothing where the reference lacks the category."""
    for score in part["scores"]:
        if score["category"] == category:
            error = "—" if score["error"] is None else f"{100 * score['error']:.2g} %"
            return f"{error}, {score['score']:.0f}"
    return ""
