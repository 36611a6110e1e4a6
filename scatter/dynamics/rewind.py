"""A batch as it was at a look, to go back to when a list has had no room since then.

A list that is too short is noticed at the next look only, and may have spoilt any step before it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scatter.state import Array


@dataclass(frozen=True)
class Kept:
    """Copies of all arrays that steps change, each with the object and the name that it goes by."""

    arrays: list[tuple[Any, str, Array]]

    @classmethod
    def of(cls, batch: Any) -> "Kept":
        """The present state of a `Batch`, trajectories' memories and guards' peaks included."""
        owners = (batch.state, batch.watch, *batch.peaks.of.values())
        places = [(batch, name) for name in ("outcome", "reason", "age")]
        places += [(one, name) for one in owners for name in vars(one) if name != "measure"]
        return cls([(owner, name, _copy(getattr(owner, name))) for owner, name in places])

    def restore(self) -> None:
        """Give the batch its state back, once."""
        for owner, name, array in self.arrays:
            setattr(owner, name, array)


def _copy(array: Array) -> Array:
    return array.copy() if isinstance(array, np.ndarray) else array.clone()
