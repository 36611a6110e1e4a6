"""Commands for potentials: make one, and find out how far to trust it."""

from pathlib import Path
from typing import Annotated

import typer

from scatter.cli.words import EnergyKey, ForcesKey, Trust, app, symbols_of
from scatter.errors import UserError


@app.command()
def evaluate(
    potential: Annotated[str, typer.Argument(help="A file, `default`, `analytic` or `ase:emt`.")],
    structures: Annotated[Path, typer.Argument(help="Structures that ASE reads (extxyz).")],
    output: Annotated[Path, typer.Option(help="The extxyz file to write.")],
    trust_pickle: Trust = False,
) -> None:
    """Write the energy and forces of every structure on a potential."""
    from scatter.potentials.evaluate import evaluate
    from scatter.potentials.table import potential_from_name

    print(evaluate(potential_from_name(potential, trust_pickle), structures, output))


@app.command(context_settings={"allow_extra_args": True})
def convert(
    context: typer.Context,
    model: Annotated[
        Path, typer.Argument(help="A .model of mace-torch, or a linear ACE, .npz or .yace.")
    ],
    out: Annotated[Path, typer.Argument(help="The .npz to write, or for an ACE .npz the .yace.")],
    elements: Annotated[
        list[str] | None, typer.Option(metavar="H Cu ...", help="Elements to keep; all by default.")
    ] = None,
    trust_pickle: Trust = False,
) -> None:
    """Convert a MACE model to a fast file without pickle, or a linear ACE to or from LAMMPS."""
    from scatter.ace.yace.convert import convert_yace
    from scatter.mace.convert import convert

    if ".yace" in (model.suffix, out.suffix):
        for line in convert_yace(model, out):
            print(line)
        print(f"potential: {out}")
        return
    if context.args and not elements:
        raise UserError(f"{' '.join(context.args)}: convert takes one MODEL and one OUT")
    kept = [*symbols_of([*elements, *context.args])] if elements else []
    for agreement in convert(model, out, kept, trust_pickle):
        print(agreement)
    print(f"potential: {out}")


@app.command()
def distil(
    data: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `select` wrote.")],
    out: Annotated[Path, typer.Argument(help="The .npz file to write.")],
    channels: Annotated[
        int, typer.Option(min=16, help="Number of features; a multiple of 16.")
    ] = 16,
    l_max: Annotated[
        int, typer.Option(min=1, max=3, help="Highest l of the spherical harmonics.")
    ] = 3,
    correlation: Annotated[int, typer.Option(min=1, max=3, help="Correlation order.")] = 2,
    cutoff: Annotated[float, typer.Option(min=1.0, help="Cutoff, Å.")] = 5.0,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training set.")] = 300,
    batch: Annotated[int, typer.Option(min=1, help="Structures per step.")] = 8,
    learning_rate: Annotated[float, typer.Option(min=1e-8, help="Largest learning rate.")] = 0.01,
    threads: Annotated[int, typer.Option(min=1, help="Cores to train with.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first member.")] = 1,
    members: Annotated[int, typer.Option(min=1, help="Members of a committee to train.")] = 1,
    energy_key: EnergyKey = None,
    forces_key: ForcesKey = None,
) -> None:
    """Train a compact MACE on a teacher's labels; continues where it was stopped."""
    from scatter.fitting.progress import Teller
    from scatter.labels import Keys
    from scatter.mace.training.distil import Lessons, distil
    from scatter.mace.training.student import Student

    lessons = Lessons(epochs, batch, learning_rate, threads, seed)
    student = Student(channels, l_max, correlation, cutoff)
    tell = Teller(epochs, lambda line: print(line, flush=True))
    keys = Keys(energy_key, forces_key)
    for potential in distil(data, out, student, lessons, members, tell, keys):
        print(f"potential: {potential}")


@app.command()
def finetune(
    data: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `select` wrote.")],
    out: Annotated[Path, typer.Argument(help="The .model file to write.")],
    foundation: Annotated[str, typer.Option(help="small, medium or large, or a .model file.")],
    freeze: Annotated[
        str, typer.Option(help="f0 to f6, or some of embedding,interactions,products,readouts.")
    ] = "f4",
    e0s: Annotated[
        str, typer.Option(help="Atomic energies: estimated, foundation or average.")
    ] = "estimated",
    epochs: Annotated[
        int, typer.Option(min=2, help="Passes over the set; the last fifth weights energies.")
    ] = 1500,
    batch: Annotated[int, typer.Option(min=1, help="Structures per step.")] = 16,
    learning_rate: Annotated[float, typer.Option(min=1e-8, help="Initial learning rate.")] = 0.01,
    precision: Annotated[str, typer.Option(help="float32 or float64.")] = "float64",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, typer.Option(min=1, help="Cores to train with.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the order of structures.")] = 1,
    energy_key: EnergyKey = None,
    forces_key: ForcesKey = None,
    trust_pickle: Trust = False,
) -> None:
    """Fine-tune a foundation model, partly frozen; continues where it was stopped."""
    from scatter.fitting.progress import Teller
    from scatter.labels import Keys
    from scatter.mace.training.finetune import Foundation, finetune
    from scatter.mace.training.train import Training

    training = Training(epochs, batch, learning_rate, precision, device, threads, seed)
    start = Foundation(foundation, freeze, e0s, trust_pickle)
    tell = Teller(epochs, lambda line: print(line, flush=True))
    print(finetune(data, out, start, training, tell, Keys(energy_key, forces_key)))


@app.command()
def sample(
    input: Annotated[Path, typer.Argument(help="The input file of a campaign on the teacher.")],
    every_fs: Annotated[float, typer.Option(min=1e-3, help="Time between frames.")] = 1.0,
    paths: Annotated[
        int, typer.Option(min=0, help="Structures on and near minimum-energy paths.")
    ] = 0,
    bulk: Annotated[int, typer.Option(min=0, help="Strained and rattled cells of the metal.")] = 0,
    molecule: Annotated[
        int, typer.Option(min=0, help="Isolated molecules, and as many clean slabs.")
    ] = 0,
    trust_pickle: Trust = False,
) -> None:
    """Run the campaign in INPUT and record labelled structures, to train potentials on."""
    from scatter.fitting.extras import Extras
    from scatter.fitting.sample import sample

    sample(input, every_fs, Extras(paths, bulk, molecule), trust_pickle)


@app.command()
def select(
    samples: Annotated[list[Path], typer.Argument(help="Labelled .extxyz files, or folders.")],
    output: Annotated[Path, typer.Option(help="Folder for train, valid and test.extxyz.")],
    number: Annotated[int, typer.Option(min=3, help="Frames to choose.")] = 2000,
    whole: Annotated[
        list[Path] | None, typer.Option("--all", help="File or folder of which to keep all frames.")
    ] = None,
    max_force: Annotated[
        float, typer.Option(help="Leave out frames with larger forces, eV/Å.")
    ] = 20.0,
    validation: Annotated[
        float, typer.Option(min=0, max=0.9, help="Fraction for validation.")
    ] = 0.1,
    test: Annotated[float, typer.Option(min=0, max=0.9, help="Fraction for testing.")] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same choice.")] = 0,
    energy_key: EnergyKey = None,
    forces_key: ForcesKey = None,
    stress_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Key of the stresses, which are only copied.")
    ] = None,
) -> None:
    """Choose the most diverse frames of SAMPLES, split into sets that share no trajectory."""
    from scatter.fitting.select import Choice, select
    from scatter.labels import Keys

    choice = Choice(number, max_force, seed, validation, test)
    keys = Keys(energy_key, forces_key, stress_key)
    print(select(samples, output, choice, whole or (), keys))
    print(f"report: {output / 'selection.json'}\nfigure: {output / 'selection.png'}")


@app.command(context_settings={"allow_extra_args": True})
def validate(
    context: typer.Context,
    potential: Annotated[str, typer.Argument(help="The potential to test: a file or a name.")],
    against: Annotated[str, typer.Option(help="Its teacher, or an .extxyz file of labels.")],
    structures: Annotated[
        Path | None, typer.Option(help="Structures (extxyz) for the teacher to label.")
    ] = None,
    sticking: Annotated[
        Path | None,
        typer.Option(help="An input.toml: run its campaign on both, from common starts."),
    ] = None,
    properties: Annotated[
        bool, typer.Option(help="Compare crystal, molecule, barriers, a(T).")
    ] = True,
    quick: Annotated[bool, typer.Option("--quick", help="One barrier, few trajectories.")] = False,
    molecule: Annotated[
        list[str] | None,
        typer.Option(metavar="H ...", help="Its elements; by default all but the commonest."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder; by default runs/validate_NAME.")
    ] = None,
    energy_key: EnergyKey = None,
    forces_key: ForcesKey = None,
    trust_pickle: Trust = False,
) -> None:
    """Test a potential against its teacher or labels; under mpirun, on all ranks."""
    from scatter.labels import Keys
    from scatter.validation.validate import validate
    from scatter.validation.wanted import Wanted

    if context.args and not molecule:
        raise UserError(f"{' '.join(context.args)}: validate takes one POTENTIAL")
    symbols = symbols_of([*molecule, *context.args]) if molecule else ()
    folder = output or Path("runs") / f"validate_{Path(potential).stem}"
    keys = Keys(energy_key, forces_key)
    what = (structures, sticking, properties, quick, symbols, trust_pickle, keys)
    validate(Wanted(potential, against, folder, *what))
