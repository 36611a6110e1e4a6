"""From a campaign's results to its table and figure, as often as wanted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from scatter import store
from scatter.campaign.failures import told as failures
from scatter.campaign.progress import point_names, sticking_table
from scatter.campaign.targets import aim_in, verdict
from scatter.campaign.terminal import say
from scatter.config import parse, points_table
from scatter.config import points as points_of
from scatter.plots.sticking import sticking_figure
from scatter.plots.style import save
from scatter.statistics import (
    Sticking,
    curves,
    in_turn,
    quality,
    read_curve,
    scanned,
    sticking,
    write_csv,
)


def report(folder: Path, console: Console) -> None:
    """Write table and figure of a campaign, print the table, and say where they are."""
    analyse(folder, console)
    figure = plot([folder])
    say(console, f"table:  {folder / 'sticking.csv'}\nfigure: {figure}")


def analyse(folder: Path, console: Console) -> list[Sticking]:
    """Write `sticking.csv` from `results.h5` and print it with the quality of the dynamics.

    Raises:
        UserError: there are no results.
    """
    points, trajectories, attributes = store.read_results(folder)
    rows = sticking(points, in_turn(trajectories))
    write_csv(folder / "sticking.csv", rows)
    _show(rows, trajectories, str(attributes["input"]), console)
    found = quality(trajectories)
    say(
        console,
        f"largest energy error {found.max_energy_error_eV * 1000:.2f} meV (RMS "
        f"{found.rms_energy_error_eV * 1000:.2f}); undecided {found.undecided:.2%}, failed "
        f"{found.failed:.2%}; potential: {attributes['potential']}",
    )
    return rows


def plot(folders: Sequence[Path], overlays: Sequence[Path] = (), scale: float = 1.0,
         output: Path | None = None) -> Path:  # fmt: skip
    """Draw the sticking curves of campaigns, with others from CSV files; answer the PNG's path.

    The first campaign's curves are the figure's own, the others' are named after their folders.

    Args:
        folders: campaigns; the figure goes into the first, as `sticking`.
        overlays: our own `sticking.csv`, or any CSV with the columns energy_eV and S0.
        scale: what the overlays' S0 are multiplied by.
        output: where to write instead, with or without an ending.

    Raises:
        UserError: a folder has no results, or a file no curve.
    """
    found = [store.read_results(folder) for folder in folders]
    rows, *others = [sticking(points, in_turn(ended)) for points, ended, _ in found]
    axis = scanned(rows)
    shown = [
        curve
        for folder, more in zip(folders[1:], others, strict=True)
        for curve in curves(more, axis, folder.name)
    ]
    shown += [curve for path in overlays for curve in read_curve(path, axis, scale)]
    potentials = dict.fromkeys(str(attributes["potential"]) for _, _, attributes in found)
    stem = output or folders[0] / "sticking"
    if stem.suffix in (".png", ".pdf"):
        stem = stem.with_suffix("")
    save(sticking_figure(rows, shown, note="Potential: " + "; ".join(potentials)), stem)
    return stem.with_name(f"{stem.name}.png")


def status(folder: Path, console: Console) -> None:
    """Make `results.h5` from what has finished so far, and print its table.

    Raises:
        UserError: no campaign was run there, or a block of it is damaged.
    """
    holder = store.writer(folder)
    if holder and not (folder / store.MANIFEST).exists():
        say(console, f"{folder}: {holder} is preparing a campaign there")
        return
    manifest = store.read_manifest(folder)
    source = parse(folder / store.MANIFEST, manifest["input"])
    store.merge(folder, points_table(points_of(source.input)))
    points, trajectories, _ = store.read_results(folder)
    state = f"being written by {holder}" if holder else "nobody is writing there"
    say(
        console,
        f"{folder}: {len(trajectories)} trajectories at {len(points)} points, begun "
        f"{manifest['started']}; {state}",
    )
    _show(sticking(points, in_turn(trajectories)), trajectories, manifest["input"], console)


def _show(rows: Sequence[Sticking], ended: np.ndarray, text: str, console: Console) -> None:
    """Print the table, how many ended trajectories wait for slower ones, and what went wrong.

    Args:
        rows: the points.
        ended: trajectories.
        text: of the input.
        console: where to print.
    """
    aim = aim_in(text)
    console.print(sticking_table(rows, aim))
    waiting = len(ended) - sum(row.n for row in rows)
    if waiting:
        say(
            console,
            f"{waiting} more have ended, and count once those before them have: the quick ones "
            "alone would make S0 too high",
        )
    if sentence := failures(ended):
        say(console, sentence)
    if aim.given:
        say(console, verdict(point_names(rows), rows, aim))
