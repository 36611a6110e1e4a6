"""The structures that a linear ACE is fitted to: parts of a set, weights, energies of atoms."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols
from jaxtyping import Float

from scatter.fitting.select import PARTS, Choice, parts_of
from scatter.labels import STANDARD, Keys, read_labelled
from scatter.labels.stress import require_stress
from scatter.settings import UserError

SHARES = Choice(0, validation=0.1, test=0.1)  # of a single file


@dataclass(frozen=True)
class Weights:
    """What the least squares weigh.

    A structure of N atoms adds to the sum of squares

        w² [ w_E² (E - E')² / N + w_F² Σ_i m_i² |F_i - F'_i|² + w_V² Σ_a≤b (W_ab - W'_ab)² / N ],

    w being its class's weight, m_i `molecule` for atoms of the molecule and one for others, and W
    the virial, the stress times the volume. This is ACEpotentials.jl's convention for the weights.

    Attributes:
        energy: w_E, 1/eV.
        force: w_F, Å/eV.
        molecule: m of the molecule's atoms.
        classes: w of classes of structures; one for those not named.
        share: of the atoms of the slab whose forces enter, drawn for each structure.
        stress: w_V, 1/eV; None: stresses are not learnt.
    """

    energy: float = 0.54
    force: float = 0.01
    molecule: float = 1.0
    classes: Mapping[str, float] = field(default_factory=dict)
    share: float = 1.0
    stress: float | None = None


def read_parts(
    place: Path, seed: int, keys: Keys = STANDARD, stress: bool = False
) -> dict[str, list[Atoms]]:
    """Training, validation and perhaps test structures, which share no trajectory.

    Args:
        place: a folder that `scatter select` wrote, or a file, whose trajectories are shared out.
        seed: of that.
        keys: of the labels.
        stress: whether stresses are learnt.

    Returns:
        Structures with labels as `scatter.labels` says: NaN where a force is none.

    Raises:
        UserError: it cannot be read, its labels cannot be used, or a file holds too few
            trajectories to be divided.
    """
    if place.is_dir():
        files = {part: place / f"{part}.extxyz" for part in PARTS}
        if not files["train"].is_file() or not files["valid"].is_file():
            raise UserError(
                f"{place}: has no train.extxyz and valid.extxyz; `scatter select` makes them"
            )
        files = {part: file for part, file in files.items() if file.is_file()}
        every = read_labelled([*files.values()], keys, stress=stress)
        labelled = dict(zip(files, every, strict=True))
    else:
        [frames] = read_labelled([place], keys, stress=stress)
        names = np.array([trajectory_of(n, frame) for n, frame in enumerate(frames)])
        part = parts_of(names, replace(SHARES, seed=seed))
        labelled = {
            name: [frame for frame, mine in zip(frames, part, strict=True) if mine == n]
            for n, name in enumerate(PARTS)
        }
        if not labelled["train"] or not labelled["valid"]:
            raise UserError(f"{place}: holds too few trajectories to set some aside to validate by")
    if stress:
        require_stress(labelled["train"], place)
    return {part: frames for part, frames in labelled.items() if frames}


def trajectory_of(number: int, frame: Atoms) -> str:
    """Name of the trajectory that a frame is of; of none, a name of its own."""
    return str(frame.info.get("trajectory", f"frame-{number}"))


def class_of(frame: Atoms) -> str:
    """`config_type` of a frame, or what its trajectory's name begins with: bulk, path, point."""
    named = re.match(r"[A-Za-z]+", str(frame.info.get("trajectory", "")))
    return str(frame.info.get("config_type", named.group() if named else "none"))


def elements_of(frames: Sequence[Atoms], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Symbols, as wanted, or by how often they occur.

    Raises:
        UserError: wanted are others than occur.
    """
    counts = Counter(z for frame in frames for z in frame.numbers.tolist())
    symbols = tuple(chemical_symbols[z] for z, _ in sorted(counts.items(), key=lambda x: -x[1]))
    if wanted and set(wanted) != set(symbols):
        raise UserError(
            f"--elements {','.join(wanted)}: the structures hold {','.join(sorted(symbols))}"
        )
    return wanted or symbols


def atoms_of_molecules(frames: Sequence[Atoms], symbols: Collection[str]) -> int:
    """How many atoms of a molecule's elements most structures that have any hold."""
    numbers = [atomic_numbers[symbol] for symbol in symbols]
    counts = Counter(int(np.isin(frame.numbers, numbers).sum()) for frame in frames)
    del counts[0]
    return max(counts, key=lambda atoms: (counts[atoms], atoms)) if counts else 0


def energies_of_atoms(
    frames: Sequence[Atoms], elements: Sequence[str], given: Mapping[str, float]
) -> Float[np.ndarray, " species"]:
    """E0 of each element, eV: as given, the others by least squares on the energies of structures.

    Where compositions do not tell elements apart, the solution of least norm.

    Raises:
        UserError: one is given for an element that is not fitted.
    """
    strangers = [symbol for symbol in given if symbol not in elements]
    if strangers:
        raise UserError(f"--e0 {strangers[0]}: the structures hold {', '.join(elements)}")
    counts = np.array(
        [
            [np.sum(frame.numbers == atomic_numbers[symbol]) for symbol in elements]
            for frame in frames
        ],
        float,
    )
    values = np.array([given.get(symbol, 0.0) for symbol in elements])
    free = np.array([symbol not in given for symbol in elements])
    energies = np.array([frame.get_potential_energy() for frame in frames]) - counts @ values
    values[free] = np.linalg.lstsq(counts[:, free], energies, rcond=None)[0]
    return values
