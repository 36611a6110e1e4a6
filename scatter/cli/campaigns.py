"""Commands for campaigns: run one, inspect it, report its results."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from scatter.cli.groups import Group
from scatter.cli.words import (
    Fixed,
    Folder,
    Folders,
    Head,
    Into,
    PotentialName,
    Trust,
    app,
)


@app.command()
def init(
    name: Annotated[
        Path, typer.Argument(help="The file to write; `.toml` is added to a bare name.")
    ] = Path("input.toml"),
    projectile: Annotated[str, typer.Option(help="Formula, such as H, H2 or CH4.")] = "H2",
    potential: Annotated[
        str | None,
        typer.Option(
            "--potential",
            "-p",
            help="A file, `default`, `analytic`, or `ase:NAME` of a calculator.",
        ),
    ] = None,
    element: Annotated[str, typer.Option(help="Of the surface.")] = "Cu",
) -> None:
    """Write a commented input file that runs unchanged, to start a campaign from."""
    from scatter.config.template import write_template

    path = write_template(name, projectile, potential, element)
    print(f"input: {path}\nrun it: scatter run {path}")


@app.command()
def run(
    input: Annotated[Path, typer.Argument(help="The input file, `input.toml`.")],
    trust_pickle: Trust = False,
) -> None:
    """Run the campaign in INPUT, or continue it; under mpirun, on all ranks."""
    from scatter.campaign.run import run

    run(input, trust_pickle)


@app.command()
def prepare(
    input: Annotated[Path, typer.Argument(help="The input file, `input.toml`.")],
    output: Annotated[
        Path, typer.Argument(help="The .npz file to write, for `python -m scatter.gpu`.")
    ],
) -> None:
    """Write everything needed to run the trajectories of INPUT on a GPU elsewhere."""
    from scatter.campaign.elsewhere import write_prepared

    write_prepared(input, output)


@app.command()
def collect(
    input: Annotated[Path, typer.Argument(help="The input file, `input.toml`.")],
    results: Annotated[Path, typer.Argument(help="The file that `python -m scatter.gpu` wrote.")],
) -> None:
    """Bring trajectories run elsewhere into the folder of INPUT; write table and figure."""
    from scatter.campaign.collected import collect

    collect(input, results)


@app.command()
def status(
    folder: Folder,
    check: Annotated[bool, typer.Option("--check", help="Check every block for damage.")] = False,
) -> None:
    """Show the progress of a campaign, and write results.h5 from what has finished."""
    from scatter.report.status import status
    from scatter.report.terminal import console

    status(folder, console(True), check)


@app.command()
def watch(
    folder: Folder,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between updates.")] = 2.0,
) -> None:
    """Watch a campaign from another terminal while it runs; S0 with errors, rate, time left."""
    from scatter.report.terminal import console
    from scatter.report.watch import watch

    watch(folder, console(True), every)


@app.command()
def inspect(
    folder: Folder,
    number: Annotated[
        int | None, typer.Option(min=0, help="Number of a trajectory to replay.")
    ] = None,
    point: Annotated[int, typer.Option(min=0, help="Its point, a row of /points.")] = 0,
    every_fs: Annotated[
        float | None, typer.Option(min=1e-3, help="Time between frames; by default 1 fs.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="The extxyz file to write.")] = None,
    reactive: Annotated[
        bool,
        typer.Option("--reactive", help="NUMBER is a row of /reactive, of a point that was split."),
    ] = False,
    trust_pickle: Trust = False,
) -> None:
    """List the failed and undecided trajectories of a campaign, or replay any one bit for bit."""
    from scatter.campaign.inspect import inspect
    from scatter.report.status import list_wrong
    from scatter.report.terminal import console

    if number is None:
        list_wrong(folder, console(True))
    else:
        how = every_fs, output, trust_pickle, console(True), reactive
        inspect(folder, point, number, *how)


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
        typer.Option(help="CSV of another curve: a sticking.csv, or columns energy_eV and S0."),
    ] = None,
    scale: Annotated[
        str, typer.Option(help="Factor for S0 of the overlays; `fit` finds it for one.")
    ] = "1",
    output: Annotated[Path | None, typer.Option(help="Figure to write, without extension.")] = None,
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

    molecule: Annotated[str | None, typer.Option(help="Which, if the points have several.")] = None
    facet: Annotated[str | None, typer.Option(help="Which, if the points have several.")] = None
    temperature: Annotated[
        float | None, typer.Option(help="Surface temperature, K, if the points have several.")
    ] = None
    polar: Annotated[
        float | None, typer.Option(help="Polar angle, degrees, if the points have several.")
    ] = None
    azimuth: Annotated[
        float | None, typer.Option(help="Azimuth, degrees, if the points have several.")
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
        list[float] | None, typer.Option(min=1, help="Temperature of a thermal gas, K; repeatable.")
    ] = None,
    desorption: Annotated[
        list[float] | None, typer.Option(min=1, help="Temperature of desorption, K; repeatable.")
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
    format: Annotated[str, typer.Option(help="csv, parquet or extxyz.")] = "csv",
    output: Annotated[Path | None, typer.Option(help="A new file; by default in FOLDER.")] = None,
) -> None:
    """Write the trajectories of results.h5 and their conditions for other programs."""
    from scatter.results.export import export

    print(export(folder, format, output))


@app.command()
def slab(
    input: Annotated[Path, typer.Argument(help="The input file; its [surface] is built.")],
    output: Annotated[Path, typer.Option(help="Folder for the snapshots, as extxyz.")] = Path("."),
    trust_pickle: Trust = False,
) -> None:
    """Build and thermalise the slabs of INPUT, report the checks, and write the snapshots."""
    from scatter.campaign.slabs import slabs

    slabs(input, output, trust_pickle)


@app.command()
def bench(
    potential: PotentialName = "default",
    trajectories: Annotated[int, typer.Option(min=1, help="Size of the campaign.")] = 10_000,
    timestep_fs: Annotated[float, typer.Option(min=1e-3, help="Time step of the campaign.")] = 0.25,
    head: Head = None,
    trust_pickle: Trust = False,
) -> None:
    """Time H2 on Cu(111) with a potential on this machine; estimate how long a campaign takes."""
    from scatter.campaign.bench import bench
    from scatter.potentials.table import potential_from_name
    from scatter.report.terminal import console

    opened = potential_from_name(potential, trust_pickle, head)
    bench(opened, trajectories, timestep_fs, console(True))
