"""Models as plain arrays in `.npz` files, which open without pickle: read, and checked."""

import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scatter.errors import UserError
from scatter.foreign import Arrays, arrays

MARGIN = 40  # samples of a radial function beyond either end of [0, r_c], where splines forget them


class Misfit(ValueError):
    """Arrays that are no such model; says why, of "its file"."""


def holds_array(file: Path, name: str) -> bool:
    """Whether a file is an archive of arrays, one of this name among them."""
    try:
        with zipfile.ZipFile(file) as archive:
            return f"{name}.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def read_arrays(file: Path, check: Callable[[Arrays], None], maker: str) -> dict[str, Any]:
    """The arrays of a model by name, those without axes as plain values; nothing in it is run.

    Args:
        file: `.npz`.
        check: raises Misfit where the arrays are no such model.
        maker: the command that writes such a file.

    Raises:
        UserError: it cannot be read, or is no such model.
    """
    place = f"[potential] file = '{file}'"
    found = arrays(file, place)
    try:
        check(found)
    except Misfit as wrong:
        raise UserError(f"{place}: {wrong}; make it with `{maker}`") from wrong
    return {name: array if array.ndim else array.item() for name, array in found.items()}


def sizes_of(
    found: Arrays,
    shapes: Mapping[str, str],
    version: int,
    whole: Collection[str],
    words: Collection[str],
    sizes: Mapping[str, int],
) -> dict[str, int]:
    """How long each axis is; all arrays agree about it, and real numbers are finite.

    Args:
        found: the arrays, `version` among them.
        shapes: a letter or digit for each axis of each array.
        version: of the layout that is read.
        whole: names of the arrays of whole numbers, which have a sign, so that differences of them
            and indices made of them are what they should be.
        words: names of the texts.
        sizes: lengths that are known beforehand.

    Raises:
        Misfit: an array is not as it should be.
    """
    if found["version"].tolist() != version:
        raise Misfit(
            f"has the layout {found['version']}, and this version of scatter reads {version}"
        )
    sizes = dict(sizes)
    for name, letters in shapes.items():
        array = found[name]
        kinds = "U" if name in words else "i" if name in whole else "f"
        fits = array.ndim == len(letters) and array.dtype.kind == kinds
        fits = fits and (kinds != "i" or array.dtype.itemsize >= 4)
        if not fits or any(
            sizes.setdefault(letter, size) != size
            for letter, size in zip(letters, array.shape, strict=True)
        ):
            raise Misfit(f"its array '{name}' has shape {array.shape} and kind {array.dtype}")
        if kinds == "f" and not np.isfinite(array).all():
            raise Misfit(f"its array '{name}' holds values that are not finite")
    return sizes


def refuse_strange_numbers(numbers: np.ndarray) -> None:
    """Raise Misfit unless these are atomic numbers, each once."""
    if len(set(numbers.tolist())) < len(numbers) or not ((numbers > 0) & (numbers < 119)).all():
        raise Misfit(f"its atomic numbers are {numbers.tolist()}")
