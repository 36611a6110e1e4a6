"""How a campaign's folder stands, from its blocks, whether it runs or not."""

from pathlib import Path

import numpy as np
from rich.console import Console

from scatter import store
from scatter.config import parse, points_in, points_table
from scatter.outcomes import Outcome
from scatter.phrases import counted
from scatter.report.failures import failures, in_words, refuse_untrusted
from scatter.report.listing import Listing
from scatter.report.sticking import show
from scatter.report.terminal import say
from scatter.results.folder import COUNTED, ResultsFile
from scatter.settings import UserError

LISTED = 20  # trajectories that went wrong; more would not be read


def status(folder: Path, console: Console, check: bool = False) -> None:
    """Make `results.h5` from what has finished so far, and print its table.

    What `analyse` would say of it, and with which code, is said here too.

    Args:
        folder: of the campaign.
        console: where to print.
        check: go on without damaged blocks, and name them all at the end.

    Raises:
        UserError: no campaign was run there, or a block of it is damaged.
        Untrusted: too many trajectories failed so far, or S0 of a point is not known.
    """
    holder = store.writer(folder)
    if holder and not (folder / store.MANIFEST).exists():
        say(console, f"{folder}: {holder} is preparing a campaign there")
        return
    description = store.read_manifest(folder)
    source = parse(description.path, description["input"])
    paths = store.block_files(folder)
    lost = dict(store.damaged(paths)) if check else {}
    if check or not store.merged(folder):
        whole = [path for path in paths if path not in lost]
        store.merge(folder, points_table(points_in(source.input, description)), whole)
    else:
        store.endings(paths, store.row_of(folder))  # a damaged block is told at once
    results = ResultsFile.of(folder, COUNTED)
    state = f"being written by {holder}" if holder else "no process is writing to it"
    say(
        console,
        f"{folder}: {counted(len(results.ended), 'trajectory')} at "
        f"{counted(len(results.points), 'point')}, started {description['started']}; {state}",
    )
    show(results, console)
    if check:
        _verdict(folder, len(paths), lost, console)
    refuse_untrusted(folder, results)


def _verdict(folder: Path, blocks: int, lost: dict[Path, str], console: Console) -> None:
    """Say how a campaign's blocks are.

    Raises:
        UserError: some are damaged.
    """
    made = f"{folder / store.RESULTS} is rewritten"
    if not lost:
        say(console, f"{counted(blocks, 'block')}, all intact; {made}")
        return
    for reason in lost.values():
        say(console, reason)
    raise UserError(
        f"{folder}: {len(lost)} of {blocks} blocks are damaged; {made} from the others; delete "
        f"{', '.join(path.name for path in lost)} in {folder / store.BLOCKS}, and the command that "
        "ran the campaign runs what they held again"
    )


def list_wrong(folder: Path, console: Console) -> None:
    """Print the failed and the undecided trajectories of a campaign, the first ones by point.

    Raises:
        UserError: no campaign was run there.
    """
    names = store.read_manifest(folder).ending_names
    rows = store.trajectories(folder)
    wrong = rows[np.isin(rows["outcome"], (Outcome.FAILED, Outcome.UNDECIDED))]
    wrong = wrong[np.argsort(wrong["outcome"] != Outcome.FAILED, kind="stable")]
    undecided = int((rows["outcome"] == Outcome.UNDECIDED).sum())
    say(console, failures(rows) or f"failed: 0 of {len(rows)}")
    say(console, f"undecided: {undecided} of {len(rows)}")
    if not len(wrong):
        return
    lines = [
        (
            (str(row["point"]), str(row["number"]), in_words(row, names)),
            (f"{row['time_fs']:g}", f"{row['energy_error_eV']:.4f}"),
        )
        for row in wrong[:LISTED]
    ]
    header = (("point", "number", "ended"), ("time (fs)", "energy error (eV)"))
    console.print(Listing(*header, lines, labelled=True))
    if len(wrong) > LISTED:
        say(console, f"and {len(wrong) - LISTED} more; results.h5 has them all")
    first = wrong[0]
    say(
        console,
        f"see one: scatter inspect {folder} --point {first['point']} --number {first['number']}",
    )
