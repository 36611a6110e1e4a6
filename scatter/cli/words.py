"""The program, and the words that its verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from scatter import __version__

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
