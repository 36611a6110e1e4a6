"""`results.h5` read back, whoever wrote it: by a process of its own, and checked before it is used.

What is answered holds together: every trajectory belongs to a point, has ended in one of the known
ways, and every condition is a number.
"""

import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from scatter.conditions import CONDITIONS
from scatter.config import POINTS
from scatter.foreign import most_bytes, opened, reason
from scatter.outcomes import SCHEMA
from scatter.results import hdf5_program
from scatter.rows import ROW, row_type
from scatter.settings import UserError
from scatter.store import REPLICATE, RESULTS, Description, reactive_type
from scatter.store.earlier import ROW_1, completed

KINDS = {"O": str, "u": int, "f": float}
TABLES = {"trajectories": row_type, "reactive": reactive_type}  # and the type of their rows

RawMolecules = Mapping[str, Mapping[str, list]]


class Content(NamedTuple):
    """What a `results.h5` holds.

    Attributes:
        points: /points.
        trajectories: /trajectories, of the columns that were asked for.
        description: the attributes.
        molecules: columns of each molecule by formula, not looked at yet.
        replicates: /replicates; without rows where no point was split.
    """

    points: np.ndarray
    trajectories: np.ndarray
    description: Description
    molecules: RawMolecules
    replicates: np.ndarray


def read_results(
    folder: Path, columns: Sequence[str] | None = None, weighted: bool = False
) -> tuple[np.ndarray, np.ndarray, Description]:
    """Points, trajectories and attributes of a campaign's `results.h5`; see `read_content`."""
    return read_content(folder, columns, weighted)[:3]


def read_content(
    folder: Path, columns: Sequence[str] | None = None, weighted: bool = False
) -> Content:
    """All that a campaign's `results.h5` holds.

    Args:
        folder: the campaign's.
        columns: of the trajectories, by default all; a few are read in no time. Those that the kind
            of projectile lacks are left out.
        weighted: the caller does not count trajectories as if each stood for itself.

    Raises:
        UserError: there is none, it cannot be read, or another schema wrote it; or its
            trajectories have weights, and would be counted without.
    """
    content = _asked(folder, "trajectories", columns)
    if not weighted:
        content.description.refuse_weights()
    return content


def read_reactive(folder: Path) -> np.ndarray:
    """/reactive of a campaign's `results.h5`, which must have such rows.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    return _asked(folder, "reactive", None).trajectories


def _asked(folder: Path, table: str, columns: Sequence[str] | None) -> Content:
    """What a folder's `results.h5` holds, with the rows of one of its tables."""
    path = folder / RESULTS
    if not path.is_file():
        raise UserError(
            f"{path}: there is no such file; `scatter status {folder}` makes it from the "
            "trajectories finished so far, if a campaign was run there"
        )
    with opened(path) as file:
        size = file.seek(0, 2)
    program = [sys.executable, "-P", str(Path(hdf5_program.__file__)), str(path.resolve()), table]
    with subprocess.Popen(
        [*program, *(columns or ())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as reading:
        assert reading.stdout is not None
        try:
            return _answer(path, reading.stdout, most_bytes(size), table, columns)
        finally:
            reading.kill()


def _answer(
    path: Path, stream: IO[bytes], most: int, table: str, wanted: Sequence[str] | None
) -> Content:
    """What the program answered; if a broken file has ended it, there is nothing whole."""
    try:
        answer = json.loads(stream.readline(most) or b'{"refused": "it is broken"}')
        if "refused" in answer:
            raise not_ours(path, reason(Exception(answer["refused"])))
        description = Description(path, answer["attributes"])
        kinds = TABLES[table](description.columns)
        stored = _row_type(description, answer["descr"], kinds)
        there = np.dtype([(name, stored[name]) for name in answer["sent"]])
        due = answer["rows"] * there.itemsize
        sent = bytearray(stream.read(min(due, most))) if due else b""
        own = kinds.names or ()
        asked = np.dtype([(name, kinds[name]) for name in wanted or own if name in own])
        rows = completed(np.frombuffer(sent, there), asked)
        points = _points(answer["points"])
        replicated = _replicates(answer["replicates"], len(points))
        _refuse_contradictions(points, rows, answer["rows"], description)
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
        raise not_ours(path, reason(error)) from error
    return Content(points, rows, description, answer["molecules"], replicated)


def not_ours(path: Path, why: str) -> UserError:
    """The mistake of a file that is not a results file."""
    return UserError(f"{path}: this is not a results file of scatter ({why})")


def _row_type(description: Description, descr: object, now: np.dtype) -> np.dtype:
    """The type of the rows in a file, which follows from its schema; `now` is the one of today.

    Raises:
        UserError: it is another.
    """
    schema = description.get("schema", 0)
    kinds = {SCHEMA: now, 1: ROW_1}
    due = kinds.get(schema, ROW)
    if schema not in kinds or descr != json.loads(json.dumps(np.lib.format.dtype_to_descr(due))):
        raise UserError(
            f"{description.path}: written with schema {description.get('schema')}, and this "
            f"version reads schema {SCHEMA} and 1; analyse it with the version that wrote it"
        )
    return due


def _points(columns: Mapping[str, list]) -> np.ndarray:
    """The table `/points` of its columns.

    Raises:
        ValueError: a condition is not a number, or not text.
    """
    known = {kind.names: kind for kind in POINTS.values()}
    if tuple(columns) not in known:
        raise ValueError("its points have other columns")
    point = known[tuple(columns)]
    for name, values in columns.items():
        kind = KINDS[point[name].kind]
        for value in values:
            if type(value) is not kind:
                raise ValueError(f"{name} = {str(value)[:40]!r} of a point")
            if kind is float and not (math.isfinite(value) or CONDITIONS[name].unchosen):
                raise ValueError(f"{name} = {value} of a point")
    return np.array([*zip(*columns.values(), strict=True)], point)


def _replicates(columns: Mapping[str, list], points: int) -> np.ndarray:
    """The table `/replicates` of its columns.

    Raises:
        ValueError: it has others, or a number of it cannot be.
    """
    if not columns:
        return np.zeros(0, REPLICATE)
    if tuple(columns) != REPLICATE.names:
        raise ValueError("its replicates have other columns")
    rows = np.array([*zip(*columns.values(), strict=True)], REPLICATE)
    fits = (rows["survivors"] <= rows["starts"]) & (rows["accepted"] <= rows["trajectories"])
    if not (fits & (rows["starts"] > 0) & (rows["trajectories"] > 0)).all():
        raise ValueError("more passed a level of its replicates than came to it")
    if (rows["point"] >= points).any() or np.isnan(rows["threshold"]).any():
        raise ValueError("a replicate of it belongs to no point, or passes no level")
    return rows


def _refuse_contradictions(
    points: np.ndarray, rows: np.ndarray, due: int, description: Description
) -> None:
    known = [*description.ending_names]
    contradictions = {
        f"it breaks off after {len(rows)} of {due} trajectories": len(rows) != due,
        "its points are not numbered from 0 on": not len(points)
        or (points["point"] != np.arange(len(points))).any(),
        "a trajectory belongs to no point": (rows["point"] >= len(points)).any(),
        "a trajectory ended in no known way": not np.isin(rows["outcome"], known).all(),
        "its 'input' is not text": not isinstance(description["input"], str),
        "its 'potential' is not text": not isinstance(description["potential"], str),
    }
    for sentence, holds in contradictions.items():
        if holds:
            raise not_ours(description.path, sentence)
