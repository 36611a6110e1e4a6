"""The program, and the arguments and options that its commands share."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from scatter import __version__
from scatter.cli.groups import Group, spread
from scatter.cli.values import help_row, named, usage
from scatter.errors import UserError

if TYPE_CHECKING:
    from scatter.labels import Keys


class _Once:
    """A command that refuses an option given twice, unless it takes several values.

    The parser would silently keep the last value. In lists of commands its help is not cut.
    """

    def make_parser(self, ctx: Any) -> Any:
        """The parser of the options, which checks what it has parsed."""
        parser = super().make_parser(ctx)  # pyright: ignore
        parse = parser.parse_args

        def once(args: list[str]) -> Any:
            parsed = parse(args)
            _refuse_twice(parsed[2])
            return parsed

        parser.parse_args = once
        return parser

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence of the help, uncut; it is wrapped where it is shown."""
        return super().get_short_help_str(max(limit, 1000))  # pyright: ignore


def _refuse_twice(given: Sequence[Any]) -> None:
    """Raise UserError if one of these parameters of the command line was given again."""
    for option in given:
        if option.param_type_name == "option" and not option.multiple and given.count(option) > 1:
            name = "/".join([*option.opts, *option.secondary_opts])
            raise UserError(f"{name}: is given {given.count(option)} times; give it once")


class _Command(_Once, TyperCommand):
    """A command, whose help says what it takes in words of the field."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words after its name, as `[OPTIONS] SET OUT`."""
        return ["[OPTIONS]", *usage(self.params)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options into the help."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            shown = [each for each in self.get_params(ctx) if each.param_type_name == kind]
            if shown:
                with formatter.section(title):
                    formatter.write_dl([help_row(each, ctx) for each in shown])


class _Group(_Once, TyperGroup):
    """Commands, and the options that stand before them."""


class Verbs(typer.Typer):
    """A set of commands whose help is shown as it is written, [brackets] included."""

    def __init__(self, **options: Any):
        """Commands with a help, and perhaps a name."""
        plain = {"rich_markup_mode": None, "add_completion": False}
        plain |= {"pretty_exceptions_enable": False, "no_args_is_help": True}
        super().__init__(cls=_Group, **plain, **options)

    def command(self, *names: Any, **options: Any) -> Callable[..., object]:
        """Turn a function into a command, which may take groups of options."""
        register = super().command(*names, cls=_Command, **options)

        def registered(function: Callable[..., object]) -> Callable[..., object]:
            register(named(spread(function)))
            return function

        return registered


app = Verbs(
    name="scatter",
    help="Gas-surface reactive scattering: from one input file to sticking probabilities.",
)

PotentialName = Annotated[
    str,
    typer.Option(
        "--potential",
        "-p",
        metavar="NAME",
        help="A file, `default`, `analytic`, or `ase:NAME` of a calculator.",
    ),
]
Trust = Annotated[
    bool, typer.Option("--trust-pickle", help="Open a .model file, which may run code.")
]
Head = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which head to use, if a .model has several.")
]
EnergyKey = Annotated[
    str | None, typer.Option(metavar="KEY", help="Key of the energies, eV; by default `energy`.")
]
ForcesKey = Annotated[
    str | None, typer.Option(metavar="KEY", help="Key of the forces, eV/Å; by default `forces`.")
]


@dataclass(frozen=True)
class LabelKeys(Group):
    """Under which keys the labels stand."""

    energy_key: EnergyKey = None
    forces_key: ForcesKey = None

    @property
    def keys(self) -> "Keys":
        """For those who read labels."""
        from scatter.labels import Keys

        return Keys(self.energy_key, self.forces_key)


@dataclass(frozen=True)
class Stresses(Group):
    """Whether stresses are learnt, and how much they weigh."""

    stress: Annotated[
        bool, typer.Option("--stress", help="Learn stresses too, of the structures that have them.")
    ] = False
    stress_weight: Annotated[
        float | None,
        typer.Option(min=1e-8, help="Of virials per atom; by default that of forces."),
    ] = None
    stress_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Key of the stresses, eV/Å³; by default `stress`."),
    ] = None

    def weight(self, of_forces: float) -> float | None:
        """The weight of virials; None where stresses are not learnt."""
        for name in ("stress_weight", "stress_key"):
            if getattr(self, name) is not None and not self.stress:
                option = f"--{name.replace('_', '-')}"
                raise UserError(f"{option}: means nothing without --stress; add it")
        return (self.stress_weight or of_forces) if self.stress else None

    def keys(self, labels: LabelKeys) -> "Keys":
        """The keys of all labels."""
        return replace(labels.keys, stress=self.stress_key)


Folders = Annotated[list[Path], typer.Argument(help="Folders of campaigns.")]
Folder = Annotated[Path, typer.Argument(help="Folder of a campaign.")]
Fixed = Annotated[
    str | None,
    typer.Option(
        "--fix", metavar="A=0.65", help="Amplitude A of the fitted curves, if it is known."
    ),
]
Into = Annotated[
    Path | None,
    typer.Option("--output", metavar="FOLDER", help="Folder to write into; by default the first."),
]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"scatter {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Gas-surface reactive scattering: from one input file to sticking probabilities."""


def symbols_of(texts: Sequence[str] | None) -> tuple[str, ...]:
    """Symbols of elements from words such as "Cu,H", each once."""
    symbols = (symbol.strip() for text in texts or () for symbol in text.split(","))
    return tuple(dict.fromkeys(symbol for symbol in symbols if symbol))


def whole_numbers(option: str, text: str | None) -> tuple[int, ...]:
    """Whole numbers from an option such as "4,6,8"; none where it is not given.

    Raises:
        UserError: it is something else.
    """
    words = [word.strip() for word in text.split(",")] if text else []
    if not all(re.fullmatch("[1-9][0-9]{0,3}", word) for word in words):
        raise UserError(
            f"{option} {text}: must be whole numbers greater than 0, separated by commas, as 4,6,8"
        )
    return tuple(int(word) for word in words)
