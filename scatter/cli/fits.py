"""Commands that fit: a curve to sticking probabilities, a potential by linear least squares."""

from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scatter.cli.groups import Group
from scatter.cli.words import (
    Fixed,
    Folders,
    Into,
    LabelKeys,
    Stresses,
    Verbs,
    app,
    symbols_of,
)
from scatter.errors import UserError

if TYPE_CHECKING:
    from scatter.ace.fitting.fit import Fitting
    from scatter.ace.fitting.recipe import Recipe
    from scatter.labels import Keys

fit = Verbs(help="Fit a curve to sticking probabilities, or a potential to structures.")
app.add_typer(fit, name="fit")


LabelledSet = Annotated[
    Path, typer.Argument(metavar="SET", help="A folder that `select` wrote, or an .extxyz.")
]
Elements = Annotated[
    list[str] | None, typer.Option(metavar="Cu,H", help="By default the most common first.")
]
PairCutoffs = Annotated[
    list[str] | None, typer.Option(metavar="Cu-H=5", help="Å, of one pair; repeatable.")
]
PairDistances = Annotated[
    list[str] | None, typer.Option(metavar="Cu-H=1.9", help="Å, of one pair; repeatable.")
]
MoleculeElements = Annotated[
    list[str] | None, typer.Option(metavar="H", help="By default all elements but the first.")
]
MostFactors = Annotated[
    str | None,
    typer.Option(
        metavar="2,1",
        help="The molecule's factors around the slab's atoms, and around its own; by default 2, "
        "and one less than it has atoms, 3 at most.",
    ),
]
AtomEnergies = Annotated[
    list[str] | None, typer.Option(metavar="H=-1.2", help="eV; others by least squares.")
]
ClassWeights = Annotated[
    list[str] | None, typer.Option(metavar="bulk=0.5", help="Of a class; repeatable.")
]


@dataclass(frozen=True)
class Basis(Group):
    """The functions of the ACE."""

    elements: Elements = None
    degrees: Annotated[str, typer.Option(metavar="D1,D2,...", help="Total degrees by order.")] = (
        "18,12,10,8"
    )
    weight_l: Annotated[float, typer.Option(min=0.5, help="Weight of l in the total degree.")] = 1.5
    cutoff: Annotated[float, typer.Option(min=1.0, max=20.0, metavar="Å", help="Cutoff.")] = 6.0
    pair_cutoff: PairCutoffs = None
    r0: PairDistances = None
    powers: Annotated[
        str, typer.Option(metavar="P,Q", help="p and q of the transform of distances.")
    ] = "2,2"
    inner: Annotated[int, typer.Option(min=0, help="Power of the envelope at r = 0.")] = 1
    pair_degree: Annotated[int, typer.Option(min=0, help="Of the pair potential.")] = 18
    molecule: MoleculeElements = None
    most: MostFactors = None

    @property
    def recipe(self) -> "Recipe":
        """As the fit takes it."""
        from scatter.ace.fitting.recipe import Recipe

        return Recipe(
            elements=symbols_of(self.elements),
            degrees=_numbers("--degrees", self.degrees),
            weight_l=self.weight_l,
            cutoff_A=self.cutoff,
            cutoffs_A=_pairs("--pair-cutoff", self.pair_cutoff),
            r0_A=_pairs("--r0", self.r0),
            powers=_two("--powers", self.powers),
            inner=self.inner,
            pair_degree=self.pair_degree,
            molecule=symbols_of(self.molecule),
            most=_two("--most", self.most) if self.most else None,
        )


@dataclass(frozen=True)
class Weighting(Group):
    """What counts how much, and how the fit is done."""

    e0: AtomEnergies = None
    energy_weight: Annotated[float, typer.Option(min=0, help="w_E, of E over √atoms.")] = 0.54
    force_weight: Annotated[float, typer.Option(min=0, help="w_F, of every component.")] = 0.01
    molecule_weight: Annotated[float, typer.Option(min=0, help="Of forces on it.")] = 1.0
    class_weight: ClassWeights = None
    share: Annotated[float, typer.Option(min=0, max=1, help="Of the slab's forces.")] = 1.0
    smoothness: Annotated[float, typer.Option(min=0, help="Power of the prior.")] = 2.0
    leverage: Annotated[
        bool, typer.Option(help="Store what guards need to measure extrapolation.")
    ] = True
    threads: Annotated[int, typer.Option(min=1, help="Cores to fit with.")] = 1
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")] = 0

    def fitting(self, stresses: Stresses, keys: "Keys") -> "Fitting":
        """As the fit takes it, with the keys of the labels."""
        from scatter.ace.fitting.fit import Fitting
        from scatter.ace.fitting.labelled import Weights

        classes = _named("--class-weight", self.class_weight)
        forces = self.force_weight, self.molecule_weight
        stress = stresses.weight(self.force_weight)
        weights = Weights(self.energy_weight, *forces, classes, self.share, stress)
        energies = _named("--e0", self.e0)
        return Fitting(
            weights, self.smoothness, energies, self.threads, self.leverage, self.seed, keys
        )


@fit.command()
def sticking(
    folders: Folders,
    form: Annotated[str, typer.Option(metavar="FORM", help="erf, logistic or gompertz.")] = "erf",
    fix: Fixed = None,
    output: Into = None,
) -> None:
    """Fit S0 = A g((E - E0)/W) to the curves of campaigns: E0, W and A with their intervals."""
    from scatter.report.fits import amplitude_of, fit_sticking
    from scatter.report.terminal import console

    fit_sticking(folders, form, amplitude_of(fix), console(True), output)


@dataclass(frozen=True)
class Counted(Group):
    """How the molecules of a time of flight were counted."""

    length_mm: Annotated[float, typer.Option(min=1e-3, help="Mean length of the flight.")]
    spread_mm: Annotated[float, typer.Option(min=0, help="Full width of the lengths.")] = 0.0
    gate_us: Annotated[float, typer.Option(min=0, help="Full width of the gate.")] = 0.0
    delay_us: Annotated[float, typer.Option(help="Time at which molecules leave.")] = 0.0
    detector: Annotated[
        str, typer.Option(metavar="KIND", help="flux or density; an ioniser sees density.")
    ] = "density"


@fit.command()
def flight(
    counts: Annotated[Path, typer.Argument(help="CSV file with the columns time_us and counts.")],
    molecule: Annotated[str, typer.Option(metavar="FORMULA", help="Formula, such as D2.")],
    temperature: Annotated[float, typer.Option(min=1, metavar="K", help="Of the surface, K.")],
    counted: Counted,
    form: Annotated[str, typer.Option(metavar="FORM", help="erf, logistic or gompertz.")] = "erf",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FOLDER", help="Folder to write into; by default the file's."
        ),
    ] = None,
) -> None:
    """Fit E0 and W of S0 to a time of flight of desorbing molecules, whatever A is."""
    from scatter.report.flight import Experiment, report_flight
    from scatter.report.terminal import console

    experiment = Experiment(molecule, temperature, form, *astuple(counted))
    report_flight(counts, experiment, console(True), output)


@fit.command()
def ace(
    data: LabelledSet,
    out: Annotated[Path, typer.Argument(help="The .npz file to write.")],
    basis: Basis,
    weighting: Weighting,
    stresses: Stresses,
    labels: LabelKeys,
) -> None:
    """Fit a linear ACE, and report its errors on structures that it has not seen."""
    from scatter.ace.fitting.fit import fit_ace

    recipe, fitting = basis.recipe, weighting.fitting(stresses, stresses.keys(labels))
    folder = fit_ace(data, out, recipe, fitting, lambda line: print(line, flush=True))
    print(f"report: {folder}\npotential: {out}")


def _two(option: str, text: str) -> tuple[int, int]:
    numbers = _numbers(option, text)
    if len(numbers) != 2 or any(number != int(number) for number in numbers):
        raise UserError(f"{option} {text}: must be two whole numbers, such as 2,1")
    return int(numbers[0]), int(numbers[1])


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        raise UserError(f"{option} {text}: must be numbers separated by commas") from None


def _named(option: str, texts: list[str] | None) -> dict[str, float]:
    """Values by name, from texts such as "bulk=0.5"."""
    values = {}
    for text in texts or ():
        name, _, value = text.partition("=")
        if name.strip() in values:
            raise UserError(f"{option}: gives {name.strip()} twice; give it once")
        try:
            values[name.strip()] = float(value)
        except ValueError:
            raise UserError(f"{option} {text}: must be a name, = and a number") from None
    return values


def _pairs(option: str, texts: list[str] | None) -> dict[tuple[str, str], float]:
    """Values by two symbols, from texts such as "Cu-H=5"."""
    pairs = {}
    for name, value in _named(option, texts).items():
        first, _, second = name.partition("-")
        if not first or not second or not value > 0:
            raise UserError(
                f"{option} {name}={value:g}: must be two symbols and a number above 0, as in Cu-H=5"
            )
        if (second, first) in pairs:
            raise UserError(f"{option}: gives {second}-{first} and {name}, one pair; give it once")
        pairs[first, second] = value
    return pairs
