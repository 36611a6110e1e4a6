"""Commands for campaigns: start one, run it, look at it, replay trajectories, time it."""

from pathlib import Path
from typing import Annotated

import typer

from scatter.cli.words import Folder, Head, PotentialName, Trust, app


@app.command()
def init(
    name: Annotated[
        Path, typer.Argument(help="The file to write; `.toml` is added to a bare name.")
    ] = Path("input.toml"),
    projectile: Annotated[
        str, typer.Option(metavar="FORMULA", help="Formula, such as H, H2 or CH4.")
    ] = "H2",
    potential: Annotated[
        str | None,
        typer.Option(
            "--potential",
            "-p",
            metavar="NAME",
            help="A file, `default`, `analytic`, or `ase:NAME` of a calculator.",
        ),
    ] = None,
    element: Annotated[str, typer.Option(metavar="SYMBOL", help="Of the surface.")] = "Cu",
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
    every: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Seconds between updates.")
    ] = 2.0,
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
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The extxyz file to write.")
    ] = None,
    reactive: Annotated[
        bool,
        typer.Option(
            "--reactive", help="--number is a row of /reactive, of a point that was split."
        ),
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
def slab(
    input: Annotated[Path, typer.Argument(help="The input file; its [surface] is built.")],
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder for the snapshots, as extxyz.")
    ] = Path("."),
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
