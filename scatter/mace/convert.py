"""From a model of mace-torch to a file of plain arrays, checked against the model on the way."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ase.data import atomic_numbers

from scatter import __version__
from scatter.fitting.agreement import Agreement, agreements
from scatter.mace.cpu import MaceFused
from scatter.mace.file import FoldedMace
from scatter.mace.fold import fold
from scatter.mace.foldable import heads_of, refuse_strangers, wanted_species
from scatter.mace.mace_torch import MaceTorch
from scatter.settings import UserError

LARGEST = {"float64": 1e-6, "float32": 1e-3}  # of the RMS force; beyond it, the fold is wrong


def convert(
    source: Path, target: Path, elements: list[str], trust_pickle: bool, head: str | None = None
) -> list[Agreement]:
    """Fold a `.model` of mace-torch and write it, if it then agrees with the model.

    Args:
        source: the model; reading it runs the code in it.
        target: the `.npz` to write.
        elements: symbols of the elements to keep; empty for all.
        trust_pickle: the user trusts where the source came from.
        head: name of the head to keep, where there are several.

    Raises:
        UserError: the source cannot be read, is not trusted or not of the family, or does not
            know an element or a head; the target is not an `.npz`.
    """
    if target.suffix != ".npz":
        raise UserError(f"OUT = '{target}': the name must end in .npz")
    folded, compared = folded_of(source, elements, trust_pickle, head)
    folded.write(target)
    return compared


def folded_of(
    source: Path, elements: Sequence[str], trust_pickle: bool, head: str | None = None
) -> tuple[FoldedMace, list[Agreement]]:
    """A `.model` of mace-torch folded, and how it agrees with the model; see `convert`.

    Raises:
        UserError: as `convert`.
    """
    unknown = [symbol for symbol in elements if symbol not in atomic_numbers]
    if unknown:
        raise UserError(f"--elements: {', '.join(unknown)} is not a chemical symbol")
    if not source.is_file():
        raise UserError(f"MODEL = '{source}': there is no such file")
    original = MaceTorch(source, "cpu", "float64", trust_pickle, head)
    refuse_strangers(original.model, str(source))
    heads = heads_of(original.model)
    if head is None and len(heads) > 1:
        raise UserError(
            f"{source}: the model has the heads {', '.join(heads)}; say which to keep with "
            "--head NAME"
        )
    named = f", head {head}" if head else ""
    folded = fold(
        original.model,
        wanted_species(original.model, [atomic_numbers[symbol] for symbol in elements]),
        provenance=f"{source.name}{named}, converted by scatter {__version__}",
        source_sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
        head=original.head,
    )
    ours = {each: MaceFused(folded, each, source.name) for each in ("float64", "float32")}
    compared = agreements(original, ours, folded.numbers, folded.cutoff)
    wrong = [
        each for each in compared if not each.force <= LARGEST[each.precision] * each.rms_force
    ]
    if wrong:
        raise UserError(f"{source}: the folded model is not the same: {wrong[0]}; nothing written")
    return folded, compared
