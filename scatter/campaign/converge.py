"""`scatter converge`: one campaign on slabs of several sizes, and what depends on them."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pandas as pd
from rich.console import Console

from scatter.analysis.convergence import Size
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import Opened, carry_out, holding, opened, report
from scatter.campaign.signals import interrupting
from scatter.config import Input, Source, parse, read, toml
from scatter.initial.surface import Surface
from scatter.outputs import refuse_no_folder
from scatter.report.convergence import report_convergence
from scatter.report.failures import refuse_untrusted
from scatter.report.terminal import console as console_of
from scatter.report.terminal import say
from scatter.settings import UserError

COMMAND = "converge"


@dataclass(frozen=True)
class Sizes:
    """Which slabs are wanted: all combinations; what is empty stays as the input has it.

    Attributes:
        layers: how many there are.
        cells: along the two lateral lattice vectors, as "3x3".
        frozen: lowest layers that never move.
    """

    layers: Sequence[int] = ()
    cells: Sequence[str] = ()
    frozen: Sequence[int] = ()


def converge(
    path: Path,
    sizes: Sizes,
    quantity: str | None = None,
    output: Path | None = None,
    trust_pickle: bool = False,
) -> None:
    """Run the campaign of an input on slabs of every wanted size; write table and figure.

    Each has a folder of its own, as of `scatter run`; what has been run is not run again.

    Args:
        path: `input.toml`.
        sizes: of the slabs.
        quantity: product whose probability is looked at in place of S0.
        output: folder; by default `runs/converge_` and the name of the input.
        trust_pickle: the user trusts where a pickled potential came from.

    Raises:
        UserError: the input is wrong, or has no slab of such a size.
        Untrusted: too many trajectories failed, or S0 of a point is not known; all is written.
    """
    ranks = Ranks()
    source = ranks.share(lambda: read(path))
    folder = output or Path("runs") / f"{COMMAND}_{path.stem}"
    ranks.share(lambda: refuse_no_folder("--output", folder))
    wanted = ranks.share(lambda: resized(source, sizes, folder))
    on = opened(source, trust_pickle, ranks)
    with interrupting():
        run_sizes(wanted, folder, on, quantity, ranks, console_of(ranks.first))
    for each in wanted.values():
        ranks.share(lambda of=each.output: refuse_untrusted(of))


def run_sizes(
    wanted: dict[Size, Source],
    folder: Path,
    on: Opened,
    quantity: str | None,
    ranks: Ranks,
    console: Console,
) -> pd.DataFrame:
    """Run or continue a campaign on each slab; answer the table.

    Args:
        wanted: inputs by the size of their slabs, of `resized`.
        folder: of table and figure.
        on: what they run on.
        quantity: product whose probability is looked at in place of S0.
        ranks: all of them must call this.
        console: where to speak.
    """
    for number, (size, source) in enumerate(sorted(wanted.items()), 1):
        say(console, f"slab {number} of {len(wanted)}: {size.name}")
        with holding(source.output, ranks):
            carry_out(source, on.potential, source.output, ranks, console, committee=on.committee)
            report(source.output, ranks, console)
    campaigns = {size: source.output for size, source in wanted.items()}
    return ranks.share(lambda: report_convergence(folder, campaigns, quantity, console))


def resized(source: Source, sizes: Sizes, folder: Path) -> dict[Size, Source]:
    """The input with each wanted slab, by its size; results go into subfolders of a folder.

    Raises:
        UserError: the input's slab cannot have such a size, or there is only one.
    """
    surface = source.input.surface
    _refuse_fixed(source, sizes)
    made = {}
    for keys in _combinations(surface, sizes):
        tables = tomllib.loads(source.text)
        tables["surface"] = {**tables["surface"], **keys}
        named = ", ".join(f"{key} = {value}" for key, value in keys.items())
        try:
            size = size_of(parse(source.path, toml(tables)).input.surface)
        except UserError as error:
            raise UserError(f"{COMMAND}, on the slab with {named}: {error}") from error
        tables["run"] = {**tables.get("run", {}), "output": str(folder / size.label)}
        made[size] = parse(source.path, toml(tables))
    if len(made) < 2:
        raise UserError(
            f"{COMMAND}: one slab has nothing to be compared with; give several --layers, --cells "
            "or --frozen, as in --layers 4,6,8"
        )
    return made


def _combinations(surface: Surface, sizes: Sizes) -> Iterator[dict[str, list[int] | int]]:
    """The keys of [surface] of every slab."""
    n1, n2, deep = surface.size
    lateral = [cells_of(text) for text in sizes.cells] or [(n1, n2)]
    frozen: list[int | None] = [*sizes.frozen] or [None]
    for cells, layers, held in product(lateral, sizes.layers or [deep], frozen):
        keys: dict[str, list[int] | int] = {}
        if surface.file is None:
            keys["size"] = [*cells, layers]
        if held is not None:
            keys["frozen_layers"] = held
        yield keys


def cells_of(text: str) -> tuple[int, int]:
    """The two numbers of "3x4".

    Raises:
        UserError: it is not that.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})", text.strip())
    if match is None:
        raise UserError(f"--cells {text}: must be two whole numbers, such as 3x3, or 3x3,4x4")
    return int(match[1]), int(match[2])


def size_of(surface: Surface) -> Size:
    """The size of the slab that a table `[surface]` means, on its first facet."""
    frozen = str(surface.frozen_layers)
    if surface.file is not None:
        return Size(0, -int(surface.frozen_layers), "", 0, frozen)
    n1, n2, layers = surface.size
    in_layer = surface.atoms_in_layer(surface.facet[0])
    held = layers if surface.rigid else int(surface.frozen_layers)
    moving = in_layer * (layers - held)
    return Size(in_layer * layers, moving, f"{n1}x{n2}", layers, frozen)


def _refuse_fixed(source: Source, sizes: Sizes) -> None:
    """Raise UserError where the input's slab has one size, or would become another surface."""
    input = source.input
    surface, place = input.surface, source.path
    for option, values in {"layers": sizes.layers, "cells": sizes.cells}.items():
        if values and surface.file is not None:
            raise UserError(
                f"--{option}: {place}, [surface] file = '{surface.file}' is a slab of one size; "
                "build it by element, facet and size, or run an input for each file"
            )
    if len({*sizes.cells}) > 1 and surface.adsorbates.cells is not None:
        raise UserError(
            f"--cells: {place}, [surface.adsorbates] cells would mean a different coverage of "
            f"each slab; give coverage instead"
        )
    for name in _of_one_slab(input):
        raise UserError(
            f"{COMMAND}: {place}, {name} refers to atoms of one slab, which differ in a slab of "
            f"another size; leave it out"
        )


def _of_one_slab(input: Input) -> Iterator[str]:
    """Keys of the input that no slab of another size can have."""
    if input.incidence.aim_atom is not None:
        yield "[incidence] aim_atom"
    for key in ("top_atoms", "top_A"):
        if key in input.surface.model_fields_set and input.surface.file is None:
            yield f"[surface] {key}"
