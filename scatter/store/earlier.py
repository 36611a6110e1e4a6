"""Rows of schema 1, which had no guards, as rows of the present one."""

import numpy as np

from scatter.columns import GUARDED
from scatter.rows import COLUMNS, ROW, row_type

ADDED = {column.name for pair in GUARDED.values() for column in pair}  # since schema 1
ROW_1 = row_type(column for column in COLUMNS if column.name not in ADDED)


def completed(rows: np.ndarray, wanted: np.dtype = ROW) -> np.ndarray:
    """Rows of schema 1 as rows of this one: what guards measure, they did not, and it is NaN.

    Args:
        rows: of this schema or of schema 1; of others, they are answered as they are.
        wanted: the columns that they should have.
    """
    before = np.dtype([(name, wanted[name]) for name in wanted.names or () if name not in ADDED])
    if rows.dtype != before or before == wanted:
        return rows
    whole = np.zeros(rows.shape, wanted)
    for name in wanted.names or ():
        whole[name] = np.nan if name in ADDED else rows[name]
    return whole
