"""Commands for potentials: make one, and find out how far to trust it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scatter.cli.groups import Group
from scatter.cli.words import Head, LabelKeys, Trust, app, symbols_of
from scatter.errors import UserError

if TYPE_CHECKING:
    from scatter.labels import Keys


@app.command()
def evaluate(
    potential: Annotated[str, typer.Argument(help="A file, `default`, `analytic` or `ase:emt`.")],
    structures: Annotated[Path, typer.Argument(help="Structures that ASE can read (extxyz).")],
    output: Annotated[Path, typer.Option(metavar="FILE", help="The extxyz file to write.")],
    head: Head = None,
    stress: Annotated[bool, typer.Option("--stress", help="Write the stress too, eV/Å³.")] = False,
    trust_pickle: Trust = False,
) -> None:
    """Write the energy and forces of every structure; continues where it was stopped."""
    from scatter.campaign.thermal import telling
    from scatter.potentials.evaluate import evaluate
    from scatter.potentials.table import potential_from_name

    opened = potential_from_name(potential, trust_pickle, head)
    tell = telling(lambda line: print(line, flush=True), output.name)
    print(evaluate(opened, structures, output, stress=stress, tell=tell))


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
    head: Annotated[
        str | None, typer.Option(metavar="NAME", help="The head to keep, if there are several.")
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
    for agreement in convert(model, out, kept, trust_pickle, head):
        print(agreement)
    print(f"potential: {out}")


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
    above: Annotated[
        int, typer.Option(min=0, help="Molecules, whole and broken, at random above the surface.")
    ] = 0,
    trajectories: Annotated[
        bool, typer.Option(help="Run trajectories, not only what the other options ask for.")
    ] = True,
    trust_pickle: Trust = False,
) -> None:
    """Run the campaign in INPUT and record labelled structures, to train potentials on."""
    from scatter.fitting.extras import Extras
    from scatter.fitting.sample import sample

    extras = Extras(paths, bulk, molecule, above)
    sample(input, every_fs, extras, trust_pickle, trajectories)


@dataclass(frozen=True)
class Choice(Group):
    """What is chosen, and how it is split."""

    number: Annotated[int, typer.Option(min=3, help="Frames to choose of SAMPLES.")] = 2000
    whole: Annotated[
        list[Path] | None,
        typer.Option("--all", metavar="PATH", help="File or folder whose frames are all kept."),
    ] = None
    max_force: Annotated[
        float, typer.Option(min=0, help="Leave out frames with larger forces, of --all too, eV/Å.")
    ] = 50.0
    validation: Annotated[float, typer.Option(min=0, max=0.9, help="Fraction for validation.")] = (
        0.1
    )
    test: Annotated[float, typer.Option(min=0, max=0.9, help="Fraction for testing.")] = 0.1
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same choice.")] = 0


@dataclass(frozen=True)
class AllKeys(LabelKeys):
    """Under which keys the labels stand, and what is only copied."""

    stress_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Key of the stresses, which are only copied.")
    ] = None

    @property
    def keys(self) -> "Keys":
        """For those who read labels."""
        return replace(super().keys, stress=self.stress_key)


@app.command()
def select(
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder for train, valid and test.extxyz.")
    ],
    choice: Choice,
    labels: AllKeys,
    samples: Annotated[
        list[Path] | None,
        typer.Argument(help="Labelled .extxyz files of a molecule over a slab, or folders."),
    ] = None,
) -> None:
    """Choose the most diverse frames of SAMPLES, split into sets that share no trajectory."""
    from scatter.fitting import select

    parts = choice.validation, choice.test
    chosen = select.Choice(choice.number, choice.max_force, choice.seed, *parts)
    print(select.select(samples or (), output, chosen, choice.whole or (), labels.keys))
    print(f"report: {output / 'selection.json'}")
    if samples:
        print(f"figure: {output / 'selection.png'}")


@dataclass(frozen=True)
class Compared(Group):
    """What two potentials are compared by."""

    structures: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Structures (extxyz) for the teacher to label."),
    ] = None
    sticking: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="An input.toml: run its campaign on both, from common starts."
        ),
    ] = None
    properties: Annotated[
        bool | None,
        typer.Option(
            help="Compare crystal, molecule, barriers, a(T); by default yes, but with --materials."
        ),
    ] = None
    materials: Annotated[
        str | None,
        typer.Option(
            metavar="Ti-hcp,...",
            help="Crystals (fcc, hcp, bcc, omega; or a file of cells): elastic constants, phonons, "
            "free energies, a figure of merit.",
        ),
    ] = None
    quick: Annotated[
        bool, typer.Option("--quick", help="One barrier, few trajectories, no free energies.")
    ] = False


@app.command(context_settings={"allow_extra_args": True})
def validate(
    context: typer.Context,
    potential: Annotated[str, typer.Argument(help="The potential to test: a file or a name.")],
    against: Annotated[
        str, typer.Option(metavar="POTENTIAL", help="Its teacher, or an .extxyz file of labels.")
    ],
    compared: Compared,
    *,
    molecule: Annotated[
        list[str] | None,
        typer.Option(metavar="H ...", help="Its elements; by default all but the most common."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder; by default runs/validate_NAME.")
    ] = None,
    labels: LabelKeys,
    head: Head = None,
    against_head: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which head of the teacher.")
    ] = None,
    trust_pickle: Trust = False,
) -> None:
    """Test a potential against its teacher or labels; under mpirun, on all ranks."""
    from scatter.validation.validate import validate
    from scatter.validation.wanted import Wanted

    if context.args and not molecule:
        raise UserError(f"{' '.join(context.args)}: validate takes one POTENTIAL")
    symbols = symbols_of([*molecule, *context.args]) if molecule else ()
    folder = output or Path("runs") / f"validate_{Path(potential).stem}"
    properties = not compared.materials if compared.properties is None else compared.properties
    what = (compared.structures, compared.sticking, properties, compared.quick)
    read = (symbols, trust_pickle, labels.keys, (head, against_head))
    validate(Wanted(potential, against, folder, *what, *read, compared.materials))
