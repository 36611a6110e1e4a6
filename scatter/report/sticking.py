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
from scatter.report.desorbed import points_of, table_of
from scatter.report.desorption import report_desorption, show_desorption
from scatter.report.failures import failures, quality_in_words, refuse_untrusted
from scatter.report.naming import names_of, potential_words
from scatter.report.products import report_products
from scatter.report.sharing import sharing_sentences
from scatter.report.splitting import (
    splitting_sentences,
    splitting_table,
    write_splitting,
)
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
    if results.kind == "desorption":
        return
    note = _potentials([], [results])
    figure = _draw(results, (), folder / "sticking", note)
    say(console, f"table:  {folder / 'sticking.csv'}\nfigure: {figure}")


def analyse(folder: Path, console: Console) -> None:
    """Write `sticking.csv` from `results.h5` and print it with the quality of the dynamics.

    Raises:
        UserError: there are no results.
        Untrusted: too many trajectories failed, or S0 of a point is not known; all is written.
    """
    results = _analyse(folder, console)
    if results.kind != "desorption":
        say(console, f"table:  {folder / 'sticking.csv'}")
    refuse_untrusted(folder, results)


def _analyse(folder: Path, console: Console) -> ResultsFile:
    results = ResultsFile.of(folder, COUNTED)
    if results.kind == "desorption":
        report_desorption(folder, console)
    else:
        write_csv(folder / "sticking.csv", results.rows)
        show(results, console)
    if results.passages:
        write_splitting(folder / "splitting.csv", results.rows, results.passages)
    if results.kind not in ("diatomic", "desorption"):
        report_products(folder, console)
    words = f"potential: {results.description['potential']}"
    if len(results.ended) or not results.passages:
        words = f"{quality_in_words(quality(results.ended))}; {words}"
    say(console, words)
    return results


def plot(
    folders: Sequence[Path],
    overlays: Sequence[Path] = (),
    scale: float = 1.0,
    output: Path | None = None,
    logarithmic: bool = False,
) -> Path:
    """Draw the sticking curves of campaigns, with others from CSV files; answer the PNG's path.

    The first campaign's curves are the figure's own; the others' are named after what differs.

    Args:
        folders: campaigns; the figure goes into the first, as `sticking`.
        overlays: our own `sticking.csv`, or any CSV with the columns energy_eV and S0.
        scale: what the overlays' S0 are multiplied by.
        output: where to write instead, with or without an ending.
        logarithmic: S0 on a logarithmic axis, for rare events.

    Raises:
        UserError: a folder has no results, or a file no curve.
    """
    refuse_twice(folders)
    first, *others = every = [ResultsFile.of(folder, COUNTED) for folder in folders]
    for folder, results in zip(folders, every, strict=True):
        if results.kind == "desorption":
            raise UserError(
                f"{folder}: holds shots from a dividing surface, which have no sticking curve; "
                f"`scatter analyse {folder}` draws what desorbs"
            )
    axis, names = scanned(first.rows), names_of(folders, every)
    shown = [
        curve
        for name, results in zip(names, others, strict=True)
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
    note = _potentials(names, every)
    return _draw(first, shown, stem, note, logarithmic)


def _draw(
    results: ResultsFile,
    others: Sequence[Curve],
    stem: Path,
    note: str,
    logarithmic: bool = False,
) -> Path:
    """Draw the sticking curves of a campaign, and others beside them; answer the PNG's path."""
    save(sticking_figure(results.rows, others, note=note, logarithmic=logarithmic), stem)
    return stem.with_name(f"{stem.name}.png")


def refuse_twice(folders: Sequence[Path]) -> None:
    """Raise UserError if a folder is named twice."""
    whole = [folder.resolve() for folder in folders]
    for folder, path in zip(folders, whole, strict=True):
        if whole.count(path) > 1:
            raise UserError(f"{folder}: is named twice; name each campaign once")


def _potentials(names: Sequence[str], every: Sequence[ResultsFile]) -> str:
    """What campaigns ran on; where others ran on another, their names say so."""
    own, *others = (potential_words(results.description["potential"]) for results in every)
    alone = any(other != own for other in others)
    whose = " (this work)" if any(names) else " (first campaign)"
    return f"Potential: {own}{whose if alone else ''}"


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
    if results.kind == "desorption":
        points = points_of(ResultsFile.of(results.description.path.parent))
        show_desorption(points, table_of(points), console)
        return
    rows = results.rows
    aim = aim_of(results.description.table("sampling", Sampling)).of_S0
    console.print(sticking_table(rows, aim))
    if results.passages:
        console.print(splitting_table(results))
    for sentence in splitting_sentences(results):
        say(console, sentence)
    waiting = len(results.ended) - sum(row.n for row in rows)
    if waiting:
        say(
            console,
            f"{waiting:,} more have ended, and count once those before them have: counting the "
            f"quick ones first would make S0 too high",
        )
    if sentence := failures(results.ended):
        say(console, sentence)
    for sentence in sharing_sentences(results):
        say(console, sentence)
    if aim.given:
        say(console, verdict(point_names(rows), rows, aim))
