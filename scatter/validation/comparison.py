"""`scatter compare`: two campaigns whose trajectories begin alike, and what they do otherwise.

The two inputs may differ in all that comes after a start: friction, time step, potential, guards.
Slabs, states and random numbers are those of the first input's potential.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from scatter.analysis.paired import PairedSticking, paired_sticking
from scatter.analysis.paired_means import paired_endings, paired_means
from scatter.campaign.arrival import refuse_no_arrival
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out, holding, opened, report
from scatter.config import Source, identity, read
from scatter.files import write_table
from scatter.plots.paired import paired_figure
from scatter.plots.style import save
from scatter.potentials.base import Potential
from scatter.report.failures import refuse_untrusted
from scatter.report.listing import Listing
from scatter.report.table import common_words, point_names
from scatter.report.terminal import console as console_of
from scatter.report.terminal import say
from scatter.results.folder import ResultsFile
from scatter.settings import UserError

FIRST, SECOND = "first", "second"  # folders of the two campaigns
TABLE, FIGURE = "comparison.csv", "comparison"
BEGINS = ("molecule", "incidence", "surface")  # tables that say how trajectories begin
BEGIN_KEYS = ("run.seed", "sampling.trajectories")


@dataclass(frozen=True)
class Comparison:
    """Two campaigns whose trajectories began alike.

    Attributes:
        names: of the first and the second: by what alone differs, or those of the inputs.
        sticking: of each point: the first is the reference, the second is compared with it.
        observables: of each point, second less first; see `paired_means`.
        agreement: how many pairs of each point became so on the first and so on the second; see
            `paired_endings`.
        folder: of both campaigns, the table and the figure.
    """

    names: tuple[str, str]
    sticking: list[PairedSticking]
    observables: pd.DataFrame
    agreement: pd.DataFrame
    folder: Path


def compare(
    first: Path, second: Path, output: Path | None = None, trust_pickle: bool = False
) -> Comparison:
    """Run two inputs from the same starts, or continue them; every rank must call this.

    Args:
        first: `input.toml`; slabs, states and random numbers are those of its potential.
        second: one that differs in what comes after the start.
        output: folder of both; by default in `runs`, named after both inputs.
        trust_pickle: the user trusts where pickled potentials came from.

    Raises:
        UserError: the inputs differ in how trajectories begin, or cannot be run.
        Untrusted: too many trajectories failed, or S0 of a point is not known; all is written.
    """
    ranks = Ranks()
    console = console_of(ranks.first)
    sources = ranks.share(lambda: _read(first, second))
    folder = output or Path("runs") / f"{first.stem}-{second.stem}"
    potential = _run(sources[0], None, folder / FIRST, trust_pickle, ranks, console)
    _run(sources[1], potential, folder / SECOND, trust_pickle, ranks, console)
    comparison = ranks.share(lambda: read_comparison(folder, names_of(*sources)))
    if ranks.first:
        _conclude(comparison, console)
    for name in (FIRST, SECOND):
        ranks.share(lambda name=name: refuse_untrusted(folder / name))
    return comparison


def _read(first: Path, second: Path) -> tuple[Source, Source]:
    """Both inputs, once their trajectories begin alike.

    Raises:
        UserError: they do not, or the inputs cannot be compared.
    """
    sources = read(first), read(second)
    for source in sources:
        refuse_no_arrival(source.input, source.path)
        if source.input.kind == "desorption":
            raise UserError(
                f"{source.path}, [incidence] kind = 'desorption': trajectories from a dividing "
                "surface are not compared in pairs; run both inputs, and compare their tables"
            )
        if source.input.sampling.splits:
            raise UserError(
                f"{source.path}, [sampling] method = '{source.input.sampling.method}': points that "
                "are split have no pairs of trajectories; write method = 'crude'"
            )
        if source.input.sampling.targeted:
            raise UserError(
                f"{source.path}, [sampling]: a target error cannot be asked for here, since "
                "the same number of trajectories is compared on both; give trajectories alone"
            )
    _refuse_other_starts(*sources)
    return sources


def _refuse_other_starts(first: Source, second: Source) -> None:
    """Raise UserError if trajectories of two inputs do not begin alike; name the key."""
    for key, (mine, other) in _differing(first, second).items():
        table, _, name = key.rpartition(".")
        if table.split(".")[0] in BEGINS or key in BEGIN_KEYS:
            raise UserError(
                f"{second.path}, [{table}] {name} = {other!r}: is {mine!r} in "
                f"{first.path}, and trajectories would not begin alike; give both the same"
            )


def names_of(first: Source, second: Source) -> tuple[str, str]:
    """Two inputs by the key that alone differs, or the kind of the table; else by their files."""
    differing = _differing(first, second)
    tables = {key.partition(".")[0] for key in differing}
    table = min(tables, default="")
    if len(tables) == 1 and f"{table}.kind" in differing:
        mine, other = differing[f"{table}.kind"]
        return _kind_of(mine, table), _kind_of(other, table)
    if len(differing) == 1:
        [(key, (mine, other))] = differing.items()
        name = key.rpartition(".")[2]
        return f"{name} = {mine}", f"{name} = {other}"
    return first.path.stem, second.path.stem


def _differing(first: Source, second: Source) -> dict[str, tuple[object, object]]:
    """Keys whose values differ between two inputs, with both values; None where there is none."""
    mine, other = identity(first.input), identity(second.input)
    keys = dict.fromkeys([*mine, *other])
    both = {key: (mine.get(key), other.get(key)) for key in keys}
    return {key: values for key, values in both.items() if values[0] != values[1]}


def _kind_of(value: object, table: str) -> str:
    return f"no {table}" if value == "none" else f"{table} {value}"


def _run(
    source: Source,
    starts: Potential | None,
    folder: Path,
    trust_pickle: bool,
    ranks: Ranks,
    console: Console,
) -> Potential:
    """Run an input on the starts of a potential, or of its own; answer its own potential."""
    on = opened(source, trust_pickle, ranks)
    other = starts if starts and starts.identity != on.potential.identity else None
    say(console, f"{source.path}: {on.potential.description}")
    with holding(folder, ranks):
        carry_out(source, on.potential, folder, ranks, console, other, on.committee)
        report(folder, ranks, console)
    return on.potential


def read_comparison(folder: Path, names: tuple[str, str]) -> Comparison:
    """What two campaigns in a folder have in common, and what not.

    Raises:
        UserError: one of them has no results.
    """
    first, second = (ResultsFile.of(folder / name) for name in (FIRST, SECOND))
    most, surfaces = first.guards.most_unsettled, first.surfaces
    own = first.description.own_endings
    sticking = paired_sticking(first.points, second.ended, first.ended, most, surfaces, own)
    both = first.points, first.trajectories, second.trajectories, own
    return Comparison(names, sticking, paired_means(*both), paired_endings(*both), folder)


def _conclude(comparison: Comparison, console: Console) -> None:
    """Write table and figure, and print them."""
    table, figure = comparison.observables, comparison.folder / FIGURE
    path = comparison.folder / TABLE
    write_table(path, [*table.columns], table.itertuples(index=False))
    first, second = comparison.names
    save(paired_figure(comparison.sticking, second, first), figure)
    for listing in (_observables(comparison), _agreement(comparison)):
        console.print(listing)
    say(console, f"table:  {path}\nfigure: {figure}.png")


def _observables(comparison: Comparison) -> Listing:
    """Every observable of every point, with the interval of its paired difference."""
    references = [row.reference for row in comparison.sticking]
    words = point_names(references)
    numbers = ("n", *comparison.names, "difference", "95 %")
    rows = [
        (
            (words[row["point"]], f"{row['name']} ({row['among']})"),
            (
                str(row["n"]),
                *(f"{row[name]:.4g}" for name in ("first", "second", "difference")),
                f"{row['low']:.3g} to {row['high']:.3g}",
            ),
        )
        for row in comparison.observables.to_dict("records")
    ]
    title = f"{common_words(references)}, second less first"
    return Listing(("", "observable"), numbers, rows, title)


def _agreement(comparison: Comparison) -> Listing:
    """Pairs by their two endings."""
    words = point_names([row.reference for row in comparison.sticking])
    table = comparison.agreement.to_dict("records")
    rows = [((words[r["point"]], r["first"], r["second"]), (str(r["pairs"]),)) for r in table]
    return Listing(("", *comparison.names), ("pairs",), rows, "Endings")
