"""Models as plain arrays in `.npz` files, which open without pickle: read, and checked."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from scatter.saved import Misfit, Whole

MARGIN = 40  # samples of a radial function beyond either end of [0, r_c], where splines forget them

Model = TypeVar("Model", bound="ArrayFile")


def holds_array(file: Path, name: str) -> bool:
    """Whether a file is an archive of arrays, one of this name among them."""
    try:
        with zipfile.ZipFile(file) as archive:
            return f"{name}.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


@dataclass(frozen=True)
class ArrayFile(Whole):
    """A model whose fields are what an `.npz` holds."""

    @classmethod
    def read(cls: type[Model], file: Path, place: str = "") -> Model:
        """Read the arrays, as `Whole` does; errors call the file what an input calls it."""
        return super().read(file, place or f"[potential] file = '{file}'")


def refuse_strange_numbers(numbers: np.ndarray) -> None:
    """Raise Misfit unless these are atomic numbers, each once."""
    if len(set(numbers.tolist())) < len(numbers) or not ((numbers > 0) & (numbers < 119)).all():
        raise Misfit(f"its atomic numbers are {numbers.tolist()}")
