"""All finished trajectories in one table, and what campaign they are of.

`results.h5` is made from the blocks whenever asked for: row by row in place, so that a million
trajectories need no more memory than a thousand. Rows are not compressed: they are noise to a
compressor, which would cost more time than all else.
"""

import json
import os
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path

import h5py
import numpy as np

from scatter import foreign
from scatter.columns import REACTIVE, REPLICATES, Column
from scatter.files import replacing, write_whole
from scatter.outcomes import SCHEMA
from scatter.rows import ROW, row_type
from scatter.settings import UserError
from scatter.store.blocks import BLOCKS, MANIFEST, block_files, endings, keys, read_block
from scatter.store.description import Description
from scatter.store.replicates import SPLITTING, reactive, reactive_type, replicates

RESULTS = "results.h5"
POINTS, GROWN = "points", "grown"  # in a manifest: keys in the order of coming; when some came
TEMPERATURES = "temperatures"  # of electrons and lattice in time, by slab
DESCRIBED = {  # if it is there
    "input": str,
    "started": str,
    "identity": dict,
    "potential": str,
    "slabs_sha256": dict,
}


def merged(folder: Path) -> bool:
    """Whether `results.h5` is younger than the last block and the description of the campaign.

    A block that comes or goes makes its folder younger.
    """
    split = [SPLITTING] if (folder / SPLITTING).exists() else []
    try:
        made = (folder / RESULTS).stat().st_mtime_ns
        return made > max((folder / name).stat().st_mtime_ns for name in (BLOCKS, MANIFEST, *split))
    except FileNotFoundError:
        return False


def merge(folder: Path, points: np.ndarray, paths: Sequence[Path] | None = None) -> np.ndarray:
    """Write `results.h5` from the manifest, the blocks and the conditions of every point.

    Args:
        folder: the campaign's.
        points: the table `/points`.
        paths: the blocks; by default all that are there now.

    Returns:
        Point, number, outcome and reason of the trajectories that it holds, sorted.

    Raises:
        UserError: a block is damaged, or no campaign was run there.
    """
    paths = block_files(folder) if paths is None else paths
    columns = read_manifest(folder).columns
    ended = endings(paths, row_of(folder))
    places, first = _places(ended)
    with replacing(folder / RESULTS) as temporary:
        with h5py.File(temporary, "w") as file:
            _describe(file, folder, points)
            offset = _reserve(file, len(first), columns)
            _told_of_replicates(file, folder, columns)
        with open(temporary, "r+b", buffering=0) as file:
            done = 0
            for path in paths:
                rows = read_block(path)
                _scatter(file, offset, rows, places[done : done + len(rows)])
                done += len(rows)
    return ended[first]


def row_of(folder: Path) -> np.dtype:
    """The type of rows of the campaign in a folder; where there is none yet, the usual one."""
    if not (folder / MANIFEST).exists():
        return ROW
    return row_type(read_manifest(folder).columns)


def _places(ended: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each row of the blocks stands in the table (-1: a copy), and which row stands where."""
    first = np.unique(keys(ended)[0], return_index=True)[1]
    places = np.full(len(ended), -1)
    places[first] = np.arange(len(first))
    return places, first


def _describe(file: h5py.File, folder: Path, points: np.ndarray) -> None:
    """Write all but the trajectories.

    Raises:
        UserError: the manifest says what cannot be.
    """
    manifest = read_manifest(folder)
    manifest.pop(POINTS, None)  # the table /points says it
    try:
        for formula, columns in manifest.pop("molecules", {}).items():
            for name, values in columns.items():
                column = np.array(values, float)
                file.create_dataset(f"molecules/{formula}/{name}", data=column)
        for slab, columns in manifest.pop(TEMPERATURES, {}).items():
            for name, values in columns.items():
                column = np.array(values, float)
                file.create_dataset(f"{TEMPERATURES}/{slab}/{name}", data=column)
        for key, value in manifest.items():
            file.attrs[key] = value if isinstance(value, str | int) else json.dumps(value)
    except (AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{folder / MANIFEST}: this is not a description of a campaign "
            f"({foreign.reason(error)})"
        ) from error
    file.attrs["schema"] = SCHEMA
    file.create_dataset("points", data=points)


def _told_of_replicates(file: h5py.File, folder: Path, columns: Sequence[Column]) -> None:
    """Write the replicates of points that were split, and what reacted, where any was."""
    tables = {
        "replicates": (replicates(folder), REPLICATES),
        "reactive": (reactive(folder, reactive_type(columns)), REACTIVE),
    }
    if len(tables["replicates"][0]):
        for name, (rows, explained) in tables.items():
            _explain(file.create_dataset(name, data=rows), explained)


def _explain(table: h5py.Dataset, columns: Sequence[Column]) -> None:
    for column in columns:
        table.attrs[f"{column.name}.unit"] = column.unit
        table.attrs[f"{column.name}.meaning"] = column.meaning


def _reserve(file: h5py.File, count: int, columns: Sequence[Column]) -> int:
    """Make room for so many trajectories in one piece; where in the file it begins, bytes."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    space, kind = (
        h5py.h5s.create_simple((count,)),
        h5py.h5t.py_create(row_type(columns), logical=True),
    )
    made = h5py.h5d.create(file.id, b"trajectories", kind, space, dcpl=properties)
    table = h5py.Dataset(made)
    _explain(table, columns)
    return made.get_offset() or 0  # none where there are no trajectories


def _scatter(file: FileIO, offset: int, rows: np.ndarray, places: np.ndarray) -> None:
    """Write rows to their places in the table; neighbours in one go."""
    order = np.argsort(places, kind="stable")
    order = order[places[order] >= 0]
    rows, places = rows[order], places[order]
    for run in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(places) != 1) + 1):
        if len(run):
            content = rows[run[0] : run[-1] + 1].tobytes()
            position = offset + int(places[run[0]]) * rows.dtype.itemsize
            while content:  # the system may take less than all of it
                taken = os.pwrite(file.fileno(), content, position)
                content, position = content[taken:], position + taken


def write_manifest(folder: Path, manifest: Mapping[str, object]) -> None:
    """Say what is run in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1).encode())


def read_manifest(folder: Path) -> Description:
    """What is run in this folder.

    Raises:
        UserError: no campaign was run there.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise UserError(f"{folder}: no campaign was run there ({MANIFEST} is missing)")
    described = Description(path, foreign.json_table(path))
    wrong = [
        key for key, kind in DESCRIBED.items() if not isinstance(described.get(key, kind()), kind)
    ]
    if "input" not in described or wrong:
        raise UserError(
            f"{path}: this is not a description of a campaign ('{(*wrong, 'input')[0]}' is not "
            "there, or not of its kind)"
        )
    return described
