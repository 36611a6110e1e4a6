"""`scatter inspect`: which trajectories went wrong, and any of them again, for a person to see."""

from functools import partial
from pathlib import Path

import numpy as np
from ase import Atoms
from rich.console import Console

from scatter import store
from scatter.campaign.failures import told
from scatter.campaign.frames import trajectory_name
from scatter.campaign.listing import Listing
from scatter.campaign.replay import Replay, replay
from scatter.campaign.terminal import say
from scatter.files import write_whole
from scatter.outcomes import REASONS, Outcome, Reason, ending_names
from scatter.outputs import EXTXYZ, refuse_ending
from scatter.settings import Untrusted, UserError
from scatter.state import Key
from scatter.structures import extxyz

LISTED = 20  # trajectories; more would not be read
MOMENT = ("time_fs", "Z_A", "height_A", "bond_A", "energy_error_eV", "margin_A")


def list_wrong(folder: Path, console: Console) -> None:
    """Print the failed and the undecided trajectories of a campaign, the first ones by point.

    Raises:
        UserError: no campaign was run there.
    """
    names = ending_names(store.read_manifest(folder).own_endings)
    rows = store.trajectories(folder)
    wrong = rows[np.isin(rows["outcome"], (Outcome.FAILED, Outcome.UNDECIDED))]
    wrong = wrong[np.argsort(wrong["outcome"] != Outcome.FAILED, kind="stable")]
    undecided = int((rows["outcome"] == Outcome.UNDECIDED).sum())
    say(console, told(rows) or f"failed: none of {len(rows)}")
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


def inspect(
    folder: Path, point: int, number: int, every_fs: float | None, output: Path | None,
    trust_pickle: bool, console: Console,
) -> None:  # fmt: skip
    """Run one trajectory of a campaign again, write its frames, and print its story.

    Args:
        folder: of the campaign; frames go into its `inspected`, unless `output` is given.
        point: row of /points.
        number: of the trajectory there.
        every_fs: from one frame to the next.
        output: extended XYZ to write.
        trust_pickle: the user trusts where a pickled potential came from.
        console: where to speak.

    Raises:
        UserError: it cannot be run again to the same bits, or the file cannot be written.
        Untrusted: it came out with other bits than are stored.
    """
    if output:
        refuse_ending("--output", output, *EXTXYZ)
        if output.exists():
            raise UserError(f"--output {output}: is there already; remove it or name another file")
    found = replay(folder, point, number, every_fs, trust_pickle, partial(say, console))
    path = output or folder / "inspected" / f"{trajectory_name(Key(point, number))}.extxyz"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, extxyz(found.frames))
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); name --output") from error
    console.print(_story(found))
    say(console, f"{in_words(found.row, ending_names())} after {found.row['time_fs']:g} fs")
    say(console, f"frames: {path} ({len(found.frames)})")
    if found.differs:
        raise Untrusted(
            f"{folder}: trajectory {number} of point {point} came out OTHERWISE than it is stored, "
            f"in {', '.join(found.differs)}: the results were changed, or this machine or version "
            "computes otherwise; do not trust either before you know which"
        )
    say(console, "the same bits as stored, in every column")


def in_words(row: np.ndarray, names: dict[int, str]) -> str:
    """How a trajectory ended, and why if it failed.

    Args:
        row: a record of `/trajectories`.
        names: of endings, by code.
    """
    reason = Reason(int(row["reason"]))
    return names[int(row["outcome"])] + (f": {REASONS[reason]}" if reason else "")


def _story(found: Replay) -> Listing:
    """Start, lowest point and end as a table."""
    frames = found.frames
    lowest = min(range(len(frames)), key=lambda n: frames[n].info["Z_A"])
    moments = (("start", frames[0]), ("lowest", frames[lowest]), ("end", frames[-1]))
    lines = [([name], [_number(frame, key) for key in MOMENT]) for name, frame in moments]
    return Listing([""], MOMENT, lines)


def _number(frame: Atoms, key: str) -> str:
    return f"{frame.info[key]:.4f}" if key in frame.info else ""
