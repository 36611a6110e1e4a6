"""Start and end of every trajectory's molecule, as frames that ASE reads."""

from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float

from scatter.conditions import CONDITIONS
from scatter.config import parse
from scatter.files import replacing
from scatter.initial.molecule import isotopes
from scatter.outcomes import OF_THE_SCATTERED, Reason, ending_names
from scatter.results.read import Content
from scatter.settings import UserError
from scatter.state import Key, trajectory_name
from scatter.structures import append_frames
from scatter.units import fs

Isotopes = tuple[tuple[int, float], tuple[int, float]]  # atomic number and mass of each atom


def write_ends(path: Path, content: Content) -> None:
    """Write two frames for each trajectory: positions, masses, momenta in ASE's units.

    Their `info` holds the conditions, the outcome, and which potential it is of. A failed
    trajectory whose end is not `finite` has its start alone.

    Args:
        path: extended XYZ, whole or not at all.
        content: of `results.h5`.

    Raises:
        UserError: the results do not say what the frames must.
    """
    points, rows, description, _ = content
    masses = parse(description.path, description["input"]).input.molecule.masses_amu
    try:
        atoms_of = [isotopes(str(formula), masses) for formula in points["molecule"]]
    except ValueError as error:
        raise UserError(f"{description.path}: a point of it has no molecule: {error}") from error
    names = ending_names(description.own_endings)
    source = {key: description[key] for key in ("potential", "potential_sha256")}
    source["scatter_version"] = description["version"]
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        for row, ended_somewhere in zip(rows, finite(rows), strict=True):
            point = points[row["point"]]
            atoms = atoms_of[row["point"]]
            whens = ("initial", "final") if ended_somewhere else ("initial",)
            frames = [_frame(row, when, atoms) for when in whens]
            for frame in frames:
                frame.info |= {**_conditions(point, row, names), **source}
            append_frames(stream, frames)


def finite(rows: np.ndarray) -> Bool[np.ndarray, " trajectory"]:
    """Whether positions and velocities of the molecule and the top plane at the end are numbers."""
    ends = [_positions(rows, "final"), _velocities(rows, "final")]
    numbers = [np.isfinite(vectors).all(axis=(0, 1)) for vectors in ends]
    return np.logical_and.reduce([np.isfinite(rows["final_top_A"]), *numbers])


def _frame(row: np.ndarray, when: str, atoms: Isotopes) -> Atoms:
    """The molecule at its start or end; ASE counts momenta in sqrt(amu eV), as we do."""
    numbers, masses = zip(*atoms, strict=True)
    frame = Atoms(numbers, _positions(row, when))
    frame.set_array("masses", np.array(masses), float, ())
    frame.set_momenta(_velocities(row, when) / fs * np.array(masses)[:, None])
    frame.info["when"] = when
    frame.info["time_fs"] = 0.0 if when == "initial" else float(row["time_fs"])
    frame.info["Z_A"] = float(frame.get_center_of_mass()[2] - row[f"{when}_top_A"])
    return frame


def _conditions(point: np.ndarray, row: np.ndarray, names: dict[int, str]) -> dict[str, object]:
    """Name, outcome and conditions of a trajectory, without what was not chosen or not measured.

    Args:
        point: a record of `/points`.
        row: a record of `/trajectories`.
        names: of endings, by code.
    """
    numbers = {name: point[name] for name in CONDITIONS}
    numbers |= {name: row[name] for name in OF_THE_SCATTERED}
    return {
        "trajectory": trajectory_name(Key(int(row["point"]), int(row["number"]))),
        "outcome": names[int(row["outcome"])],
        "reason": Reason(row["reason"]).name.lower(),
        **{name: plain(value) for name, value in numbers.items() if value == value},
    }


def plain(value: object) -> object:
    """A number or text of Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def _positions(row: np.ndarray, when: str) -> Float[np.ndarray, "2 3 ..."]:
    return np.array([[row[f"{when}_{axis}{atom}_A"] for axis in "xyz"] for atom in (1, 2)])


def _velocities(row: np.ndarray, when: str) -> Float[np.ndarray, "2 3 ..."]:
    """Å/fs."""
    names = [[f"{when}_v{axis}{atom}_A_per_fs" for axis in "xyz"] for atom in (1, 2)]
    return np.array([[row[name] for name in line] for line in names])
