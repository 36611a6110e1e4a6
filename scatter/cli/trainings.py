"""Commands that train: a student of a teacher, and a foundation model further."""

from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Annotated

import typer

from scatter.cli.groups import Group
from scatter.cli.words import LabelKeys, Stresses, Trust, app
from scatter.errors import UserError


@dataclass(frozen=True)
class Shape(Group):
    """The shape of a student."""

    channels: Annotated[int, typer.Option(min=16, help="Number of features; a multiple of 16.")] = (
        16
    )
    l_max: Annotated[
        int, typer.Option(min=1, max=3, help="Highest l of the spherical harmonics.")
    ] = 3
    correlation: Annotated[int, typer.Option(min=1, max=3, help="Correlation order.")] = 2
    cutoff: Annotated[float, typer.Option(min=1.0, metavar="Å", help="Cutoff.")] = 5.0
    vectors: Annotated[
        bool, typer.Option("--vectors", help="Atoms send vectors too: as many as --channels.")
    ] = False


@dataclass(frozen=True)
class Lessons(Group):
    """How a student is trained."""

    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training set.")] = 300
    batch: Annotated[int, typer.Option(min=1, help="Structures per step.")] = 8
    learning_rate: Annotated[float, typer.Option(min=1e-8, help="Largest learning rate.")] = 0.01
    threads: Annotated[int, typer.Option(min=1, help="Cores to train with.")] = 1
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first member.")] = 1
    balance: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, help="1: every element weighs the same, however rare; 0: every atom."
        ),
    ] = None


@dataclass(frozen=True)
class Ground(Group):
    """What students begin with."""

    model: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Start from this converted model (.npz), or a .model."
        ),
    ] = None
    freeze: Annotated[
        str,
        typer.Option(
            metavar="PARTS",
            help="With --from: f0 to f6 or none as in `finetune`, or some of embedding,"
            "interactions,products,readouts and of the file's arrays, such as radial_1,constant.",
        ),
    ] = "none"


@app.command()
def distil(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `select` wrote.")],
    out: Annotated[Path, typer.Argument(help="The .npz file to write.")],
    shape: Shape,
    ground: Ground,
    lessons: Lessons,
    *,
    members: Annotated[int, typer.Option(min=1, help="Members of a committee to train.")] = 1,
    stresses: Stresses,
    labels: LabelKeys,
    trust_pickle: Trust = False,
) -> None:
    """Train a compact MACE on a teacher's labels; continues where it was stopped."""
    from scatter.fitting.progress import Teller
    from scatter.mace.training import distil as training
    from scatter.mace.training.learning import FORCES
    from scatter.mace.training.student import Student

    course = training.Lessons(*astuple(lessons), stress=stresses.weight(FORCES))
    student, keys = Student(*astuple(shape)), stresses.keys(labels)
    begun = training.Beginning(ground.model, ground.freeze, trust_pickle) if ground.model else None
    _refuse_both(context, ground.model)
    tell = Teller(lessons.epochs, lambda line: print(line, flush=True))
    for potential in training.distil(data, out, student, course, members, tell, keys, begun, print):
        print(f"potential: {potential}")


def _refuse_both(context: typer.Context, model: Path | None) -> None:
    """Refuse a shape beside that of a model, and to freeze what is random."""
    names = (field.name for field in fields(Shape)) if model else ("freeze", "trust_pickle")
    given = [
        f"--{name.replace('_', '-')}"
        for name in names
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    if given and model:
        raise UserError(f"{given[0]}: the shape is that of --from {model}; leave it out")
    if given:
        raise UserError(f"{given[0]}: has no effect without --from MODEL; leave it out")


@dataclass(frozen=True)
class Start(Group):
    """What a fine-tuning begins with."""

    foundation: Annotated[
        str, typer.Option(metavar="NAME", help="small, medium or large, or a .model file.")
    ]
    freeze: Annotated[
        str,
        typer.Option(
            metavar="PARTS", help="f0 to f6, or some of embedding,interactions,products,readouts."
        ),
    ] = "f4"
    e0s: Annotated[
        str, typer.Option(metavar="KIND", help="Atomic energies: estimated, foundation or average.")
    ] = "estimated"


@dataclass(frozen=True)
class Tuning(Group):
    """How a model is fine-tuned."""

    epochs: Annotated[
        int, typer.Option(min=2, help="Passes over the set; the last fifth emphasises energies.")
    ] = 1500
    batch: Annotated[int, typer.Option(min=1, help="Structures per step.")] = 16
    learning_rate: Annotated[float, typer.Option(min=1e-8, help="Initial learning rate.")] = 0.01
    precision: Annotated[str, typer.Option(metavar="KIND", help="float32 or float64.")] = "float64"
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda.")] = "auto"
    threads: Annotated[int, typer.Option(min=1, help="Cores to train with.")] = 1
    seed: Annotated[int, typer.Option(help="Seed of the order of structures.")] = 1


@app.command()
def finetune(
    data: Annotated[Path, typer.Argument(metavar="SET", help="A folder that `select` wrote.")],
    out: Annotated[Path, typer.Argument(help="The .model file to write.")],
    start: Start,
    tuning: Tuning,
    stresses: Stresses,
    labels: LabelKeys,
    trust_pickle: Trust = False,
) -> None:
    """Fine-tune a foundation model, partly frozen; continues where it was stopped."""
    from scatter.fitting.progress import Teller
    from scatter.mace.training.finetune import Foundation, finetune
    from scatter.mace.training.train import FORCES, Training

    training = Training(*astuple(tuning), stress=stresses.weight(FORCES))
    foundation = Foundation(start.foundation, start.freeze, start.e0s, trust_pickle)
    tell = Teller(tuning.epochs, lambda line: print(line, flush=True))
    print(finetune(data, out, foundation, training, tell, stresses.keys(labels), print))
