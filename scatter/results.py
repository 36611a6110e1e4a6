"""`results.h5` read back, whoever wrote it: by a process of its own, and checked before it is used.

What is answered holds together: every trajectory belongs to a point, has ended in one of the known
ways, and every condition is a number.
"""

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from scatter import hdf5_program
from scatter.foreign import most_bytes, opened, reason
from scatter.outcomes import (
    ATOMS,
    BRANCH,
    ROW,
    ROW_1,
    SCHEMA,
    WEIGHT,
    Column,
    OwnEnding,
    completed,
    ending_names,
    row_type,
    usual_columns,
)
from scatter.settings import UserError

RESULTS = "results.h5"
# Text of any length; the metadata is what makes h5py write it as variable-length UTF-8.
TEXT = np.dtype("O", metadata={"vlen": str})

POINT = np.dtype(
    [
        ("point", "u4"),
        ("facet", TEXT),
        ("T_K", "f8"),
        ("molecule", TEXT),
        ("v", "u2"),
        ("J", "u2"),
        ("mJ", "f8"),
        ("energy_eV", "f8"),
        ("polar_deg", "f8"),
        ("azimuth_deg", "f8"),
    ]
)
MOST_ATOMS = 100  # of a projectile
KINDS = {"O": str, "u": int, "f": float}
NEEDED = np.dtype([(name, ROW[name]) for name in ("point", "outcome")])  # to be looked at
MAY_BE_NAN = ("mJ", "azimuth_deg")

Molecules = dict[str, dict[str, np.ndarray]]


class Told(dict[str, Any]):
    """What a file says of its campaign; to ask for what it does not say is the user's mistake."""

    def __init__(self, path: Path, said: dict[str, Any]):
        """Keep what was said."""
        super().__init__(said)
        self.path = path

    @property
    def own_endings(self) -> tuple[OwnEnding, ...]:
        """Endings of one's own, in the order of their codes; none where the file tells of none."""
        return tuple(OwnEnding(str(name), bool(sticks)) for name, sticks in self._list("endings"))

    @property
    def own_columns(self) -> tuple[Column, ...]:
        """Columns of one's own, behind the usual ones."""
        return tuple(Column(*map(str, column)) for column in self._list("columns"))

    @property
    def columns(self) -> list[Column]:
        """All columns of `/trajectories`."""
        atoms = self.get("atoms", ATOMS)
        if not isinstance(atoms, int) or not 0 < atoms <= MOST_ATOMS:
            raise UserError(f"{self.path}: its 'atoms' is not a number from 1 to {MOST_ATOMS}")
        return [*usual_columns(atoms), *self.own_columns]

    @property
    def weighted(self) -> bool:
        """Whether a sampler gave trajectories weights or branches, so that they are not alike."""
        return not {BRANCH.name, WEIGHT.name}.isdisjoint(one.name for one in self.own_columns)

    def _list(self, key: str) -> list[Any]:
        """A list of lists of what stands under a key, as itself or as JSON; empty if nothing does.

        Raises:
            UserError: it is none.
        """
        value = self.get(key, [])
        try:
            found = json.loads(value) if isinstance(value, str) else value
            if not all(isinstance(one, list) for one in found):
                raise TypeError("no list of lists")
        except (ValueError, TypeError, RecursionError) as error:
            raise UserError(f"{self.path}: its '{key}' cannot be read ({error})") from error
        return found

    def __missing__(self, key: str) -> Any:
        raise UserError(
            f"{self.path}: does not say its '{key}'; run the same campaign again to have it added "
            "(nothing else is run anew)"
        )


def read_results(
    folder: Path, columns: Sequence[str] | None = None, weighted: bool = False
) -> tuple[np.ndarray, np.ndarray, Told]:
    """Points, trajectories and attributes of a campaign's `results.h5`.

    Args:
        folder: the campaign's.
        columns: of the trajectories, by default all; a few are read in no time.
        weighted: the caller does not count trajectories as if each stood for itself.

    Raises:
        UserError: there is none, it cannot be read, or another schema wrote it; or its
            trajectories have weights, and would be counted without.
    """
    points, rows, told, _ = _whole(folder, columns)
    if not weighted:
        refuse_weights(folder / RESULTS, told)
    return points, rows, told


def refuse_weights(place: Path | str, told: Told) -> None:
    """Raise UserError if trajectories of a campaign cannot be counted as if all were alike."""
    if told.weighted:
        raise UserError(
            f"{place}: its trajectories stand for different numbers of others (column "
            f"'{WEIGHT.name}' or '{BRANCH.name}'), and this version has no weighted estimates; "
            "average over scatter.Results.open(folder).trajectories yourself"
        )


def read_molecules(folder: Path) -> Molecules:
    """Of every molecule in `results.h5`: masses_amu, and its curve as bond_A and energy_eV.

    Empty where an earlier version wrote the file.

    Raises:
        UserError: as `read_results`, or these are no masses and curves.
    """
    path, found = folder / RESULTS, {}
    for formula, columns in _whole(folder, NEEDED.names)[3].items():
        try:
            found[formula] = one = {name: np.array(v, float) for name, v in columns.items()}
            masses, r, V = (one[name] for name in ("masses_amu", "bond_A", "energy_eV"))
            good = masses.shape == (2,) and (masses > 0).all() and r.shape == V.shape
            good = good and len(r) > 5 and (np.diff(r) > 0).all()
            good = good and all(np.isfinite(values).all() for values in one.values())
        except (KeyError, ValueError, TypeError):
            good = False
        if not good:
            raise _none(path, f"'molecules/{formula}' is no pair of masses with a bond curve")
    return found


def _whole(
    folder: Path, wanted: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray, Told, dict[str, Any]]:
    path = folder / RESULTS
    if not path.is_file():
        raise UserError(
            f"{path}: there is no such file; `scatter status {folder}` makes it from the "
            "trajectories finished so far, if a campaign was run there"
        )
    with opened(path) as file:
        size = file.seek(0, 2)
    names = wanted or ()
    program = [sys.executable, "-P", str(Path(hdf5_program.__file__)), str(path.resolve()), *names]
    with subprocess.Popen(
        program, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as reading:
        assert reading.stdout is not None
        try:
            return _answer(path, reading.stdout, most_bytes(size), wanted)
        finally:
            reading.kill()


def _answer(
    path: Path, stream: IO[bytes], most: int, wanted: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray, Told, dict[str, Any]]:
    """What the program answered; of a program that a broken file has ended, nothing whole."""
    try:
        line = stream.readline(most)
        found: dict[str, Any] = json.loads(line or b'{"refused": "it is broken"}')
        if "refused" in found:
            raise _none(path, reason(Exception(found["refused"])))
        told = Told(path, found["attributes"])
        whole = _row_type(path, told, found["descr"])
        there = np.dtype([(name, whole[name]) for name in found["sent"]])
        rows = np.zeros(0, there)
        due = found["rows"] * there.itemsize
        if due:
            rows = np.frombuffer(bytearray(stream.read(min(due, most))), there)
        kinds = row_type(told.columns)
        asked = [(name, kinds[name]) for name in wanted or kinds.names or ()]
        rows = completed(rows, np.dtype(asked))
        points = _points(found["points"])
        _refuse_contradictions(path, points, rows, found["rows"], told)
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
        raise _none(path, reason(error)) from error
    return points, rows, told, found["molecules"]


def _none(path: Path, why: str) -> UserError:
    return UserError(f"{path}: this is no results file of scatter ({why})")


def _row_type(path: Path, told: Told, descr: Any) -> np.dtype:
    """The type of the rows in a file, which is what it tells of its schema and columns.

    Raises:
        UserError: it is another.
    """
    kinds = {SCHEMA: row_type(told.columns), 1: ROW_1}
    due = kinds.get(told.get("schema", 0), ROW)
    if told.get("schema") not in kinds or descr != _described(due):
        raise UserError(
            f"{path}: written with schema {told.get('schema')}, and this version reads "
            f"schema {SCHEMA} and 1; analyse it with the version that wrote it"
        )
    return due


def _described(kind: np.dtype) -> list:
    """A type of records as JSON holds it."""
    return json.loads(json.dumps(np.lib.format.dtype_to_descr(kind)))


def _points(columns: dict[str, list]) -> np.ndarray:
    """The table `/points` of its columns.

    Raises:
        ValueError: a condition is no number, or no text.
    """
    if list(columns) != list(POINT.names or ()):
        raise ValueError("its points have other columns")
    for name in columns:
        kind = KINDS[POINT[name].kind]
        for value in columns[name]:
            if type(value) is not kind:
                raise ValueError(f"{name} = {str(value)[:40]!r} of a point")
            if kind is float and not (math.isfinite(value) or name in MAY_BE_NAN):
                raise ValueError(f"{name} = {value} of a point")
    return np.array([*zip(*columns.values(), strict=True)], POINT)


def _refuse_contradictions(
    path: Path, points: np.ndarray, rows: np.ndarray, due: int, told: Told
) -> None:
    if len(rows) != due:
        raise _none(path, f"it breaks off after {len(rows)} of {due} trajectories")
    if not len(points) or (points["point"] != np.arange(len(points))).any():
        raise _none(path, "its points are not numbered from 0 on")
    if (rows["point"] >= len(points)).any():
        raise _none(path, "a trajectory belongs to no point")
    if not np.isin(rows["outcome"], [*ending_names(told.own_endings)]).all():
        raise _none(path, "a trajectory ended in no known way")
    for name in ("input", "potential"):
        if not isinstance(told[name], str):
            raise _none(path, f"its '{name}' is no text")
