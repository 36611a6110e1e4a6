"""Points that were split, in words and tables: what they cost, and how far to trust them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from scatter.analysis import Sticking
from scatter.analysis.repeated import FEW_ANCESTORS, Passage, Repeated
from scatter.conditions import applying, grouped
from scatter.files import write_table
from scatter.phrases import interval
from scatter.report.listing import Listing
from scatter.report.table import point_names
from scatter.results.folder import ResultsFile

BARRIER_eV = 0.02  # an error of the potential that is worth a word
COLUMNS = (
    *("P", "low", "high", "spread", "replicates", "levels", "ancestors"),
    *("trajectories", "trajectory_steps", "unsettled", "gain", "thresholds", "steps"),
    *("passing", "acceptance", "each"),
)


def probability_in_words(P: Repeated) -> str:
    """A probability with its interval, or why there is none."""
    if P.doubt:
        return f"{P.mean:.3g}, interval refused: {P.doubt}"
    return f"{P.mean:.3g} ({P.low:.2g} to {P.high:.2g})"


def passage_in_words(passage: Passage) -> str:
    """What replicates of a point say, and what they cost."""
    P, gain = passage.probability, passage.gain
    known = f", {gain:,.2g} times fewer than crude ones" if np.isfinite(gain) else ""
    few = f"; ancestors: {passage.ancestors}" if passage.ancestors < FEW_ANCESTORS else ""
    return (
        f"P = {probability_in_words(P)}, {P.count} replicates, "
        f"{passage.trajectories:,} trajectories{known}{few}"
    )


def splitting_table(results: ResultsFile) -> Listing:
    """How each point that was split came through its levels."""
    names, lines = point_names(results.rows), []
    for place, passage in results.passages.items():
        P = passage.probability
        numbers = (
            *(f"{P.mean:.3g}", "refused" if P.doubt else interval(P.low, P.high, ".2g")),
            *(f"{P.spread:.0%}", str(P.count), str(len(passage.thresholds))),
            *(_range(passage.acceptance), str(passage.ancestors)),
            *(str(passage.trajectories), "" if P.doubt else f"{passage.gain:,.2g}"),
        )
        lines.append(([names[place]], numbers))
    product = results.sampling.target_product
    header = ("S0" if product is None else f"P({product})", "95 %", "δ", "R", "K")
    header = (*header, "kept", "anc", "run", "gain")
    return Listing(["split"], header, lines)


def _range(shares: Sequence[float]) -> str:
    """Of all levels."""
    return f"{100 * min(shares):.0f}-{max(shares):.0%}" if shares else ""


def splitting_sentences(results: ResultsFile) -> Iterator[str]:
    """What is to be said of them: refusals, warnings, and what an error of the barrier does."""
    names = point_names(results.rows)
    for place, passage in results.passages.items():
        if passage.probability.doubt:
            yield f"{names[place]}: interval refused: {passage.probability.doubt}"
        if passage.ancestors < FEW_ANCESTORS:
            yield (
                f"{names[place]}: the last starts of a replicate descend from "
                f"{passage.ancestors} fresh ones only; take more trajectories"
            )
        if passage.lost:
            yield (
                f"{names[place]}: {passage.lost} of {passage.trajectories} trajectories were "
                "undecided or failed, and are not among those that count"
            )
    if results.sampling.target_product is None:
        yield from slopes(results.rows)


def slopes(rows: Sequence[Sticking]) -> Iterator[str]:
    """How steep S0 is where it was split, and what that makes of an error of the barrier."""
    for group in grouped(rows, "energy_eV"):
        known = sorted((row for row in group if row.S0 > 0), key=lambda row: row.energy_eV)
        steep = [
            (np.log(high.S0 / low.S0) / (high.energy_eV - low.energy_eV), low, high)
            for low, high in pairwise(known)
            if low.repeated is not None or high.repeated is not None
        ]
        if steep:
            slope, low, high = max(steep, key=lambda each: each[0])
            yield (
                f"from {low.energy_eV:g} to {high.energy_eV:g} eV, d ln S0/dE = {slope:.0f} per "
                f"eV: a barrier that is wrong by {BARRIER_eV:g} eV changes S0 there "
                f"{np.exp(abs(slope) * BARRIER_eV):.1f} times"
            )


def splitting_row(passage: Passage) -> dict[str, object]:
    """A point that was split, as a row of a table."""
    P = passage.probability
    of_P = {"P": P.mean, "low": P.low, "high": P.high, "spread": P.spread, "replicates": P.count}
    counts = {"levels": len(passage.thresholds)}
    own = {name: getattr(passage, name) for name in COLUMNS if name not in of_P | counts}
    return {name: (of_P | counts | own)[name] for name in COLUMNS}


def write_splitting(path: Path, rows: Sequence[Sticking], known: Mapping[int, Passage]) -> None:
    """Write `splitting.csv`: a row for each point that was split; values of levels apart by ;."""
    names = applying(rows[0])
    cells = (
        [*(getattr(rows[number], name) for name in names), *map(_cell, passed.values())]
        for number, passed in ((n, splitting_row(passage)) for n, passage in known.items())
    )
    write_table(path, [*names, *COLUMNS], cells)


def _cell(value: object) -> object:
    return ";".join(map(str, value)) if isinstance(value, tuple) else value
