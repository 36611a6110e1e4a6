"""From a campaign's results to its table and figure, as often as wanted."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from scatter import store
from scatter.analysis import Curve, curves, quality, read_curve, scanned, write_csv
from scatter.config import Sampling
from scatter.plots.sticking import sticking_figure
from scatter.plots.style import save
from scatter.report.failures import failures, quality_in_words, refuse_untrusted
from scatter.report.table import point_names, sticking_table
from scatter.report.targets import aim_of, verdict
from scatter.report.terminal import say
from scatter.results.folder import COUNTED, ResultsFile
from scatter.results.surfaces import surface_names
from scatter.settings import UserError

OTHER_FIGURES = (".svg", ".eps", ".ps", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".webp", ".pgf")


def conclude(folder: Path, console: Console) -> None:
    """Write table and figure of a campaign, print the table, and say where they are."""
    results = _analyse(folder, console)
    note = _potentials((), [results.description["potential"]])
    figure = _draw(results, (), folder / "sticking", note)
    say(console, f"table:  {folder / 'sticking.csv'}\nfigure: {figure}")


def analyse(folder: Path, console: Console) -> None:
    """Write `sticking.csv` from `results.h5` and print it with the quality of the dynamics.

    Raises:
        UserError: there are no results.
        Untrusted: too many trajectories failed, or S0 of a point is not known; all is written.
    """
    results = _analyse(folder, console)
    say(console, f"table:  {folder / 'sticking.csv'}")
    refuse_untrusted(folder, results)


def _analyse(folder: Path, console: Console) -> ResultsFile:
    results = ResultsFile.of(folder, COUNTED)
    write_csv(folder / "sticking.csv", results.rows)
    show(results, console)
    words = quality_in_words(quality(results.ended))
    say(console, f"{words}; potential: {results.description['potential']}")
    return results


def plot(
    folders: Sequence[Path],
    overlays: Sequence[Path] = (),
    scale: float = 1.0,
    output: Path | None = None,
) -> Path:
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
    first, *others = every = [ResultsFile.of(folder, COUNTED) for folder in folders]
    axis = scanned(first.rows)
    shown = [
        curve
        for name, results in zip(names[1:], others, strict=True)
        for curve in curves(results.rows, axis, name)
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
    note = _potentials(names, [results.description["potential"] for results in every])
    return _draw(first, shown, stem, note)


def _draw(results: ResultsFile, others: Sequence[Curve], stem: Path, note: str) -> Path:
    """Draw the sticking curves of a campaign, and others beside them; answer the PNG's path."""
    save(sticking_figure(results.rows, others, note=note), stem)
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
    named = zip(("this work", *names[1:]), potentials, strict=True)
    return "Potentials: " + "; ".join(f"{potential} ({name})" for name, potential in named)


def _on_its_surface(overlaid: list[Curve], path: Path) -> list[Curve]:
    """Curves of a `sticking.csv`, on the surface of the campaign that lies beside it."""
    facets = [str(curve.conditions["facet"]) for curve in overlaid if "facet" in curve.conditions]
    if not facets or not (path.parent / store.MANIFEST).is_file():
        return overlaid
    names = surface_names(store.read_manifest(path.parent), facets)
    return [
        replace(curve, conditions={**curve.conditions, "surface": names[facet]})
        for curve, facet in zip(overlaid, facets, strict=True)
    ]


def show(results: ResultsFile, console: Console) -> None:
    """Print the table, how many ended trajectories wait for slower ones, and what went wrong."""
    rows, aim = results.rows, aim_of(results.description.table("sampling", Sampling))
    console.print(sticking_table(rows, aim))
    waiting = len(results.ended) - sum(row.n for row in rows)
    if waiting:
        say(
            console,
            f"{waiting} more have ended, and count once those before them have: the quick ones "
            "alone would make S0 too high",
        )
    if sentence := failures(results.ended):
        say(console, sentence)
    if aim.given:
        say(console, verdict(point_names(rows), rows, aim))
