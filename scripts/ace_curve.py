r"""How the errors of a linear ACE fall with its functions and with the structures it is fitted to.

Usage: python scripts/ace_curve.py OUT --set SET --test FRAMES [--threads 2]

Every basis is fitted to a quarter, a half and the whole of the training part of SET (a folder
that `scatter select` wrote), and judged by FRAMES, labelled frames of trajectories of which SET
holds nothing. Rows are made once for each basis: triangles of parts of a set are joined to those of
more of it. In OUT: `curve.json`, and the figure `ace_curve.png`. The same command goes on where it
was stopped.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from scatter.ace.cpu import Ace
from scatter.ace.fitting.fold import folded, inner_distances
from scatter.ace.fitting.gather import KINDS, Gathering, gather
from scatter.ace.fitting.labelled import Weights, elements_of, energies_of_atoms, read_parts
from scatter.ace.fitting.recipe import Recipe
from scatter.ace.fitting.strength import choose
from scatter.ace.fitting.triangles import Triangle, joined
from scatter.files import write_whole
from scatter.plots.learning import Learned, learning_figure
from scatter.plots.style import save
from scatter.structures import read_frames
from scatter.validation.errors import errors_of
from scatter.validation.labels import labels_by

LONGER = {("Cu", "Cu"): 7.0}  # Å
BASES = (
    Recipe(),
    Recipe(weight_l=1.0, cutoffs_A=LONGER),
    Recipe(weight_l=1.0, cutoffs_A=LONGER, degrees=(18, 14, 11, 8)),
)
SHARES = (0.25, 0.5, 1.0)
WEIGHTS = Weights(energy=0.35, molecule=2.0, share=0.2)
SMOOTHNESS = 2.0
QUANTITIES = ("energy_shifted", "forces", "molecule")


class Curves:
    """The fits of every basis, and their judgement."""

    def __init__(self, options: argparse.Namespace):
        """Read the set and the frames that judge."""
        self.options = options
        self.parts = read_parts(options.set, 0)
        self.judges = read_frames(options.test)
        order = np.random.default_rng(0).permutation(len(self.parts["train"]))
        self.train = [self.parts["train"][index] for index in order]

    def rows(self) -> Iterator[Learned]:
        """Errors of every fit, those found before read again."""
        for recipe in BASES:
            recipe = replace(recipe, elements=elements_of(self.train, ("Cu", "H")))
            told = json.dumps(recipe.record(), sort_keys=True)
            kept = self.options.out / f"{len(recipe.design().basis.patterns)}.json"
            if not kept.is_file() or json.loads(kept.read_text())["recipe"] != told:
                found = [asdict(row) for row in self.learned(recipe)]
                write_whole(kept, json.dumps({"recipe": told, "rows": found}).encode())
            yield from (Learned(**row) for row in json.loads(kept.read_text())["rows"])

    def learned(self, recipe: Recipe) -> Iterator[Learned]:
        """Fit a basis to ever more structures."""
        design = recipe.design()
        constant = energies_of_atoms(self.train, recipe.elements, {})
        molecule = frozenset(atomic_numbers[symbol] for symbol in recipe.elements[1:])
        gathering = Gathering(design, constant, molecule, WEIGHTS, 0)
        valid = self.gathered(gathering, self.parts["valid"])
        atoms = float(np.median([len(frame) for frame in self.parts["valid"]]))
        so_far: dict[str, Triangle] = {}
        before = 0
        for share in SHARES:
            count = round(share * len(self.train))
            new = self.gathered(gathering, self.train[before:count])
            so_far = {
                kind: joined([(1.0, one[kind]) for one in (so_far, new) if one]) for kind in KINDS
            }
            before = count
            fit = choose(
                {"train": so_far, "valid": valid}, design, WEIGHTS, recipe.weight_l, SMOOTHNESS,
                atoms,
            )  # fmt: skip
            inner = inner_distances(design, self.train[:count])
            potential = Ace(folded(design, constant, fit.c, inner, {}, "{}"))
            yield self.judged(f"{design.columns} functions", count, potential)

    def gathered(self, gathering: Gathering, frames: Sequence[Atoms]) -> dict[str, Triangle]:
        """Triangles of some structures."""
        print(f"{gathering.design.columns} functions, {len(frames)} structures", flush=True)
        return gather(gathering, frames, self.options.threads, lambda done: None)

    def judged(self, method: str, count: int, potential: Ace) -> Learned:
        """Errors on the frames that judge."""
        found = labels_by(potential, self.judges, self.options.test)
        whole = errors_of(self.judges, found, self.options.test)
        shown = {name: getattr(whole, name).measured for name in QUANTITIES}
        return Learned(method, count, shown)


def main() -> None:
    """Fit, and draw what there is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--set", type=Path, required=True, help="folder that `select` wrote")
    parser.add_argument("--test", type=Path, required=True, help="labelled frames that judge")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for row in Curves(options).rows():
        rows.append(row)
        plain = [asdict(one) for one in rows]
        write_whole(options.out / "curve.json", json.dumps(plain, indent=1).encode())
        save(learning_figure(rows), options.out / "ace_curve")
        print(row, flush=True)


if __name__ == "__main__":
    main()
