"""The command line: parse, call one room, turn the user's mistake into one line."""

import json
import traceback
from pathlib import Path
from typing import Annotated

import typer

from scatter import __version__
from scatter.settings import UserError

INTERRUPTED = 130  # what typer makes of Ctrl-C

app = typer.Typer(
    name="scatter",
    help="Gas-surface reactive scattering: from one input file to sticking probabilities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

PotentialName = Annotated[
    str,
    typer.Option(
        "--potential", "-p", help="A file, `default`, `analytic`, or `ase:` and a calculator."
    ),
]
Trust = Annotated[
    bool, typer.Option("--trust-pickle", help="A .model file may run code when it is opened.")
]
Folders = Annotated[list[Path], typer.Argument(help="Folders of campaigns.")]
Folder = Annotated[Path, typer.Argument(help="Folder of a campaign.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"scatter {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Gas-surface reactive scattering: from one input file to sticking probabilities."""


@app.command()
def run(
    input: Annotated[Path, typer.Argument(help="The input file, `input.toml`.")],
    trust_pickle: Trust = False,
) -> None:
    """Run the campaign in INPUT, or go on with it; under mpirun, on all ranks."""
    from scatter.campaign.run import run

    run(input, trust_pickle)


@app.command()
def status(folder: Folder) -> None:
    """Say how far a campaign is, and make its results.h5 from what has finished."""
    from scatter.campaign.report import status
    from scatter.campaign.terminal import console

    status(folder, console(True))


@app.command()
def analyse(folder: Folder) -> None:
    """Compute sticking.csv from results.h5 alone, and print it."""
    from scatter.campaign.report import analyse
    from scatter.campaign.terminal import console

    analyse(folder, console(True))
    print(f"table:  {folder / 'sticking.csv'}")


@app.command()
def plot(
    folders: Folders,
    overlay: Annotated[
        list[Path] | None,
        typer.Option(help="CSV with other curves: a sticking.csv, or columns energy_eV and S0."),
    ] = None,
    scale: Annotated[float, typer.Option(help="Factor on the overlays' S0.")] = 1.0,
    output: Annotated[Path | None, typer.Option(help="Figure to write, without ending.")] = None,
) -> None:
    """Draw sticking curves from results.h5 alone, as PNG and PDF."""
    from scatter.campaign.report import plot

    print(f"figure: {plot(folders, overlay or (), scale, output)}")


@app.command()
def report(folder: Folder) -> None:
    """Write report.html: what a campaign found, with figures and numbers, from results.h5 alone."""
    from scatter.campaign.page import write_report

    print(f"report: {write_report(folder)}")


@app.command()
def average(
    folder: Folder,
    beam: Annotated[
        list[str] | None, typer.Option(metavar="V0,ALPHA,T", help="m/s, m/s, K; may be repeated.")
    ] = None,
    cooling: Annotated[float, typer.Option(min=0.01, help="Of the rotation: T_rot/T.")] = 0.8,
    gas: Annotated[list[float] | None, typer.Option(min=1, help="K; may be repeated.")] = None,
    desorption: Annotated[list[float] | None, typer.Option(min=1, help="K; or several.")] = None,
    nearest_j: Annotated[bool, typer.Option(help="States not computed follow the next J.")] = False,
) -> None:
    """Average computed points over beams and gases, and tell what desorbs by detailed balance."""
    from scatter.campaign.averages import average, beam_of
    from scatter.campaign.terminal import console

    beams = [beam_of(text, cooling) for text in beam or ()]
    average(folder, beams, gas or (), desorption or (), nearest_j, console(True))


@app.command()
def export(
    folder: Folder,
    format: Annotated[str, typer.Option(help="csv, parquet or extxyz.")] = "csv",
    output: Annotated[Path | None, typer.Option(help="A new file; by default in FOLDER.")] = None,
) -> None:
    """Write the trajectories of results.h5 and their conditions for other programs."""
    from scatter.campaign.export import export

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
    input: Annotated[Path, typer.Argument(help="The input file; its [surface] is made.")],
    output: Annotated[Path, typer.Option(help="Folder for the snapshots, as extxyz.")] = Path("."),
    trust_pickle: Trust = False,
) -> None:
    """Build and thermalise the slabs of INPUT, say what was checked, and write the snapshots."""
    from scatter.campaign.slabs import slabs

    slabs(input, output, trust_pickle)


@app.command()
def bench(
    potential: PotentialName = "default",
    trajectories: Annotated[int, typer.Option(min=1, help="Of the campaign.")] = 10_000,
    timestep_fs: Annotated[float, typer.Option(min=1e-3, help="Of its dynamics.")] = 0.25,
    trust_pickle: Trust = False,
) -> None:
    """Time H2 on Cu(111) on a potential and this machine; say how long a campaign would take."""
    from scatter.campaign.bench import bench
    from scatter.campaign.terminal import console
    from scatter.potentials.table import potential_from_name

    bench(potential_from_name(potential, trust_pickle), trajectories, timestep_fs, console(True))


@app.command()
def evaluate(
    potential: Annotated[str, typer.Argument(help="A file, `default`, `analytic` or `ase:emt`.")],
    structures: Annotated[Path, typer.Argument(help="Structures that ASE reads (extxyz).")],
    output: Annotated[Path, typer.Option(help="The extxyz file to write.")],
    trust_pickle: Trust = False,
) -> None:
    """Write energy and forces of every structure on a potential."""
    from scatter.potentials.evaluate import evaluate
    from scatter.potentials.table import potential_from_name

    print(evaluate(potential_from_name(potential, trust_pickle), structures, output))


@app.command(context_settings={"allow_extra_args": True})
def convert(
    context: typer.Context,
    model: Annotated[Path, typer.Argument(help="A .model file of mace-torch.")],
    out: Annotated[Path, typer.Argument(help="The .npz file to write.")],
    elements: Annotated[
        str | None, typer.Option(metavar="H Cu ...", help="What to keep; all by default.")
    ] = None,
    trust_pickle: Trust = False,
) -> None:
    """Make of a MACE model a file that is evaluated fast, without torch and without pickle."""
    from scatter.fitting.convert import convert

    if context.args and not elements:
        raise UserError(f"{' '.join(context.args)}: convert takes one MODEL and one OUT")
    kept = [elements, *context.args] if elements else []
    for agreement in convert(model, out, kept, trust_pickle):
        print(agreement)
    print(f"potential: {out}")


@app.command()
def distil(
    data: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `select` wrote.")],
    out: Annotated[Path, typer.Argument(help="The .npz file to write.")],
    channels: Annotated[int, typer.Option(min=16, help="Features; a multiple of 16.")] = 16,
    l_max: Annotated[int, typer.Option(min=1, max=3, help="Of the harmonics.")] = 3,
    correlation: Annotated[int, typer.Option(min=1, max=3, help="Factors in products.")] = 2,
    cutoff: Annotated[float, typer.Option(min=1.0, help="Å.")] = 5.0,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the set.")] = 300,
    batch: Annotated[int, typer.Option(min=1, help="Structures in a step.")] = 8,
    learning_rate: Annotated[float, typer.Option(min=1e-8, help="The largest.")] = 0.01,
    threads: Annotated[int, typer.Option(min=1, help="Cores to train with.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the first member.")] = 1,
    members: Annotated[int, typer.Option(min=1, help="Of a committee.")] = 1,
) -> None:
    """Train a compact MACE on a teacher's labels; goes on where it was stopped."""
    from scatter.fitting.distil import Lessons, distil
    from scatter.fitting.student import Student
    from scatter.fitting.train import Teller

    lessons = Lessons(epochs, batch, learning_rate, threads, seed)
    student = Student(channels, l_max, correlation, cutoff)
    tell = Teller(epochs, lambda line: print(line, flush=True))
    for potential in distil(data, out, student, lessons, members, tell):
        print(f"potential: {potential}")


@app.command()
def finetune(
    data: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `select` wrote.")],
    out: Annotated[Path, typer.Argument(help="The .model file to write.")],
    foundation: Annotated[str, typer.Option(help="small, medium, large, or a .model file.")],
    freeze: Annotated[
        str, typer.Option(help="f0 to f6, or of embedding,interactions,products,readouts.")
    ] = "f4",
    e0s: Annotated[str, typer.Option(help="estimated, foundation or average.")] = "estimated",
    epochs: Annotated[int, typer.Option(min=2, help="The last fifth weighs energies.")] = 1500,
    batch: Annotated[int, typer.Option(min=1, help="Structures in a step.")] = 16,
    learning_rate: Annotated[float, typer.Option(min=1e-8, help="At the start.")] = 0.01,
    precision: Annotated[str, typer.Option(help="float32 or float64.")] = "float64",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, typer.Option(min=1, help="Cores to train with.")] = 1,
    seed: Annotated[int, typer.Option(help="Of the order of structures.")] = 1,
    trust_pickle: Trust = False,
) -> None:
    """Train a foundation model further, partly frozen; goes on where it was stopped."""
    from scatter.fitting.finetune import Foundation, finetune
    from scatter.fitting.train import Teller, Training

    training = Training(epochs, batch, learning_rate, precision, device, threads, seed)
    start = Foundation(foundation, freeze, e0s, trust_pickle)
    tell = Teller(epochs, lambda line: print(line, flush=True))
    print(finetune(data, out, start, training, tell))


@app.command()
def sample(
    input: Annotated[Path, typer.Argument(help="The input file of a campaign on the teacher.")],
    every_fs: Annotated[float, typer.Option(min=1e-3, help="From frame to frame.")] = 1.0,
    paths: Annotated[int, typer.Option(min=0, help="On and beside minimum-energy paths.")] = 0,
    bulk: Annotated[int, typer.Option(min=0, help="Strained, rattled cells of the metal.")] = 0,
    molecule: Annotated[int, typer.Option(min=0, help="Lone molecules; and clean slabs.")] = 0,
    trust_pickle: Trust = False,
) -> None:
    """Run the campaign in INPUT and record all of it, labelled, to make potentials from."""
    from scatter.fitting.extras import Extras
    from scatter.fitting.sample import sample

    sample(input, every_fs, Extras(paths, bulk, molecule), trust_pickle)


@app.command()
def select(
    samples: Annotated[list[Path], typer.Argument(help="Labelled .extxyz files, or folders.")],
    output: Annotated[Path, typer.Option(help="Folder for train, valid and test.extxyz.")],
    number: Annotated[int, typer.Option(min=3, help="Frames to choose.")] = 2000,
    whole: Annotated[
        list[Path] | None, typer.Option("--all", help="File or folder to keep all frames of.")
    ] = None,
    max_force: Annotated[float, typer.Option(help="Leave out frames above, eV/Å.")] = 20.0,
    validation: Annotated[float, typer.Option(min=0, max=0.9, help="Share of frames.")] = 0.1,
    test: Annotated[float, typer.Option(min=0, max=0.9, help="Share of frames.")] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same choice.")] = 0,
) -> None:
    """Choose the most diverse frames of SAMPLES, in parts that share no trajectory."""
    from scatter.fitting.select import Choice, select

    choice = Choice(number, max_force, seed, validation, test)
    print(select(samples, output, choice, whole or ()))
    print(f"report: {output / 'selection.json'}\nfigure: {output / 'selection.png'}")


@app.command(context_settings={"allow_extra_args": True})
def validate(
    context: typer.Context,
    potential: Annotated[str, typer.Argument(help="The potential to be tried: a file or a name.")],
    against: Annotated[str, typer.Option(help="Its teacher, or an .extxyz file with labels.")],
    structures: Annotated[
        Path | None, typer.Option(help="Structures (extxyz) for the teacher to label.")
    ] = None,
    sticking: Annotated[
        Path | None, typer.Option(help="An input.toml: run its campaign on both, in pairs.")
    ] = None,
    properties: Annotated[bool, typer.Option(help="Crystal, molecule, barriers, a(T).")] = True,
    quick: Annotated[bool, typer.Option("--quick", help="One barrier, few trajectories.")] = False,
    molecule: Annotated[
        str | None, typer.Option(metavar="H ...", help="By default all but the commonest element.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder; by default runs/validate_ and the name.")
    ] = None,
    trust_pickle: Trust = False,
) -> None:
    """Try a potential against its teacher or labels; under mpirun, on all ranks."""
    from scatter.validation.validate import validate
    from scatter.validation.wanted import Wanted

    if context.args and not molecule:
        raise UserError(f"{' '.join(context.args)}: validate takes one POTENTIAL")
    chosen = (molecule, *context.args) if molecule else ()
    folder = output or Path("runs") / f"validate_{Path(potential).stem}"
    validate(
        Wanted(
            potential, against, folder, structures, sticking, properties, quick, chosen,
            trust_pickle,
        )
    )  # fmt: skip


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2.

    An error that one rank alone has met ends all of them.
    """
    from scatter.campaign.ranks import Agreed, leave

    try:
        app()
    except UserError as error:
        leave(f"scatter: {error}", 2, isinstance(error, Agreed))
    except SystemExit as end:
        if end.code != INTERRUPTED:
            raise
        leave("scatter: interrupted; the same command goes on where this one stopped", INTERRUPTED)
    except Exception:
        leave(traceback.format_exc(), 1)
