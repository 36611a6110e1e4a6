"""Start and end of every trajectory's molecule, as frames that ASE reads."""

from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float

from scatter.conditions import CONDITIONS
from scatter.config import parse
from scatter.files import replacing
from scatter.initial.formulas import atoms_of
from scatter.outcomes import Reason
from scatter.results.read import Content
from scatter.rows import OF_THE_SCATTERED
from scatter.settings import UserError
from scatter.state import Key, trajectory_name
from scatter.structures import append_frames
from scatter.units import fs

Isotopes = list[tuple[int, float]]  # atomic number and mass of each atom


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
    points, rows, description, *_ = content
    masses = parse(description.path, description["input"]).input.molecule.masses_amu
    try:
        fired = [atoms_of(str(formula), masses) for formula in points["molecule"]]
    except ValueError as error:
        raise UserError(f"{description.path}: a point of it has no molecule: {error}") from error
    names = description.ending_names
    source = {key: description[key] for key in ("potential", "potential_sha256")}
    source["scatter_version"] = description["version"]
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as stream:
        for row, ended_somewhere in zip(rows, finite(rows), strict=True):
            point = points[row["point"]]
            atoms = fired[row["point"]]
            whens = ("initial", "final") if ended_somewhere else ("initial",)
            frames = [_frame(row, when, atoms) for when in whens]
            for frame in frames:
                frame.info |= {**_conditions(point, row, names), **source}
            append_frames(stream, frames)


def finite(rows: np.ndarray) -> Bool[np.ndarray, " trajectory"]:
    """Whether positions and velocities of the molecule and the top plane at the end are numbers."""
    atoms = 1 if "final_x2_A" not in (rows.dtype.names or ()) else 2  # where one is not, none is
    ends = [_positions(rows, "final", atoms), _velocities(rows, "final", atoms)]
    numbers = [np.isfinite(vectors).all(axis=(0, 1)) for vectors in ends]
    return np.logical_and.reduce([np.isfinite(rows["final_top_A"]), *numbers])


def _frame(row: np.ndarray, when: str, atoms: Isotopes) -> Atoms:
    """The molecule at its start or end; ASE counts momenta in sqrt(amu eV), as we do."""
    numbers = np.array([number for number, _ in atoms])
    masses = np.array([mass for _, mass in atoms])
    frame = Atoms(numbers, _positions(row, when, len(atoms)))
    frame.set_array("masses", masses, float, ())
    frame.set_momenta(_velocities(row, when, len(atoms)) / fs * masses[:, None])
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
    numbers = {name: point[name] for name in CONDITIONS if name in (point.dtype.names or ())}
    numbers |= {name: row[name] for name in OF_THE_SCATTERED if name in (row.dtype.names or ())}
    return {
        "trajectory": trajectory_name(Key(int(row["point"]), int(row["number"]))),
        "outcome": names[int(row["outcome"])],
        "reason": Reason(row["reason"]).name.lower(),
        **{
            name: plain(value)
            for name, value in (numbers | _products(row)).items()
            if value == value
        },
    }


def _products(row: np.ndarray) -> dict[str, object]:
    """What a projectile has become, where rows say it."""
    return (
        {"products": np.char.decode(row["products"]).item()}
        if "products" in (row.dtype.names or ())
        else {}
    )


def plain(value: object) -> object:
    """A number or text of Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def _positions(row: np.ndarray, when: str, atoms: int) -> Float[np.ndarray, "atom 3 ..."]:
    return _vectors(row, when + "_{}{}_A", atoms)


def _velocities(row: np.ndarray, when: str, atoms: int) -> Float[np.ndarray, "atom 3 ..."]:
    """Å/fs."""
    return _vectors(row, when + "_v{}{}_A_per_fs", atoms)


def _vectors(row: np.ndarray, name: str, atoms: int) -> Float[np.ndarray, "atom 3 ..."]:
    each = [np.stack([row[name.format(axis, atom + 1)] for axis in "xyz"]) for atom in range(atoms)]
    return np.stack(each)
