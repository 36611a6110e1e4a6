"""The slots of a batch: one tree of arrays with the slots as their first axis.

A tree is a dataclass or a dictionary of arrays and of trees. Whatever a part of the dynamics
remembers of a trajectory hangs in it, so that taking a trajectory out, putting another in, going
back to an earlier step and recording a step for a GPU are each written once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from scatter.state import Array, State

T = TypeVar("T")
Tree = dict[str, Array]


@dataclass
class Slots:
    """All that is known of the trajectory in each slot.

    Attributes:
        state: where it is.
        motion: memory of the integrator.
        memories: of every observer and ending, by its name.
        outcome: code of how it ended; 0 while it runs. uint8.
        reason: code of why it failed; 0 otherwise. uint8.
    """

    state: State
    motion: Tree
    memories: dict[str, Tree]
    outcome: Array
    reason: Array


def leaves(tree: object) -> Iterator[tuple[Tree, str]]:
    """Every array of a tree, as the dictionary that holds it and its name there."""
    branch = tree if isinstance(tree, dict) else vars(tree)
    for name, value in branch.items():
        if isinstance(value, dict) or is_dataclass(value):
            yield from leaves(value)
        else:
            yield branch, name


def arrays(tree: object) -> list[Array]:
    """Every array of a tree, in the order of `leaves`."""
    return [branch[name] for branch, name in leaves(tree)]


def mapped(tree: Any, change: Callable[[Array], Any]) -> Any:
    """The same tree with every array changed."""
    branch = tree if isinstance(tree, dict) else vars(tree)
    made = {
        name: mapped(value, change)
        if isinstance(value, dict) or is_dataclass(value)
        else change(value)
        for name, value in branch.items()
    }
    return made if isinstance(tree, dict) else replace(tree, **made)


def take(tree: T, slots: Array) -> T:
    """The tree of some slots; a copy."""
    return mapped(tree, lambda array: array[slots])


def put(tree: object, slots: Array, other: object) -> None:
    """Write what `other` holds into these slots of a tree, in place."""
    for (branch, name), array in zip(leaves(tree), arrays(other), strict=True):
        branch[name][slots] = array


def keep(tree: object, slots: Array) -> None:
    """Continue with these slots only, in place."""
    for branch, name in leaves(tree):
        branch[name] = branch[name][slots]


def copies(tree: object) -> list[Array]:
    """A copy of every array, to `restore` later."""
    return [_copy(array) for array in arrays(tree)]


def restore(tree: object, before: list[Array]) -> None:
    """Hang arrays that `copies` gave into the tree again; each list once."""
    for (branch, name), array in zip(leaves(tree), before, strict=True):
        branch[name] = array


def _copy(array: Array) -> Array:
    return array.copy() if isinstance(array, np.ndarray) else array.clone()
