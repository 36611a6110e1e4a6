"""Commands for campaigns: run one, inspect it, report its results."""

import json
from pathlib import Path
from typing import Annotated

import typer

from scatter.cli.words import Folder, Folders, PotentialName, Trust, app
from scatter.errors import UserError


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
    from scatter.campaign.elsewhere import collect

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
def inspect(
    folder: Folder,
    number: Annotated[
        int | None, typer.Option(min=0, help="Number of a trajectory to replay.")
    ] = None,
    point: Annotated[int, typer.Option(min=0, help="Its point: a row of /points.")] = 0,
    every_fs: Annotated[
        float | None, typer.Option(min=1e-3, help="Time between frames; by default 1 fs.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="The extxyz file to write.")] = None,
    trust_pickle: Trust = False,
) -> None:
    """List the failed and undecided trajectories of a campaign, or replay any one bit for bit."""
    from scatter.campaign.inspect import inspect
    from scatter.report.status import list_wrong
    from scatter.report.terminal import console

    if number is None:
        list_wrong(folder, console(True))
    else:
        inspect(folder, point, number, every_fs, output, trust_pickle, console(True))


@app.command()
def committee(
    input: Annotated[Path, typer.Argument(help="An input file with [potential] committee.")],
    trust_pickle: Trust = False,
) -> None:
    """Run INPUT, and the same starts on each member of its committee: S0 with a model error."""
    from scatter.campaign.committee import committee

    committee(input, trust_pickle)


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
        float, typer.Option(help="Factor by which S0 of overlays is multiplied.")
    ] = 1.0,
    output: Annotated[Path | None, typer.Option(help="Figure to write, without extension.")] = None,
) -> None:
    """Draw sticking curves from results.h5 alone, as PNG and PDF."""
    from scatter.report.sticking import plot

    print(f"figure: {plot(folders, overlay or (), scale, output)}")


@app.command()
def report(
    folder: Folder,
    gaussian: Annotated[
        float | None,
        typer.Option(min=0.001, help="Bin final v, J with Gaussian weights of this FWHM."),
    ] = None,
    parity: Annotated[
        bool, typer.Option(help="Homonuclear molecules: only even changes of J.")
    ] = True,
) -> None:
    """Write report.html: the results of a campaign in figures and numbers, from results.h5."""
    from scatter.analysis import Binning
    from scatter.report.page import write_report

    print(f"report: {write_report(folder, Binning(gaussian, gaussian, parity))}")


@app.command()
def average(
    folder: Folder,
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
        bool, typer.Option(help="States not computed take S0 of the nearest J.")
    ] = False,
    molecule: Annotated[str | None, typer.Option(help="Where points have several.")] = None,
    facet: Annotated[str | None, typer.Option(help="Where points have several.")] = None,
    temperature: Annotated[
        float | None, typer.Option(help="Surface temperature, K, where points have several.")
    ] = None,
    polar: Annotated[float | None, typer.Option(help="Degrees, where points have several.")] = None,
    azimuth: Annotated[
        float | None, typer.Option(help="Degrees, where points have several.")
    ] = None,
) -> None:
    """Average computed points over beams and gases; predict desorption by detailed balance."""
    from scatter.report.averages import Wanted, average, beam_of
    from scatter.report.terminal import console

    beams = [beam_of(text, cooling) for text in beam or ()]
    given = {"molecule": molecule, "facet": facet, "T_K": temperature}
    given |= {"polar_deg": polar, "azimuth_deg": azimuth}
    chosen = {name: value for name, value in given.items() if value is not None}
    average(folder, Wanted(beams, gas or (), desorption or (), nearest_j, chosen), console(True))


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
def levels(
    formula: Annotated[str, typer.Argument(help="A diatomic, such as H2, HD or D2.")],
    potential: PotentialName = "default",
    v: Annotated[int, typer.Option(min=0, help="Highest vibrational quantum number.")] = 2,
    j: Annotated[int, typer.Option(min=0, help="Highest rotational quantum number.")] = 5,
    langer: Annotated[bool, typer.Option(help="(J+1/2)² in place of J(J+1).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    trust_pickle: Trust = False,
) -> None:
    """Print the rovibrational levels of a molecule on a potential (EBK)."""
    from scatter.ebk import level_rows, reduced_mass
    from scatter.initial.molecule import bond_curve, isotopes
    from scatter.potentials.table import potential_from_name

    try:
        (first, m1), (second, m2) = isotopes(formula, {})
    except ValueError as error:
        raise UserError(str(error)) from error
    surface = potential_from_name(potential, trust_pickle)
    rows = level_rows(v, j, bond_curve(surface, first, second), reduced_mass(m1, m2), langer)
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    convention = "(J+1/2)²" if langer else "J(J+1)"
    print(f"{formula} on {surface.description}; EBK with L² = {convention} ħ²")
    print("  v   J   E - E_min (eV)   spacing (eV)   inner (Å)   outer (Å)   period (fs)")
    for row in rows:
        print(
            f"{row['v']:3.0f} {row['J']:3.0f} {row['energy_eV']:16.6f} {row['spacing_eV']:14.6f}"
            f" {row['inner_A']:11.4f} {row['outer_A']:11.4f} {row['period_fs']:13.4f}"
        )


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
    trust_pickle: Trust = False,
) -> None:
    """Time H2 on Cu(111) with a potential on this machine; estimate how long a campaign takes."""
    from scatter.campaign.bench import bench
    from scatter.potentials.table import potential_from_name
    from scatter.report.terminal import console

    bench(potential_from_name(potential, trust_pickle), trajectories, timestep_fs, console(True))
