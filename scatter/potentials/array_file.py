"""Models as plain arrays in `.npz` files, which open without pickle: read, and checked."""

import zipfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from scatter.errors import UserError
from scatter.files import write_arrays
from scatter.foreign import Arrays, arrays
from scatter.shapes import axes_of

MARGIN = 40  # samples of a radial function beyond either end of [0, r_c], where splines forget them

Model = TypeVar("Model", bound="ArrayFile")


class Misfit(ValueError):
    """Arrays that are not such a model; says why, of "its file"."""


def holds_array(file: Path, name: str) -> bool:
    """Whether a file is an archive of arrays, one of this name among them."""
    try:
        with zipfile.ZipFile(file) as archive:
            return f"{name}.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


class ArrayFile:
    """A frozen dataclass whose fields are what an `.npz` holds; axes and kinds are as annotated.

    Whole numbers have a sign, so that differences of them, and indices made of them, are what they
    should be.

    Attributes:
        layout: the `version` that is read.
        maker: the command that writes such a file.
        noun: what it is, for people.
        lengths: of axes that are known beforehand.
        together: fields that are all there or none of them.
        compressed: whether it is written so.
    """

    layout: ClassVar[int] = 1
    maker: ClassVar[str]
    noun: ClassVar[str]
    lengths: ClassVar[Mapping[str, int]] = {}
    together: ClassVar[frozenset[str]] = frozenset()
    compressed: ClassVar[bool] = False

    @classmethod
    def read(cls: type[Model], file: Path) -> Model:
        """Read the arrays; nothing in the file is run.

        Raises:
            UserError: the file was not written by `maker`, or by another version.
        """
        place = f"[potential] file = '{file}'"
        held = arrays(file, place)
        try:
            cls.refuse(held, cls._sizes(held))
        except Misfit as wrong:
            raise UserError(f"{place}: {wrong}; make it with `{cls.maker}`") from wrong
        return cls(**{name: each if each.ndim else each.item() for name, each in held.items()})

    @classmethod
    def refuse(cls, held: Arrays, sizes: Mapping[str, int]) -> None:
        """Raise Misfit where arrays of the right shapes are not such a model all the same."""

    def write(self, file: Path) -> None:
        """Write the arrays, whole or not at all."""
        known = {name: value for name, value in vars(self).items() if value is not None}
        write_arrays(file, known, self.compressed)

    @classmethod
    def _sizes(cls, held: Arrays) -> dict[str, int]:
        """How long each axis is; all arrays agree about it, and real numbers are finite."""
        axes = {field.name: axes_of(field.type) for field in fields(cast(Any, cls))}
        missing = axes.keys() - held.keys()
        if held.keys() - axes.keys() or missing not in (set(), cls.together):
            raise Misfit(f"is not a {cls.noun}")
        if held["version"].tolist() != cls.layout:
            raise Misfit(
                f"has the layout {held['version']}, and this version of scatter reads {cls.layout}"
            )
        sizes = dict(cls.lengths)
        for name in [name for name in axes if name in held]:
            _refuse_shape(name, held[name], *axes[name], sizes)
        return sizes


def _refuse_shape(
    name: str, array: np.ndarray, kind: str, axes: list[str], sizes: dict[str, int]
) -> None:
    """Raise Misfit unless an array has this kind, and axes as long as those before."""
    fits = array.ndim == len(axes) and array.dtype.kind == kind
    fits = fits and (kind != "i" or array.dtype.itemsize >= 4)
    if not fits or any(
        (int(axis) if axis.isdigit() else sizes.setdefault(axis, size)) != size
        for axis, size in zip(axes, array.shape, strict=True)
    ):
        raise Misfit(f"its array '{name}' has shape {array.shape} and kind {array.dtype}")
    if kind == "f" and not np.isfinite(array).all():
        raise Misfit(f"its array '{name}' holds values that are not finite")


def refuse_strange_numbers(numbers: np.ndarray) -> None:
    """Raise Misfit unless these are atomic numbers, each once."""
    if len(set(numbers.tolist())) < len(numbers) or not ((numbers > 0) & (numbers < 119)).all():
        raise Misfit(f"its atomic numbers are {numbers.tolist()}")
