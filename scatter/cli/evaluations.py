"""Commands that evaluate campaigns: tables, figures, a report, averages, files for others."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from scatter.cli.groups import Group
from scatter.cli.words import Fixed, Folder, Folders, Into, app


@app.command()
def analyse(folder: Folder) -> None:
    """Compute sticking.csv from results.h5 alone, and print it."""
    from scatter.report.sticking import analyse
    from scatter.report.terminal import console

    analyse(folder, console(True))


@app.command()
def plot(
    folders: Folders,
    overlay: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="CSV of another curve: a sticking.csv, or columns energy_eV and S0.",
        ),
    ] = None,
    scale: Annotated[
        str,
        typer.Option(metavar="X", help="Factor for S0 of the overlays; `fit` finds it for one."),
    ] = "1",
    output: Annotated[
        Path | None, typer.Option(metavar="NAME", help="Figure to write, without extension.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="S0 on a logarithmic axis.")] = False,
) -> None:
    """Draw sticking curves from results.h5 alone, as PNG and PDF."""
    from scatter.report.factor import in_words, scale_of
    from scatter.report.sticking import plot

    by, factor = scale_of(scale, folders, overlay or ())
    if factor and overlay:
        print(in_words(factor, overlay[0]))
    print(f"figure: {plot(folders, overlay or (), by, output, log)}")


@app.command()
def report(
    folders: Folders,
    gaussian: Annotated[
        float | None,
        typer.Option(min=0.001, help="FWHM of Gaussian weights for binning final v, J."),
    ] = None,
    parity: Annotated[
        bool, typer.Option(help="Homonuclear molecules: only even changes of J.")
    ] = True,
    fix: Fixed = None,
    output: Into = None,
) -> None:
    """Write report.html: results in figures and numbers, of several campaigns as one."""
    from scatter.analysis import Binning
    from scatter.report.fits import amplitude_of
    from scatter.report.page import write_report

    binning = Binning(gaussian, gaussian, parity)
    print(f"report: {write_report(folders, binning, output, amplitude_of(fix))}")


@dataclass(frozen=True)
class Chosen(Group):
    """Which of several conditions are averaged."""

    molecule: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which, if the points have several.")
    ] = None
    facet: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which, if the points have several.")
    ] = None
    temperature: Annotated[
        float | None,
        typer.Option(metavar="K", help="Surface temperature, K, if the points have several."),
    ] = None
    polar: Annotated[
        float | None,
        typer.Option(metavar="DEGREES", help="Polar angle, degrees, if the points have several."),
    ] = None
    azimuth: Annotated[
        float | None,
        typer.Option(metavar="DEGREES", help="Azimuth, degrees, if the points have several."),
    ] = None

    @property
    def conditions(self) -> dict[str, str | float]:
        """Those that were named."""
        given = {"molecule": self.molecule, "facet": self.facet, "T_K": self.temperature}
        given |= {"polar_deg": self.polar, "azimuth_deg": self.azimuth}
        return {name: value for name, value in given.items() if value is not None}


@app.command()
def products(folder: Folder) -> None:
    """Print the probabilities of what projectiles became; write products.csv, branching.csv."""
    from scatter.report.products import report_products
    from scatter.report.terminal import console

    report_products(folder, console(True))


@app.command()
def average(
    folders: Folders,
    *,
    beam: Annotated[
        list[str] | None,
        typer.Option(metavar="V0,ALPHA,T", help="Molecular beam: m/s, m/s, K; repeatable."),
    ] = None,
    cooling: Annotated[
        float, typer.Option(min=0.01, help="Rotational cooling of a beam: T_rot/T.")
    ] = 0.8,
    gas: Annotated[
        list[float] | None,
        typer.Option(min=1, metavar="K", help="Temperature of a thermal gas, K; repeatable."),
    ] = None,
    desorption: Annotated[
        list[float] | None,
        typer.Option(min=1, metavar="K", help="Temperature of desorption, K; repeatable."),
    ] = None,
    nearest_j: Annotated[
        bool, typer.Option(help="Give states that were not computed the S0 of the nearest J.")
    ] = False,
    anchor: Annotated[
        str | None,
        typer.Option(
            metavar="T,S0,LOW,HIGH",
            help="For a desorption campaign, without other options: a known S0 of a gas at T.",
        ),
    ] = None,
    output: Into = None,
    chosen: Chosen,
) -> None:
    """Average computed points over beams and gases; predict desorption by detailed balance."""
    from scatter.report.averages import Wanted, average, beam_of
    from scatter.report.desorption import anchor_of
    from scatter.report.terminal import console

    beams = [beam_of(text, cooling) for text in beam or ()]
    scale = anchor_of(anchor) if anchor else None
    wanted = Wanted(beams, gas or (), desorption or (), nearest_j, chosen.conditions, scale)
    average(folders, wanted, console(True), output)


@app.command()
def export(
    folder: Folder,
    format: Annotated[str, typer.Option(metavar="FORMAT", help="csv, parquet or extxyz.")] = "csv",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file; by default in FOLDER.")
    ] = None,
) -> None:
    """Write the trajectories of results.h5 and their conditions for other programs."""
    from scatter.results.export import export

    print(export(folder, format, output))
