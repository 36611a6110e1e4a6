"""Which crystals a validation of materials is of: phases of elements, or cells of a file."""

import re
from dataclasses import dataclass
from hashlib import sha256
from math import sqrt
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers, reference_states

from scatter.settings import UserError
from scatter.structures import read_frames, read_structure

OMEGA = 0.613  # c/a of omega titanium
PER_ATOM = {"fcc": 4, "bcc": 2, "diamond": 8, "sc": 1}  # atoms of a cubic cell
PHASES = ("fcc", "hcp", "bcc", "omega")
HOW = "name phases of elements, such as Ti-hcp,Ti-bcc,Ti-omega, or a file of bulk cells"
XYZ = (".xyz", ".extxyz")


@dataclass(frozen=True)
class Crystal:
    """A crystal before it is relaxed.

    Attributes:
        name: for people and for files.
        atoms: a cell of it, which repeats in three directions.
    """

    name: str
    atoms: Atoms

    @property
    def formula(self) -> str:
        """Its composition, such as Ti3Al."""
        return self.atoms.symbols.formula.reduce()[0].format("hill")

    @property
    def digest(self) -> str:
        """A hash of the cell."""
        places = [self.atoms.numbers, self.atoms.cell.array, self.atoms.positions]
        return sha256(b"".join(np.ascontiguousarray(each).tobytes() for each in places)).hexdigest()


def crystals_of(text: str) -> list[Crystal]:
    """The crystals that `--materials` asks for.

    Args:
        text: phases of elements with commas between them, or a file: extended XYZ, whose frames
            may have a `name`, or a POSCAR.

    Raises:
        UserError: it is neither, an element's volume is not known, or a cell does not repeat in
            three directions.
    """
    path = Path(text)
    if path.is_file():
        return _of_file(path)
    return [_named(word.strip()) for word in text.split(",")]


def _of_file(path: Path) -> list[Crystal]:
    xyz = path.suffix.lower() in XYZ
    frames = read_frames(path) if xyz else [read_structure(path, f"--materials {path}")]
    crystals: dict[str, Crystal] = {}
    for n, frame in enumerate(frames):
        if not frame.pbc.all() or frame.cell.rank < 3:
            raise UserError(
                f"{path}, frame {n}: a material repeats in three directions, and this does not; "
                "take it out"
            )
        name = re.sub(
            r"\W+", "-", str(frame.info.get("name", frame.symbols.formula.format("metal")))
        )
        name = name if name not in crystals else f"{name}-{n}"
        crystals[name] = Crystal(
            name, Atoms(frame.numbers, frame.positions, cell=frame.cell, pbc=True)
        )
    return [*crystals.values()]


def _named(word: str) -> Crystal:
    symbol, _, phase = word.partition("-")
    if phase not in PHASES or symbol not in atomic_numbers:
        raise UserError(
            f"--materials {word}: is neither a file nor a phase of an element; {HOW} (phases: "
            f"{', '.join(PHASES)})"
        )
    return Crystal(word, _cell(symbol, phase, _volume(symbol)))


def _volume(symbol: str) -> float:
    """Of an atom in the element's own crystal, Å³; relaxing begins with it."""
    state = reference_states[atomic_numbers[symbol]] or {}
    if state.get("symmetry") in PER_ATOM:
        return state["a"] ** 3 / PER_ATOM[state["symmetry"]]
    if state.get("symmetry") == "hcp":
        return sqrt(3) / 4 * state["a"] ** 3 * state["c/a"]
    raise UserError(f"--materials: the volume of {symbol} is not known; give a file of its cell")


def _cell(symbol: str, phase: str, volume: float) -> Atoms:
    if phase == "hcp":
        return bulk(symbol, "hcp", (volume * sqrt(2)) ** (1 / 3), covera=sqrt(8 / 3))
    if phase == "omega":
        a = (6 * volume / (sqrt(3) * OMEGA)) ** (1 / 3)
        cell = [[a, 0, 0], [-a / 2, sqrt(0.75) * a, 0], [0, 0, OMEGA * a]]
        places = [(0, 0, 0), (1 / 3, 2 / 3, 0.5), (2 / 3, 1 / 3, 0.5)]
        return Atoms([symbol] * 3, scaled_positions=places, cell=cell, pbc=True)
    return bulk(symbol, phase, (volume * PER_ATOM[phase]) ** (1 / 3))
