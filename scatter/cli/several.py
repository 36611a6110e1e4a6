"""Commands that run several campaigns to compare them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from scatter.cli.groups import Group
from scatter.cli.words import Trust, app, whole_numbers


@app.command()
def committee(
    input: Annotated[Path, typer.Argument(help="An input file with [potential] committee.")],
    trust_pickle: Trust = False,
) -> None:
    """Run INPUT, and the same starts on each member of its committee: S0 with a model error."""
    from scatter.campaign.committee import committee

    committee(input, trust_pickle)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="The input file of the reference.")],
    second: Annotated[Path, typer.Argument(help="An input file that differs after the start.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder; by default in `runs`.")
    ] = None,
    trust_pickle: Trust = False,
) -> None:
    """Run FIRST and SECOND from the same starts; write paired differences of all they observe."""
    from scatter.validation.comparison import compare

    compare(first, second, output, trust_pickle)


@dataclass(frozen=True)
class SlabSizes(Group):
    """Which slabs are run: all combinations of what is given."""

    layers: Annotated[
        str | None, typer.Option(metavar="4,6,8", help="Numbers of layers; by default INPUT's.")
    ] = None
    cells: Annotated[
        str | None, typer.Option(metavar="3x3,4x4", help="Lateral cells; by default INPUT's.")
    ] = None
    frozen: Annotated[
        str | None, typer.Option(metavar="1,2", help="Frozen layers; by default INPUT's.")
    ] = None


@app.command()
def converge(
    input: Annotated[Path, typer.Argument(help="The input file, `input.toml`.")],
    sizes: SlabSizes,
    *,
    product: Annotated[
        str | None,
        typer.Option(metavar="PRODUCT", help='A product, as "CHD2* + D*", in place of S0.'),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder; by default runs/converge_ and INPUT's name."),
    ] = None,
    trust_pickle: Trust = False,
) -> None:
    """Run INPUT on slabs of several sizes: S0 and energy loss against slab size, with intervals."""
    from scatter.campaign.converge import Sizes, converge

    cells = sizes.cells.split(",") if sizes.cells else []
    counts = (whole_numbers("--layers", sizes.layers), whole_numbers("--frozen", sizes.frozen))
    converge(input, Sizes(counts[0], cells, counts[1]), product, output, trust_pickle)
