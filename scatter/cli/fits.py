"""Commands that fit a potential by linear least squares: `scatter fit ace`."""

from pathlib import Path
from typing import Annotated

import typer

from scatter.cli.words import EnergyKey, ForcesKey, Verbs, app, symbols_of
from scatter.errors import UserError

fit = Verbs(help="Fit a potential to labelled structures.")
app.add_typer(fit, name="fit")


LabelledSet = Annotated[
    Path, typer.Argument(metavar="SET", help="A folder that `select` wrote, or an .extxyz.")
]
Elements = Annotated[
    list[str] | None, typer.Option(metavar="Cu,H", help="The commonest first by default.")
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
    str,
    typer.Option(help="The molecule's factors around the slab's atoms, and around its own."),
]
AtomEnergies = Annotated[
    list[str] | None, typer.Option(metavar="H=-1.2", help="eV; others by least squares.")
]
ClassWeights = Annotated[
    list[str] | None, typer.Option(metavar="bulk=0.5", help="Of a class; repeatable.")
]


@fit.command()
def ace(
    data: LabelledSet,
    out: Annotated[Path, typer.Argument(help="The .npz file to write.")],
    elements: Elements = None,
    degrees: Annotated[str, typer.Option(help="Total degrees by order.")] = "18,12,10,8",
    weight_l: Annotated[float, typer.Option(min=0.5, help="What a degree l counts.")] = 1.5,
    cutoff: Annotated[float, typer.Option(min=1.0, max=20.0, help="Å.")] = 6.0,
    pair_cutoff: PairCutoffs = None,
    r0: PairDistances = None,
    powers: Annotated[str, typer.Option(help="p and q of the transform of distances.")] = "2,2",
    inner: Annotated[int, typer.Option(min=0, help="Power of the envelope at r = 0.")] = 1,
    pair_degree: Annotated[int, typer.Option(min=0, help="Of the pair potential.")] = 18,
    molecule: MoleculeElements = None,
    most: MostFactors = "2,1",
    e0: AtomEnergies = None,
    energy_weight: Annotated[float, typer.Option(min=0, help="w_E, of E over √atoms.")] = 0.54,
    force_weight: Annotated[float, typer.Option(min=0, help="w_F, of every component.")] = 0.01,
    molecule_weight: Annotated[float, typer.Option(min=0, help="Of forces on it.")] = 1.0,
    class_weight: ClassWeights = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="Of the slab's forces.")] = 1.0,
    smoothness: Annotated[float, typer.Option(min=0, help="Power of the prior.")] = 2.0,
    leverage: Annotated[bool, typer.Option(help="Let the file tell how far atoms are.")] = True,
    threads: Annotated[int, typer.Option(min=1, help="Cores to fit with.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    energy_key: EnergyKey = None,
    forces_key: ForcesKey = None,
) -> None:
    """Fit a linear ACE, and report its errors on structures that it has not seen."""
    from scatter.ace.fitting.fit import Fitting, fit_ace
    from scatter.ace.fitting.labelled import Weights
    from scatter.ace.fitting.recipe import Recipe
    from scatter.labels import Keys

    recipe = Recipe(
        elements=symbols_of(elements),
        degrees=_numbers("--degrees", degrees),
        weight_l=weight_l,
        cutoff_A=cutoff,
        cutoffs_A=_pairs("--pair-cutoff", pair_cutoff),
        r0_A=_pairs("--r0", r0),
        powers=_two("--powers", powers),
        inner=inner,
        pair_degree=pair_degree,
        molecule=symbols_of(molecule),
        most=_two("--most", most),
    )
    classes = _named("--class-weight", class_weight)
    weights = Weights(energy_weight, force_weight, molecule_weight, classes, share)
    keys, energies = Keys(energy_key, forces_key), _named("--e0", e0)
    fitting = Fitting(weights, smoothness, energies, threads, leverage, seed, keys)
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
