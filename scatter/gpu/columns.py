"""What the arrays of a prepared campaign and of its results may be: their types, shapes, values.

Somebody else's file may be sound as an archive and say anything.
"""

import json
from collections.abc import Mapping

import numpy as np

from scatter.outcomes import Outcome, Reason


def _kinds(text: str) -> dict[str, str]:
    """Of each array its type (b, i or f) and the names of its sizes."""
    return dict(array.strip().split(" ", 1) for array in text.split(","))


LEG = _kinds(
    "numbers i atom, cell f 3 3, pbc b 3, moving b atom, top i top, slab_masses f slab, "
    "slab_positions f snapshot slab 3, slab_momenta f snapshot slab 3, point i trajectory, "
    "number i trajectory, snapshot i trajectory, positions f trajectory own 3, "
    "momenta f trajectory own 3, masses f trajectory own, closest f own slab, shortest_bond f, "
    "lowest f, above_top f, inner_steps i, bond_force f force, bond_shortest f"
)
ENDINGS = _kinds(
    "point i trajectory, number i trajectory, trajectory i trajectory, outcome i trajectory, "
    "reason i trajectory, steps i trajectory, positions f trajectory atom 3, "
    "momenta f trajectory atom 3, potential f trajectory"
)
MEMORIES = {  # of each observer that a campaign elsewhere has, what it remembers
    "faults": _kinds("potential f trajectory, energy f trajectory, error f trajectory"),
    "lowest": _kinds(
        "lowest f trajectory, atoms f trajectory own 3, top f trajectory, when f trajectory"
    ),
    "turns": _kinds("falling b trajectory, turns i trajectory"),
    "residence": _kinds("first_below f trajectory, last_below f trajectory"),
}
PEAK = _kinds(  # of each measure of a guard, where it was asked
    "value f trajectory, time f trajectory, positions f trajectory atom 3, "
    "momenta f trajectory atom 3"
)
MEASURED = ("leverage",)
CHOICES = {"precision": ("float32", "float64"), "device": ("cuda", "cpu")}
NATIVE = {"b": (np.bool_,), "i": (np.int64, np.int32, np.uint8), "f": (np.float64,)}
NARROW, WIDE = 1.0, 1e5  # Å, between opposite faces of a cell
MOST = 1e9  # of a limit, in its own unit

Columns = Mapping[str, np.ndarray]


def refuse_odd_leg(columns: Columns) -> None:
    """Raise ValueError unless these are the columns of a prepared leg."""
    sizes = _sizes(columns, LEG)
    if sizes["atom"] != sizes["slab"] + sizes["own"]:
        raise ValueError("the slab and the molecule are not all atoms")
    lengths = ("positions", "momenta", "slab_positions", "slab_momenta", "shortest_bond")
    for name in (*lengths, "above_top", "bond_shortest"):
        _demand(name, np.isfinite(columns[name]))
    for name in ("slab_masses", "masses"):
        _demand(name, np.isfinite(columns[name]) & (columns[name] > 0))
    for name, most in (
        ("numbers", 119),
        ("top", sizes["slab"]),
        ("snapshot", sizes["snapshot"]),
        ("point", MOST),
        ("number", MOST),
    ):
        _demand(name, (columns[name] >= 0) & (columns[name] < most))
    _demand("top", len(columns["top"]) > 0)
    _demand("closest", np.isfinite(columns["closest"]) & (columns["closest"] >= 0))
    _demand("lowest", columns["lowest"] < np.inf)
    _demand("cell", _is_a_cell(columns["cell"]))
    inner, bonded = columns["inner_steps"], sizes["own"] == 2 and len(columns["bond_force"]) > 1
    _demand("inner_steps", (inner >= 0) & (inner <= 1000) & ((inner == 0) | bonded))
    _demand("bond_force", np.isfinite(columns["bond_force"]))
    _demand("bond_shortest", columns["bond_shortest"] > 0)


def refuse_odd_endings(columns: Columns) -> None:
    """Raise ValueError unless these are the columns of trajectories that have ended."""
    if all(array.shape == (0,) for array in columns.values()):
        return  # of no trajectory, nothing else is known
    remembered = {
        key: (MEMORIES.get(observer) or PEAK)[name]
        for key, (observer, name) in memory_columns(columns).items()
    }
    _sizes(columns, ENDINGS | remembered)
    for name in ("point", "number", "trajectory", "steps"):
        _demand(name, (columns[name] >= 0) & (columns[name] < MOST))
    for name in (f"peak_{measure}_time" for measure in measured(columns)):
        _demand(name, (columns[name] >= 0) & (columns[name] < np.inf))
    _demand("outcome", np.isin(columns["outcome"], [ending for ending in Outcome if ending]))
    _demand("reason", np.isin(columns["reason"], list(Reason)))


def memory_column(observer: str, name: str) -> str:
    """What a column of what an observer remembers is called."""
    return f"watch_{name}" if observer in MEMORIES else f"peak_{observer}_{name}"


def memory_columns(columns: Columns) -> dict[str, tuple[str, str]]:
    """Columns of what observers remember: the observer, and what it calls it."""
    remembered = {**MEMORIES, **dict.fromkeys(measured(columns), PEAK)}
    return {
        memory_column(observer, name): (observer, name)
        for observer, names in remembered.items()
        for name in names
    }


def measured(columns: Columns) -> list[str]:
    """The measures of guards that are among the columns."""
    return [name for name in MEASURED if f"peak_{name}_value" in columns]


def refuse_odd_words(words: object, texts: tuple[str, ...]) -> None:
    """Raise ValueError unless these texts are there, the first of them a table in JSON."""
    if not isinstance(words, dict):
        raise ValueError("its words are not a table")
    for name in texts:
        if not isinstance(words.get(name), str):
            raise ValueError(f"{name} is not text")
        if name in CHOICES and words[name] not in CHOICES[name]:
            raise ValueError(f"{name} is none of {', '.join(CHOICES[name])}")
    if not isinstance(json.loads(words[texts[0]]), dict):
        raise ValueError(f"{texts[0]} is not a table")


def refuse_odd_limits(limits: object) -> None:
    """Raise ValueError unless these are positive numbers by name, or one that may be automatic."""
    if not isinstance(limits, dict):
        raise ValueError("limits is not a table")
    for name, value in limits.items():
        if (name, value) == ("scattered_A", "auto"):
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value < MOST:
            raise ValueError(f"{name} is not a positive number")


def refuse_odd_count(name: str, value: object) -> None:
    """Raise ValueError unless this is a whole number from one on."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < MOST:
        raise ValueError(f"{name} is not a whole number from 1 on")


def _sizes(columns: Columns, kinds: Mapping[str, str]) -> dict[str, int]:
    """What each size is, once every array is of its type, and agrees with the others."""
    sizes = {"2": 2, "3": 3}
    for name, told in kinds.items():
        array, (kind, *shape) = columns[name], told.split()
        if array.dtype not in NATIVE[kind] or array.ndim != len(shape):
            raise ValueError(f"{name} is not of its type and shape")
        for word, size in zip(shape, array.shape, strict=True):
            if sizes.setdefault(word, size) != size:
                raise ValueError(f"{name} has {size} where others have {sizes[word]}")
    return sizes


def _demand(name: str, holds: np.ndarray | bool) -> None:
    if not np.all(holds):
        raise ValueError(f"{name} has a value that cannot be")


def _is_a_cell(cell: np.ndarray) -> bool:
    """Whether no two opposite faces are too near for lists of neighbours, or too far."""
    if not np.isfinite(cell).all() or abs(cell).max() > WIDE:
        return False
    with np.errstate(all="ignore"):
        across = np.cross(cell[[1, 2, 0]], cell[[2, 0, 1]])
        heights = abs(np.linalg.det(cell)) / np.sqrt((across**2).sum(axis=1))
    return bool((heights >= NARROW).all())
