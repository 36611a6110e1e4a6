"""`scatter committee`: one campaign on every member of a committee, from the same starts."""

from contextlib import ExitStack
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

from rich.console import Console

from scatter import store
from scatter.analysis.committee import CommitteeSticking, committee_sticking
from scatter.campaign.failures import judged, refuse_untrusted
from scatter.campaign.listing import Listing
from scatter.campaign.members import refuse_misfits
from scatter.campaign.progress import S0_of, common_words, point_names
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out, opened, run, trusting
from scatter.campaign.terminal import console as console_of
from scatter.campaign.terminal import say
from scatter.conditions import CONDITIONS
from scatter.config import Source
from scatter.plots.committee import committee_figure
from scatter.plots.style import save
from scatter.potentials.table import open_committee
from scatter.report.document import write_rows
from scatter.settings import UserError

MEMBERS = "members"  # the folder of the other members' campaigns


def committee(path: Path, trust_pickle: bool = False) -> None:
    """Run the campaign of an input, then the same starts on each member, and write the band.

    Slabs, states and all random numbers are those of the input's own potential, so trajectory n of
    a point begins alike, bit for bit, on every member. Goes on where it was stopped.

    Args:
        path: `input.toml` with `[potential] committee`.
        trust_pickle: the user trusts where a pickled potential came from.

    Raises:
        UserError: the input is wrong, or names no committee, or asks for a target error.
        Untrusted: too many of the trajectories on it or a member failed, or S0 of a point is not
            known there; what has been run is written.
    """
    ranks = Ranks()
    console = console_of(ranks.first)
    source, potential, _ = opened(path, trust_pickle, ranks)
    ranks.share(lambda: _refuse(source))
    found = ranks.agree(lambda: open_committee(trusting(source, trust_pickle), potential))
    assert found is not None
    ranks.share(lambda: refuse_misfits(source.input, found))
    run(path, trust_pickle)
    folders = [source.output]
    # the bits of a member's trajectories do not depend on who watches, and nobody does
    alone = source.input.potential.model_copy(update={"committee": []})
    own = replace(source, input=source.input.model_copy(update={"potential": alone}))
    for n, member in enumerate(found.members[1:], 1):
        name = Path(source.input.potential.committee[n - 1]).stem
        folder = source.output / MEMBERS / f"{n}-{name}"
        say(console, f"the same starts on {member.description}")
        with ExitStack() as stack:
            ranks.share(lambda to=folder: stack.enter_context(store.only_writer(to)))
            carry_out(own, member, folder, ranks, console, potential)
            ranks.wait()
        folders.append(folder)
    if ranks.first:
        report(folders, console)
    for folder in folders[1:]:
        ranks.share(lambda of=folder: refuse_untrusted(of))


def _refuse(source: Source) -> None:
    if not source.input.potential.committee:
        raise UserError(
            f"{source.path}, [potential]: names no committee; give its files, as in "
            'committee = ["b.npz", "c.npz"]'
        )
    if source.input.sampling.targeted:
        raise UserError(
            f"{source.path}, [sampling]: a target error cannot be asked for here, since the same "
            "trajectories are run on every member; give trajectories alone"
        )


def report(folders: list[Path], console: Console) -> list[CommitteeSticking]:
    """Write `committee.csv` and `committee.png` into the first folder, and print the table.

    Args:
        folders: of the campaigns, that on the potential itself first.
        console: where to print.
    """
    read = [store.read_results(folder) for folder in folders]
    rows = committee_sticking([judged(*results) for results in read])
    write_rows(folders[0] / "committee.csv", [_told(row) for row in rows])
    save(committee_figure(rows), folders[0] / "committee")
    console.print(_table(rows))
    say(console, f"table:  {folders[0] / 'committee.csv'}\nfigure: {folders[0] / 'committee.png'}")
    return rows


def _told(row: CommitteeSticking) -> dict[str, Any]:
    """One point as plain values, by column."""
    own = row.own
    names = (*CONDITIONS, "n", "S0", "low", "high", "lowest", "highest")
    return {
        **{name: getattr(own, name) for name in names},
        **{f"S0_{n}": one.S0 for n, one in enumerate(row.members[1:], 1)},
        "spread": row.spread,
        "total_low": row.low,
        "total_high": row.high,
    }


def _table(rows: list[CommitteeSticking]) -> Listing:
    others = [f"S0, {n}" for n in range(1, len(rows[0].members))]
    header = ("S0", "95 % sampling", *others, "spread", "95 % with model")
    own = [row.own for row in rows]
    names = point_names(own)
    lines = [([name], _numbers(row)) for name, row in zip(names, rows, strict=True)]
    return Listing(["point"], header, lines, common_words(own))


def _numbers(row: CommitteeSticking) -> list[str]:
    own = row.own
    return [
        S0_of(own), f"{own.low:.3f}-{own.high:.3f}", *map(S0_of, row.members[1:]),
        "not known" if isnan(row.spread) else f"{row.spread:.4f}",
        f"{row.low:.3f}-{row.high:.3f}",
    ]  # fmt: skip
