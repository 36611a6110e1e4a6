"""Answers that an evaluation which was stopped has left beside its output."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from scatter.files import write_whole
from scatter.labels import results_of
from scatter.settings import UserError
from scatter.structures import extxyz, read_frames

SAVED_S = 30.0  # between two times of saving, at least
SHARE = 0.1  # of the time that saving may take, at most
DIGITS = 6  # of positions and cells that tell structures apart, Å

Mark = tuple[bytes, ...]


class Kept:
    """The file of what is answered so far: labelled structures in extended XYZ.

    It is there as long as an evaluation is not whole. What of it is of another potential, or of no
    structure that is asked for, is left aside.
    """

    def __init__(self, output: Path, info: Mapping[str, str], needed: Sequence[str]):
        """Look beside an output.

        Args:
            output: of the evaluation.
            info: what a structure says of where its labels come from.
            needed: names of the labels that it must have.
        """
        self.file = output.with_suffix(".partial.extxyz")
        self.info, self.needed = info, needed
        self.last, self.took = time.monotonic(), 0.0

    def put_back(self, frames: Sequence[Atoms]) -> list[int]:
        """Give structures the labels that were kept; answers which of them have some now."""
        known: dict[Mark, Atoms] = {}
        if self.file.is_file():
            with suppress(UserError):  # cut off, or not ours: all is asked again
                known = {mark_of(frame): frame for frame in read_frames(self.file)}
        labelled = []
        for n, frame in enumerate(frames):
            other = known.get(mark_of(frame))
            if other is not None and self._whole(other):
                frame.calc = SinglePointCalculator(frame, **results_of(other))
                frame.info |= self.info
                labelled.append(n)
        return labelled

    def _whole(self, frame: Atoms) -> bool:
        ours = all(frame.info.get(name) == value for name, value in self.info.items())
        return ours and {*results_of(frame)} >= {*self.needed}

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() - self.last > max(SAVED_S, self.took / SHARE)

    def save(self, frames: Sequence[Atoms]) -> None:
        """Write labelled structures, unless the disk is full."""
        began = time.monotonic()
        with suppress(OSError):
            write_whole(self.file, extxyz(frames))
        self.last = time.monotonic()
        self.took = self.last - began

    def remove(self) -> None:
        """All is written elsewhere."""
        self.file.unlink(missing_ok=True)


def mark_of(frame: Atoms) -> Mark:
    """What tells structures apart, as far as a file has it: elements, positions and cell."""
    lengths = (np.round(part, DIGITS) + 0.0 for part in (frame.positions, frame.cell.array))
    return (frame.numbers.tobytes(), frame.pbc.tobytes(), *(part.tobytes() for part in lengths))
