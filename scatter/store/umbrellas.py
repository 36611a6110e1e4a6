"""How molecules left under umbrellas: a file for each point, and where its chains stand.

umbrella/point-00000.table  rows of what was told of them: 32 bytes of SHA-256, and a `.npy` array
umbrella/point-00000.npz    where the chains stand
"""

from pathlib import Path

import numpy as np

from scatter.columns import LEFT as COLUMNS
from scatter.rows import row_type
from scatter.store.replicates import read_rows, write_rows

UMBRELLA = "umbrella"
LEFT = row_type(COLUMNS)


def umbrella_file(folder: Path, point: int, ending: str) -> Path:
    """A file of a point that has an umbrella."""
    return folder / UMBRELLA / f"point-{point:05d}.{ending}"


def write_left(folder: Path, point: int, rows: np.ndarray) -> None:
    """Keep how the molecules of a point left."""
    write_rows(umbrella_file(folder, point, "table"), rows)


def left_of(folder: Path, point: int) -> np.ndarray:
    """How the molecules of a point left; no rows where it has no umbrella.

    Raises:
        UserError: its file is damaged.
    """
    return read_rows(umbrella_file(folder, point, "table"), LEFT, "shots")


def left(folder: Path) -> np.ndarray:
    """How those of all points left.

    Raises:
        UserError: a file is damaged.
    """
    paths = sorted((folder / UMBRELLA).glob("*.table"))
    return np.concatenate([np.zeros(0, LEFT), *(read_rows(path, LEFT, "shots") for path in paths)])
