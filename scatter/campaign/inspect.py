"""`scatter inspect`: any trajectory of a campaign again, for a person to see."""

from functools import partial
from pathlib import Path

from ase import Atoms
from rich.console import Console

from scatter import store
from scatter.campaign.replay import Replay, replay
from scatter.files import write_whole
from scatter.outputs import EXTXYZ, refuse_ending
from scatter.report.failures import in_words
from scatter.report.listing import Listing
from scatter.report.terminal import say
from scatter.settings import Untrusted, UserError
from scatter.state import Key, trajectory_name
from scatter.structures import extxyz

MOMENT = ("time_fs", "Z_A", "height_A", "bond_A", "energy_error_eV", "margin_A")


def inspect(
    folder: Path,
    point: int,
    number: int,
    every_fs: float | None,
    output: Path | None,
    trust_pickle: bool,
    console: Console,
    reactive: bool = False,
) -> None:
    """Run one trajectory of a campaign again, write its frames, and print its story.

    Args:
        folder: of the campaign; frames go into its `inspected`, unless `output` is given.
        point: row of /points.
        number: of the trajectory there.
        every_fs: from one frame to the next.
        output: extended XYZ to write.
        trust_pickle: the user trusts where a pickled potential came from.
        console: where to speak.
        reactive: the number is that of a start that came to the event at a point that was split.

    Raises:
        UserError: it cannot be run again to the same bits, or the file cannot be written.
        Untrusted: it came out with other bits than are stored.
    """
    if output:
        refuse_ending("--output", output, *EXTXYZ)
        if output.exists():
            raise UserError(f"--output {output}: already exists; remove it or name another file")
    how = every_fs, trust_pickle, partial(say, console), reactive
    replayed = replay(folder, point, number, *how)
    name = trajectory_name(Key(point, number)) + ("_reactive" if reactive else "")
    path = output or folder / "inspected" / f"{name}.extxyz"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, extxyz(replayed.frames))
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); name --output") from error
    console.print(_story(replayed))
    names = store.read_manifest(folder).ending_names
    say(console, f"{in_words(replayed.row, names)} after {replayed.row['time_fs']:g} fs")
    say(console, f"frames: {path} ({len(replayed.frames)})")
    if replayed.differs:
        raise Untrusted(
            f"{folder}: trajectory {number} of point {point} DIFFERS from what is stored, in "
            f"{', '.join(replayed.differs)}: either the results were changed, or this machine or "
            f"version computes differently; trust neither until you know which"
        )
    say(console, "the same bits as stored, in every column")


def _story(replayed: Replay) -> Listing:
    """Start, lowest point and end as a table."""
    frames = replayed.frames
    lowest = min(frames, key=lambda frame: frame.info["Z_A"])
    moments = {"start": frames[0], "lowest": lowest, "end": frames[-1]}
    lines = [([name], [_number(at, key) for key in MOMENT]) for name, at in moments.items()]
    return Listing([""], MOMENT, lines)


def _number(frame: Atoms, key: str) -> str:
    return f"{frame.info[key]:.4f}" if key in frame.info else ""
