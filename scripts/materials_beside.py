r"""Crystals on several potentials beside a reference: scores by category, phonons, phases.

Usage: python scripts/materials_beside.py OUT REFERENCE=FILE NAME=FILE[,FILE...] ... \
           --materials Ti-hcp,Ti-bcc,Ti-omega [--quick]

The first potential is what the others are compared with, as `scatter validate --materials` does.
Several files of one name are a committee, whose scores are shown by their mean and spread. In OUT:
the figure `merit` (the score of each category, mean over the crystals), for every crystal a figure
of its phonons and energies by volume (of the potentials --drawn, the first four by default; of a
committee, the first member's), and `beside.md`, tables of scores and of how far phases are above
the first. What is finished is kept, so that the same command goes on, and further potentials cost
only themselves.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from ase import Atoms

from scatter.files import write_whole
from scatter.kernels import kernel
from scatter.plots.materials import Drawn, material_figure
from scatter.plots.merit import Bars, merit_figure
from scatter.plots.style import save
from scatter.potentials.base import Potential
from scatter.potentials.table import potential_from_name
from scatter.settings import UserError
from scatter.validation.materials.compare import drawn_of
from scatter.validation.materials.crystals import Crystal, crystals_of
from scatter.validation.materials.material import ABOVE, AT_REST, KELVINS, answers_on, material
from scatter.validation.materials.merit import HALF, merit, scores
from scatter.validation.pieces import Piece, kept, key_of

MOST_DRAWN = 4
Vectors = dict[str, np.ndarray]


@dataclass
class Member:
    """A potential, and where its pieces are kept.

    Attributes:
        file: its name.
        folder: of its pieces.
        quick: as `material` has it.
    """

    file: str
    folder: Path
    quick: bool

    @cached_property
    def potential(self) -> Potential:
        """Opened when it is needed."""
        return potential_from_name(self.file)

    def crystal(self, crystal: Crystal) -> Piece:
        """What is found of a crystal, or why there is nothing."""
        return self._kept(crystal.name, lambda: self._measured(crystal), crystal=crystal.digest)

    def _measured(self, crystal: Crystal) -> Piece:
        try:
            measured = material(self.potential, crystal, self.quick, print)
        except UserError as error:
            return {"failures": [str(error)]}
        cell = measured.cell
        return {
            "vectors": measured.vectors(),
            "numbers": {quantity: value for (quantity, _), value in measured.numbers().items()},
            "drawn": drawn_of("", measured),
            "cell": [cell.numbers, cell.positions, cell.cell.array],
            "failures": measured.failures,
        }

    def answers(self, name: str, cell: Sequence[object], reference: Potential) -> Vectors:
        """Energies, forces and virials on strained, rattled cells of the reference's crystal."""
        numbers, positions, lattice = map(np.array, cell)
        atoms = Atoms(numbers, positions, cell=lattice, pbc=True)
        piece = self._kept(
            f"{name}-answers", lambda: {"vectors": answers_on(self.potential, atoms)},
            reference=reference.identity,
        )  # fmt: skip
        return vectors_of(piece)

    def _kept(self, name: str, make: Callable[[], Piece], **shaping: str) -> Piece:
        shaping |= {"potential": self.potential.identity, "kernel": kernel()}
        key = key_of(name, quick=str(self.quick), **shaping)
        return kept(self.folder, name, key, lambda: {"figures": [], **make()})


def vectors_of(piece: Piece) -> Vectors:
    """What is compared; null becomes NaN."""
    return {name: np.array(values, float) for name, values in piece["vectors"].items()}


class Beside:
    """Crystals on every member of several potentials."""

    def __init__(self, options: argparse.Namespace):
        """Open the potentials."""
        self.out, self.crystals = options.out, crystals_of(options.materials)
        named = [text.partition("=") for text in options.potentials]
        self.potentials = {
            name: [
                Member(file, self.out / name / str(n + 1), options.quick)
                for n, file in enumerate(files.split(","))
            ]
            for name, _, files in named
        }
        [self.reference], *_ = self.potentials.values()
        self.shown = options.drawn or [*self.potentials][:MOST_DRAWN]

    def run(self) -> None:
        """Measure what is not measured yet, and draw all of it."""
        for crystal in self.crystals:
            for name, members in self.potentials.items():
                for n, member in enumerate(members):
                    for sentence in member.crystal(crystal)["failures"]:
                        print(f"{name} {n + 1}: {sentence}", flush=True)
        merits = {name: self.merits(name) for name in [*self.potentials][1:]}
        for crystal in self.crystals:
            save(material_figure(self.drawn(crystal), crystal.name), self.out / crystal.name)
        save(merit_figure([Bars(name, each) for name, each in merits.items()]), self.out / "merit")
        text = "\n".join([*score_lines(merits), "", *self.phase_lines()])
        write_whole(self.out / "beside.md", f"{text}\n".encode())
        print(f"figures and tables: {self.out / 'beside.md'}")

    def merits(self, name: str) -> dict[str, list[float]]:
        """The score of every member in each category, mean over the crystals; and of merit."""
        each = [self._merits(member) for member in self.potentials[name]]
        return {category: [one[category] for one in each] for category in each[0]}

    def _merits(self, member: Member) -> dict[str, float]:
        pairs = [
            (self._vectors(member, crystal), self._vectors(self.reference, crystal))
            for crystal in self.crystals
        ]
        by_crystal = [scores(own, its) for own, its in pairs if its]
        if not by_crystal:
            raise UserError("none of the crystals comes to rest on the reference")
        each: dict[str, list[float]] = {}
        for score in sum(by_crystal, []):
            each.setdefault(score.category, []).append(score.score)
        each["figure of merit"] = [merit(some) for some in by_crystal]
        return {category: float(np.mean(values)) for category, values in each.items()}

    def _vectors(self, member: Member, crystal: Crystal) -> Vectors:
        """What is compared of a crystal; all NaN where it did not come to rest."""
        its, own = self.reference.crystal(crystal), member.crystal(crystal)
        if "vectors" not in its:
            return {}
        if "vectors" not in own:
            return {name: np.full(1, np.nan) for name in HALF}
        answers = member.answers(crystal.name, its["cell"], self.reference.potential)
        return vectors_of(own) | answers

    def drawn(self, crystal: Crystal) -> list[Drawn]:
        """A crystal's curves, of potentials on which it came to rest."""
        pieces = {name: self.potentials[name][0].crystal(crystal) for name in self.shown}
        return [
            Drawn(**{"label": name, **arrays(piece["drawn"])})
            for name, piece in pieces.items()
            if "drawn" in piece
        ]

    def phase_lines(self) -> Iterator[str]:
        """How far phases are above the first, at rest and by free energy; a column a potential."""
        yield "| meV of an atom | " + " | ".join(self.potentials) + " |"
        yield "|---" * (1 + len(self.potentials)) + "|"
        first, *others = self.crystals
        pieces = {
            name: [{c.name: m.crystal(c).get("numbers", {}) for c in self.crystals} for m in some]
            for name, some in self.potentials.items()
        }
        heats = [AT_REST, *(f"{ABOVE} at {kelvin:g} K" for kelvin in KELVINS)]
        for other in others:
            for heat in heats:
                cells = [
                    shown([above(one, other.name, first.name, heat) for one in some])
                    for some in pieces.values()
                ]
                what = "at rest" if heat == AT_REST else heat.removeprefix(f"{ABOVE} ")
                if any(cells):
                    yield f"| {other.name} above {first.name}, {what} | {' | '.join(cells)} |"


def arrays(drawn: Piece) -> Piece:
    """Curves as they were before they were kept."""
    plain = {name: np.array(drawn[name]) for name in ("volumes", "energies", "grid", "density")}
    lists = {
        name: [np.array(each) for each in drawn[name]] for name in ("distances", "frequencies")
    }
    return plain | lists | {"labels": [tuple(pair) for pair in drawn["labels"]]}


def above(numbers: Mapping[str, Mapping[str, float]], name: str, first: str, heat: str) -> float:
    """How far one crystal is above another, meV of an atom; NaN where either is not known."""
    energies = []
    for each in (numbers[name], numbers[first]):
        extra = 0.0 if heat == AT_REST else each.get(heat, np.nan)
        energies.append(each.get(AT_REST, np.nan) + extra)
    return 1000 * (energies[0] - energies[1])


def shown(values: Sequence[float]) -> str:
    """The mean of those that are known, and the spread of several."""
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return ""
    spread = f" ± {np.std(known, ddof=1):.1f}" if len(known) > 1 else ""
    fewer = f" ({len(known)} of {len(values)})" if len(known) < len(values) else ""
    return f"{np.mean(known):.1f}{spread}{fewer}"


def score_lines(merits: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterator[str]:
    """Scores, a column for each potential: mean over members ± their spread."""
    yield "| score | " + " | ".join(merits) + " |"
    yield "|---" * (1 + len(merits)) + "|"
    for category in dict.fromkeys(name for each in merits.values() for name in each):
        cells = [shown(each.get(category, [])) for each in merits.values()]
        yield f"| {category} | {' | '.join(cells)} |"


def main() -> None:
    """Measure, and draw what there is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("potentials", nargs="+", metavar="NAME=FILE", help="the reference first")
    parser.add_argument("--materials", required=True, help="as `scatter validate` has them")
    parser.add_argument("--quick", action="store_true", help="as `scatter validate` has it")
    parser.add_argument("--drawn", nargs="+", metavar="NAME", help="in the figures of crystals")
    options = parser.parse_args()
    if any("=" not in text for text in options.potentials) or len(options.potentials) < 2:
        parser.error("give a reference and at least one other potential, as NAME=FILE")
    names = [text.partition("=")[0] for text in options.potentials]
    if strangers := [name for name in options.drawn or () if name not in names]:
        parser.error(f"--drawn {strangers[0]}: the potentials are {', '.join(names)}")
    if "," in options.potentials[0].partition("=")[2]:
        parser.error("the reference, which comes first, is one potential")
    try:
        Beside(options).run()
    except UserError as error:
        print(error)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
