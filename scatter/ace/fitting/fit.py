"""`scatter fit ace`: a linear ACE by least squares, with its report."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from ase import Atoms
from ase.data import atomic_numbers
from threadpoolctl import threadpool_limits

from scatter.ace.fitting.fold import folded, inner_distances
from scatter.ace.fitting.gather import KINDS, Gathering, gather
from scatter.ace.fitting.labelled import (
    Weights,
    atoms_of_molecules,
    elements_of,
    energies_of_atoms,
    read_parts,
)
from scatter.ace.fitting.recipe import Recipe
from scatter.ace.fitting.strength import Fit, choose
from scatter.campaign.provenance import provenance
from scatter.files import write_whole
from scatter.labels import STANDARD, Keys, summary
from scatter.plots.regularisation import Strengths, regularisation_figure
from scatter.plots.style import save
from scatter.settings import UserError
from scatter.store import only_writer
from scatter.structures import extxyz
from scatter.validation.validate import validate
from scatter.validation.wanted import Wanted


@dataclass(frozen=True)
class Fitting:
    """How a linear ACE is fitted.

    Attributes:
        weights: of energies, forces and classes of structures.
        smoothness: p of the prior; see `widths`.
        e0: energies of lone atoms, eV; those of other elements by least squares.
        threads: cores to use; the last bits depend on it.
        leverage: whether the file is to tell how far an atom is from those of the set.
        seed: of what is drawn: parts of a single file, and atoms whose forces enter.
        keys: of the labels.
    """

    weights: Weights = field(default_factory=Weights)
    smoothness: float = 2.0
    e0: Mapping[str, float] = field(default_factory=dict)
    threads: int = 1
    leverage: bool = True
    seed: int = 0
    keys: Keys = STANDARD


def fit_ace(
    place: Path, out: Path, recipe: Recipe, fitting: Fitting, say: Callable[[str], None]
) -> Path:
    """Fit a linear ACE to labelled structures; its report lies in the folder `<stem>.fit`.

    Args:
        place: a folder that `scatter select` wrote, or one extended XYZ file.
        out: the potential to write.
        recipe: what it is to be.
        fitting: how it is fitted.
        say: called with each step, in words.

    Returns:
        The folder of the report.

    Raises:
        UserError: `out` is not an `.npz`, the structures cannot be used, or the recipe makes no
            sense.
    """
    if out.suffix != ".npz":
        raise UserError(f"OUT = '{out}': the name must end in .npz")
    parts = read_parts(place, fitting.seed, fitting.keys, fitting.weights.stress is not None)
    recipe = _completed(recipe, parts["train"])
    design = recipe.design()
    folder = out.with_name(f"{out.stem}.fit")
    folder.mkdir(parents=True, exist_ok=True)
    with only_writer(folder), threadpool_limits(fitting.threads):
        constant = energies_of_atoms(parts["train"], recipe.elements, fitting.e0)
        molecule = frozenset(atomic_numbers[symbol] for symbol in recipe.of_molecule)
        say(f"{summary(parts)}\n{design.columns} functions, {len(parts['train'])} structures")
        gathering = Gathering(design, constant, molecule, fitting.weights, fitting.seed)
        rows = {
            part: gather(
                replace(gathering, sites=fitting.leverage and part == "train"),
                parts[part],
                fitting.threads,
                _counter(say, part, parts[part]),
            )
            for part in ("train", "valid")
        }
        atoms = median(len(frame) for frame in parts["valid"])
        chosen = choose(rows, design, fitting.weights, recipe.weight_l, fitting.smoothness, atoms)
        record = _record(place, recipe, fitting, parts, chosen)
        inner = inner_distances(design, parts["train"])
        sites = {kind: triangle for kind, triangle in rows["train"].items() if kind not in KINDS}
        model = folded(design, constant, chosen.c, inner, sites, json.dumps(record))
        model.write(out)
        curves = chosen.strengths
        save(regularisation_figure(curves), folder / "regularisation")
        write_whole(folder / "fit.json", json.dumps(record | _curves(curves), indent=1).encode())
    _report(out, folder, parts)
    return folder


def _completed(recipe: Recipe, frames: Sequence[Atoms]) -> Recipe:
    """With what it leaves to the structures: elements, and factors of the molecule."""
    recipe = replace(recipe, elements=elements_of(frames, recipe.elements))
    return recipe.for_molecules_of(atoms_of_molecules(frames, recipe.of_molecule))


def _counter(say: Callable[[str], None], part: str, frames: Sequence[Atoms]) -> Callable:
    return lambda done: say(f"{part}: {done} of {len(frames)} structures")


def _record(
    place: Path, recipe: Recipe, fitting: Fitting, parts: Mapping[str, list[Atoms]], fit: Fit
) -> dict[str, Any]:
    """What the file says of where it comes from, in plain values."""
    curves, chosen = fit.strengths, fit.strengths.chosen
    return {
        "set": str(place),
        "structures": {part: len(frames) for part, frames in parts.items()},
        "recipe": recipe.record(),
        "fitting": asdict(fitting),
        "strength": float(curves.strengths[chosen]),
        "strength_by_evidence": float(curves.strengths[fit.best_by_evidence]),
        "noise_of_a_row": fit.noise,
        "rmse": {
            name: {part: float(curve[chosen]) for part, curve in each.items()}
            for name, each in curves.errors.items()
        },
        **provenance(),
    }


def _curves(curves: Strengths) -> dict[str, Any]:
    return {
        "curves": {
            "strengths": curves.strengths.tolist(),
            "errors": {
                name: {part: curve.tolist() for part, curve in each.items()}
                for name, each in curves.errors.items()
            },
            "loss": {part: curve.tolist() for part, curve in curves.loss.items()},
            "ln_evidence_of_a_row": curves.evidence.tolist(),
        }
    }


def _report(out: Path, folder: Path, parts: Mapping[str, list[Atoms]]) -> None:
    """Errors and parity of what the fit has not seen, by the potential as it was written."""
    for part in ("valid", "test"):
        if part in parts:
            structures = folder / f"{part}.extxyz"
            write_whole(structures, extxyz(parts[part]))
            validate(
                Wanted(
                    str(out), str(structures), folder / part, None, None, False, False, (), False
                )
            )
