"""All finished trajectories in one table, and what campaign they are of.

`results.h5` is made from the blocks whenever asked for: row by row in place, so that a million
trajectories need no more memory than a thousand. Rows are not compressed: they are noise to a
compressor, which would cost more time than all else.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from scatter.files import replacing, write_whole
from scatter.outcomes import MEANINGS, ROW, SCHEMA, UNITS
from scatter.settings import UserError
from scatter.store.blocks import block_files, endings, keys, read_block

MANIFEST, RESULTS = "campaign.json", "results.h5"


def merge(folder: Path, points: np.ndarray, paths: Sequence[Path] | None = None) -> np.ndarray:
    """Write `results.h5` from the manifest, the blocks and the conditions of every point.

    Args:
        folder: the campaign's.
        points: the table `/points`.
        paths: the blocks; by default all that are there now.

    Returns:
        Point, number and outcome of the trajectories that it holds, sorted.

    Raises:
        UserError: a block is damaged, or no campaign was run there.
    """
    manifest = read_manifest(folder)
    paths = block_files(folder) if paths is None else paths
    ended = endings(paths)
    places, first = _places(ended)
    with replacing(folder / RESULTS) as temporary:
        with h5py.File(temporary, "w") as file:
            _describe(file, manifest, points)
            offset = _reserve(file, len(first))
        with open(temporary, "r+b", buffering=0) as file:
            done = 0
            for path in paths:
                rows = read_block(path)
                _scatter(file, offset, rows, places[done : done + len(rows)])
                done += len(rows)
    return ended[first]


def _places(ended: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each row of the blocks stands in the table (-1: a copy), and which row stands where."""
    first = np.unique(keys(ended), return_index=True)[1]
    places = np.full(len(ended), -1)
    places[first] = np.arange(len(first))
    return places, first


def _describe(file: h5py.File, manifest: dict[str, Any], points: np.ndarray) -> None:
    """Write all but the trajectories."""
    for formula, columns in manifest.pop("molecules", {}).items():
        for name, values in columns.items():
            file.create_dataset(f"molecules/{formula}/{name}", data=values)
    for key, value in manifest.items():
        file.attrs[key] = value if isinstance(value, str | int) else json.dumps(value)
    file.attrs["schema"] = SCHEMA
    file.create_dataset("points", data=points)


def _reserve(file: h5py.File, count: int) -> int:
    """Make room for so many trajectories in one piece; where in the file it begins, bytes."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    space, kind = h5py.h5s.create_simple((count,)), h5py.h5t.py_create(ROW, logical=True)
    made = h5py.h5d.create(file.id, b"trajectories", kind, space, dcpl=properties)
    table = h5py.Dataset(made)
    for name in ROW.names or ():
        table.attrs[f"{name}.unit"] = UNITS[name]
        table.attrs[f"{name}.meaning"] = MEANINGS[name]
    return made.get_offset() or 0  # none where there are no trajectories


def _scatter(file: Any, offset: int, rows: np.ndarray, places: np.ndarray) -> None:
    """Write rows to their places in the table; neighbours in one go."""
    order = np.argsort(places, kind="stable")
    order = order[places[order] >= 0]
    rows, places = rows[order], places[order]
    for run in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(places) != 1) + 1):
        if len(run):
            content = rows[run[0] : run[-1] + 1].tobytes()
            position = offset + int(places[run[0]]) * ROW.itemsize
            while content:  # the system may take less than all of it
                taken = os.pwrite(file.fileno(), content, position)
                content, position = content[taken:], position + taken


def _readable(table: np.ndarray) -> np.ndarray:
    """The same records with text as `str`, which HDF5 gives as bytes."""
    found = table.copy()
    for name in found.dtype.names or ():
        if found.dtype[name].kind == "O":
            found[name] = [text.decode() for text in table[name]]
    return found


def read_results(
    folder: Path, columns: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Points, trajectories and attributes of a campaign's `results.h5`.

    Args:
        folder: the campaign's.
        columns: of the trajectories; by default all. A few are read in no time.

    Raises:
        UserError: there is none, it cannot be read, or another schema wrote it.
    """
    path = folder / RESULTS
    if not path.is_file():
        raise UserError(
            f"{path}: there is no such file; `scatter status {folder}` makes it from the "
            "trajectories finished so far, if a campaign was run there"
        )
    try:
        with h5py.File(path) as file:
            attributes = dict(file.attrs)
            points, table = np.asarray(_dataset(file, "points")), _dataset(file, "trajectories")
            kind = table.dtype
            rows = np.asarray(table.fields(list(columns))[:] if columns else table)
    except (OSError, KeyError) as error:
        raise UserError(f"{path}: this is no results file of scatter ({error})") from error
    if attributes.get("schema") != SCHEMA or kind != ROW:
        raise UserError(
            f"{path}: written with schema {attributes.get('schema')}, and this version reads "
            f"schema {SCHEMA}; analyse it with the version that wrote it"
        )
    return _readable(points), rows, attributes


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """A table of a results file.

    Raises:
        KeyError: there is none.
    """
    found = file[name]
    if not isinstance(found, h5py.Dataset):
        raise KeyError(f"'{name}' is no table")
    return found


def read_molecules(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Of every molecule in `results.h5`: masses_amu, and its curve as bond_A and energy_eV.

    Empty where an earlier version wrote the file. To be called after `read_results`.
    """
    found: dict[str, dict[str, np.ndarray]] = {}

    def take(name: str, values: Any) -> None:
        if isinstance(values, h5py.Dataset):
            formula, column = name.split("/")
            found.setdefault(formula, {})[column] = np.asarray(values)

    with h5py.File(folder / RESULTS) as file:
        if isinstance(group := file.get("molecules"), h5py.Group):
            group.visititems(take)
    return found


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Say what is run in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1).encode())


def read_manifest(folder: Path) -> dict[str, Any]:
    """What is run in this folder.

    Raises:
        UserError: no campaign was run there.
    """
    path = folder / MANIFEST
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{folder}: no campaign was run there ({MANIFEST} is missing)") from None
    except ValueError as error:
        raise UserError(f"{path}: this is no description of a campaign ({error})") from error
