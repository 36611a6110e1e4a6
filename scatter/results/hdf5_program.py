"""Reads `results.h5` in a process of its own: `python hdf5_program.py FILE TABLE [COLUMN ...]`.

The library of HDF5 meets some damaged files with a fault that ends the process, or goes round in
circles; so the process that asks (`scatter.results`) is another one, and this one has limits.
It leads nowhere else: links to other files, virtual and external data, and filters that would be
loaded as plug-ins are refused, and so are tables that are larger than the file can hold.

TABLE is `trajectories` or `reactive`. The output is one line of JSON, `refused` or what the file
holds but these, and then the bytes of the table, of the columns asked for or of all.
"""

import json
import os
import resource
import sys
from typing import Any

import h5py
import numpy as np

ALWAYS, DENSEST = 2**24, 100  # as in `scatter.foreign`
FILTERS = {1, 2, 3}  # deflate, shuffle, fletcher32: part of the library
ROWS_AT_ONCE = 2**14


class Refused(Exception):
    """Why this is not a results file."""


def limit(size: int) -> None:
    """Let this process have no more memory and time than an honest file of a size needs."""
    memory = 2**32 + 2 * DENSEST * size
    seconds = 60 + size // 10**6
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def member(group: h5py.Group, name: str, kind: type) -> Any:
    """What a name of a group stands for, if that lies in the file itself."""
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise Refused(f"'{name}' is not in it" if link is None else f"'{name}' leads elsewhere")
    node = group[name]
    if not isinstance(node, kind):
        raise Refused(f"'{name}' is not a {kind.__name__.lower()}")
    return node


def table(group: h5py.Group, name: str, size: int) -> h5py.Dataset:
    """A dataset that holds its own data, and no more than its file can."""
    node = member(group, name, h5py.Dataset)
    properties = node.id.get_create_plist()
    filters = {properties.get_filter(n)[0] for n in range(properties.get_nfilters())}
    if node.is_virtual or node.external:
        raise Refused(f"'{name}' leads to another file")
    if not filters <= FILTERS:
        raise Refused(f"'{name}' is packed by a program that is not known here")
    if node.ndim != 1 or node.nbytes > ALWAYS + DENSEST * size:
        raise Refused(f"'{name}' claims to be larger than the file can hold")
    return node


def plain(name: str, value: object) -> str | int | float:
    """The value of an attribute, a text or a number."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, str | int | float):
        raise Refused(f"its attribute '{name}' is neither text nor a number")
    return value


def column(values: np.ndarray) -> list:
    """A column as JSON holds it; text, which HDF5 gives as bytes, as text."""
    return [value.decode() if isinstance(value, bytes) else value for value in values.tolist()]


def columns(rows: np.ndarray) -> dict[str, list]:
    """The columns of a table of records."""
    return {name: column(rows[name]) for name in rows.dtype.names or ()}


def molecules(file: h5py.File, size: int) -> dict[str, dict[str, list]]:
    """Masses and curves of the molecules, where the file has any."""
    if "molecules" not in file:
        return {}
    group, by_formula = member(file, "molecules", h5py.Group), {}
    for formula in group.keys():
        molecule = member(group, formula, h5py.Group)
        by_formula[formula] = {
            name: column(table(molecule, name, size)[()]) for name in molecule.keys()
        }
    return by_formula


def tell(path: str, name: str, wanted: list[str]) -> None:
    """Write all that the file holds; of its trajectories, or other rows, these columns."""
    size = os.path.getsize(path)
    limit(size)
    with h5py.File(path, "r") as file:
        rows = table(file, name, size)
        there = [*(rows.dtype.names or ())]
        whole = {
            "attributes": {name: plain(name, value) for name, value in file.attrs.items()},
            "points": columns(table(file, "points", size)[()]),
            "molecules": molecules(file, size),
            "replicates": columns(table(file, "replicates", size)[()])
            if "replicates" in file
            else {},
            "descr": np.lib.format.dtype_to_descr(rows.dtype),
            "rows": len(rows),
            "sent": (sent := [name for name in wanted or there if name in there]),
        }
        answer(whole)
        chosen = rows if sent == there else rows.fields(sent)
        for first in range(0, len(rows), ROWS_AT_ONCE):
            sys.stdout.buffer.write(chosen[first : first + ROWS_AT_ONCE].tobytes())


def answer(whole: dict) -> None:
    """Write one line."""
    sys.stdout.buffer.write(json.dumps(whole).encode() + b"\n")


if __name__ == "__main__":
    try:
        tell(sys.argv[1], sys.argv[2], sys.argv[3:])
    except Exception as error:  # the library meets a broken file with errors of every class
        answer({"refused": str(error) or type(error).__name__})
