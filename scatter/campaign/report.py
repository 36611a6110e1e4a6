"""From a campaign's results to its table and figure, as often as wanted."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from scatter import store
from scatter.analysis import (
    Curve,
    Sticking,
    curves,
    in_turn,
    quality,
    read_curve,
    scanned,
    sticking,
    write_csv,
)
from scatter.campaign.failures import (
    guards_in,
    judged,
    quality_told,
    refuse_untrusted,
    unknown,
)
from scatter.campaign.failures import told as failures
from scatter.campaign.progress import point_names, sticking_table
from scatter.campaign.surfaces import names_of, surface_names
from scatter.campaign.targets import aim_in, verdict
from scatter.campaign.terminal import say
from scatter.config import parse, points_table
from scatter.config import points as points_of
from scatter.plots.sticking import sticking_figure
from scatter.plots.style import save
from scatter.results import refuse_weights
from scatter.settings import UserError

COUNTED = ("point", "number", "outcome", "reason", "energy_error_eV")  # what the table needs

OTHER_FIGURES = (".svg", ".eps", ".ps", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".webp", ".pgf")


def report(folder: Path, console: Console) -> None:
    """Write table and figure of a campaign, print the table, and say where they are."""
    _analyse(folder, console)
    figure = plot([folder])
    say(console, f"table:  {folder / 'sticking.csv'}\nfigure: {figure}")


def analyse(folder: Path, console: Console) -> None:
    """Write `sticking.csv` from `results.h5` and print it with the quality of the dynamics.

    Raises:
        UserError: there are no results.
        Untrusted: too many trajectories failed, or S0 of a point is not known; all is written.
    """
    _analyse(folder, console)
    say(console, f"table:  {folder / 'sticking.csv'}")
    refuse_untrusted(folder)


def _analyse(folder: Path, console: Console) -> None:
    points, trajectories, attributes = store.read_results(folder, COUNTED)
    rows = judged(points, trajectories, attributes)
    write_csv(folder / "sticking.csv", rows)
    _show(rows, trajectories, attributes.path, attributes["input"], console)
    told = quality_told(quality(trajectories))
    say(console, f"{told}; potential: {attributes['potential']}")


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
    names = told_apart(folders)
    found = [store.read_results(folder, COUNTED) for folder in folders]
    rows, *others = [judged(*results) for results in found]
    axis = scanned(rows)
    shown = [
        curve
        for name, more in zip(names[1:], others, strict=True)
        for curve in curves(more, axis, name)
    ]
    for path in overlays:
        shown += _on_its_surface(read_curve(path, axis, scale), path)
    stem = output or folders[0] / "sticking"
    if stem.suffix.lower() in OTHER_FIGURES:
        raise UserError(
            f"--output {stem}: figures are written as .png and .pdf; leave {stem.suffix} out"
        )
    if stem.suffix in (".png", ".pdf"):
        stem = stem.with_suffix("")
    note = _potentials(names, [str(told["potential"]) for *_, told in found])
    save(sticking_figure(rows, shown, note=note), stem)
    return stem.with_name(f"{stem.name}.png")


def told_apart(folders: Sequence[Path]) -> list[str]:
    """Names of folders: the last parts of their paths, as many as tell all from one another.

    Raises:
        UserError: a folder is named twice.
    """
    whole = [folder.resolve() for folder in folders]
    for folder, path in zip(folders, whole, strict=True):
        if whole.count(path) > 1:
            raise UserError(f"{folder}: is named twice; name each campaign once")
    most = max(len(path.parts) for path in whole)
    named = (["/".join(path.parts[-parts:]) for path in whole] for parts in range(1, most + 1))
    return next(names for names in named if len(set(names)) == len(names))


def _potentials(names: Sequence[str], potentials: Sequence[str]) -> str:
    """What campaigns ran on; the first one's curves are this work."""
    if len(set(potentials)) == 1:
        return f"Potential: {potentials[0]}"
    told = zip(("this work", *names[1:]), potentials, strict=True)
    return "Potentials: " + "; ".join(f"{potential} ({name})" for name, potential in told)


def _on_its_surface(found: list[Curve], path: Path) -> list[Curve]:
    """Curves of a `sticking.csv` on the surface that a campaign beside it tells of."""
    place = path.parent / store.MANIFEST
    facets = [str(curve.conditions["facet"]) for curve in found if "facet" in curve.conditions]
    if not facets or not place.is_file():
        return found
    names = surface_names(place, store.read_manifest(path.parent)["input"], facets)
    return [
        replace(curve, conditions={**curve.conditions, "surface": names[facet]})
        for curve, facet in zip(found, facets, strict=True)
    ]


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
    manifest = store.read_manifest(folder)
    source = parse(folder / store.MANIFEST, manifest["input"])
    points, paths = points_table(points_of(source.input)), store.block_files(folder)
    lost = dict(store.damaged(paths)) if check else {}
    whole = [path for path in paths if path not in lost]
    if check or not store.merged(folder):
        ended = store.merge(folder, points, whole)
    else:
        ended = store.each_once(store.endings(whole, store.row_of(folder)))
    state = f"being written by {holder}" if holder else "nobody is writing there"
    say(
        console,
        f"{folder}: {len(ended)} trajectories at {len(points)} points, begun "
        f"{manifest['started']}; {state}",
    )
    refuse_weights(folder, manifest)
    surface = source.input.surface
    names = names_of(surface.file, surface.element, surface.labels, surface.images)
    most, own = source.input.guards.most_unsettled, manifest.own_endings
    rows = sticking(points, in_turn(ended), most, names, own)
    _show(rows, ended, folder / store.MANIFEST, manifest["input"], console)
    if check:
        _verdict(folder, len(paths), lost, console)
    refuse_untrusted(folder)


def _verdict(folder: Path, blocks: int, lost: dict[Path, str], console: Console) -> None:
    """Tell how a campaign's blocks are.

    Raises:
        UserError: some are damaged.
    """
    made = f"{folder / store.RESULTS} is made anew"
    if not lost:
        say(console, f"{blocks} blocks, all of them intact; {made}")
        return
    for reason in lost.values():
        say(console, reason)
    raise UserError(
        f"{folder}: {len(lost)} of {blocks} blocks are damaged; {made} from the others; delete "
        f"{', '.join(path.name for path in lost)} in {folder / store.BLOCKS}, and the command that "
        "ran the campaign runs what they held again"
    )


def _show(
    rows: Sequence[Sticking], ended: np.ndarray, place: Path, text: str, console: Console
) -> None:
    """Print the table, how many ended trajectories wait for slower ones, and what went wrong.

    Args:
        rows: the points.
        ended: trajectories.
        place: the file that holds the input.
        text: the input.
        console: where to print.
    """
    aim = aim_in(place, text)
    console.print(sticking_table(rows, aim))
    waiting = len(ended) - sum(row.n for row in rows)
    if waiting:
        say(
            console,
            f"{waiting} more have ended, and count once those before them have: the quick ones "
            "alone would make S0 too high",
        )
    for sentence in (failures(ended), unknown(rows, guards_in(place, text).most_unsettled)):
        if sentence:
            say(console, sentence)
    if aim.given:
        say(console, verdict(point_names(rows), rows, aim))
