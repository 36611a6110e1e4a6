"""What numbers a prepared campaign and its results may hold.

Somebody else's file may be sound as an archive and say anything.
"""

import json

import numpy as np

from scatter.foreign import shown
from scatter.saved import Misfit

NARROW, WIDE = 1.0, 1e5  # Å, between opposite faces of a cell
MOST = 1e9  # of a limit, in its own unit


def demand(name: str, *hold: np.ndarray | bool) -> None:
    """Raise Misfit unless all of these hold of an array."""
    if not all(np.all(each) for each in hold):
        raise Misfit(f"its array '{name}' has a value that cannot be")


def refuse_other_words(name: str, text: str, *words: str) -> None:
    """Raise Misfit unless a text is one of these words."""
    if text not in words:
        raise Misfit(f"its '{name}' is {shown(text)}, none of {', '.join(words)}")


def refuse_odd_identity(text: str) -> None:
    """Raise Misfit unless a campaign's identity is a table in JSON."""
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Misfit("its identity is not JSON") from error
    if not isinstance(table, dict):
        raise Misfit("its identity is not a table")


def is_a_cell(cell: np.ndarray) -> bool:
    """Whether no two opposite faces are too near for lists of neighbours, or too far."""
    if abs(cell).max() > WIDE:
        return False
    with np.errstate(all="ignore"):
        across = np.cross(cell[[1, 2, 0]], cell[[2, 0, 1]])
        heights = abs(np.linalg.det(cell)) / np.sqrt((across**2).sum(axis=1))
    return bool((heights >= NARROW).all())
