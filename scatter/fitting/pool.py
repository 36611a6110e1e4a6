"""Labelled frames in extended XYZ files: read in a stream, described, and copied as they stand."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from scatter.campaign.frames import FRAMES
from scatter.fitting.descriptor import descriptors
from scatter.labels import STANDARD, Keys, Stream, results_of
from scatter.potentials.calculator import system_of
from scatter.settings import UserError
from scatter.structures import frames_of, raw_frames


@dataclass(frozen=True)
class Pool:
    """What is known of the frames of many files, one row or record for each.

    Attributes:
        files: paths.
        file: index of the frame's own.
        index: number of the frame there.
        trajectory: name of the unit that is never divided between parts.
        facet: label of the surface, empty where unknown.
        T_K: temperature of the surface, K; NaN where unknown.
        r_A: bond length, Å; NaN where frames were not described.
        Z_A: height of the centre of mass above the top plane, Å; NaN where unknown.
        force: the largest force on an atom, of those that are labels, eV/Å.
        descriptor: shape (frame, feature); without features where frames were not described.
    """

    files: list[Path]
    file: Int[np.ndarray, " frame"]
    index: Int[np.ndarray, " frame"]
    trajectory: np.ndarray
    facet: np.ndarray
    T_K: Float[np.ndarray, " frame"]
    r_A: Float[np.ndarray, " frame"]
    Z_A: Float[np.ndarray, " frame"]
    force: Float[np.ndarray, " frame"]
    descriptor: Float[np.ndarray, "frame feature"]

    def __len__(self) -> int:
        return len(self.file)

    def keep(self, which: np.ndarray) -> "Pool":
        """Some of the frames."""
        kept = {name: value[which] for name, value in vars(self).items() if name != "files"}
        return Pool(self.files, **kept)


def files_of(places: Iterable[Path]) -> list[Path]:
    """The files themselves, and of folders all their `.extxyz` (of campaigns, all frames).

    Raises:
        UserError: one is not there or holds none.
    """
    there = []
    for place in places:
        if place.is_dir():
            inside = place / FRAMES if (place / FRAMES).is_dir() else place
            files = sorted(inside.glob("*.extxyz"))
            if not files:
                raise UserError(f"{place}: there are no .extxyz files; `scatter sample` makes them")
            there += files
        elif place.is_file():
            there.append(place)
        else:
            raise UserError(f"{place}: there is no such file or folder")
    return there


def read_pool(places: Iterable[Path], described: bool = True, keys: Keys = STANDARD) -> Pool:
    """Read frames, keeping of each only what `Pool` says.

    Args:
        places: extended XYZ files, and folders of them.
        described: frames consist of a slab and a molecule's two atoms, and name their trajectory;
            otherwise they may be anything, and a file's name stands for missing trajectories.
        keys: of the labels.

    Raises:
        UserError: a file cannot be read, a frame lacks what it must have, or labels cannot be used
            or contradict one another.
    """
    files = files_of(places)
    columns: dict[str, list] = {name: [] for name in list(Pool.__annotations__)[1:]}
    stream = Stream(keys, weights=None, copied=True)
    for number, path in enumerate(files):
        before = 0
        for frames in frames_of(raw_frames(path), path):
            names = [f"{path}, frame {n}" for n in range(before, before + len(frames))]
            known = stream.see(frames, names)
            for row in _rows(known, path, before, described):
                for name, value in {"file": number, **row}.items():
                    columns[name].append(value)
            before += len(frames)
    stream.finish()
    if not columns["file"]:
        raise UserError(f"{', '.join(map(str, files))}: hold no frames")
    return Pool(files, **{name: np.array(values) for name, values in columns.items()})


def _rows(frames: list[Atoms], path: Path, before: int, described: bool) -> Iterator[dict]:
    """The record of each frame, those of equal systems described together."""

    def system(numbered: tuple[int, Atoms]) -> bytes:
        frame = numbered[1]
        return frame.numbers.tobytes() + frame.cell.array.tobytes() + frame.pbc.tobytes()

    for _, group in groupby(enumerate(frames, before), system):
        numbers, equal = zip(*group, strict=True)
        features = _described(equal, f"{path}, frame {numbers[0]}") if described else None
        for place, (index, frame) in enumerate(zip(numbers, equal, strict=True)):
            row = _told(frame)
            if described and "trajectory" not in frame.info:
                raise UserError(
                    f"{path}, frame {index}: does not say its `trajectory`, without which parts "
                    "cannot be kept apart; give the file through --all"
                )
            yield {
                **row,
                "index": index,
                "trajectory": str(frame.info.get("trajectory", path.stem)),
                "r_A": np.nan if features is None else features[place, 0],
                "descriptor": np.zeros(0) if features is None else features[place],
            }


def _described(frames: Sequence[Atoms], where: str) -> Float[np.ndarray, "frame feature"]:
    numbers = frames[0].numbers
    if len(numbers) < 3 or set(numbers[-2:]) & set(numbers[:-2]):
        raise UserError(
            f"{where}: does not end with the two atoms of a molecule over a slab of other elements;"
            " give files of other structures through --all"
        )
    system = system_of(frames[0], where)
    positions = np.array([frame.positions for frame in frames])
    return descriptors(positions, system.cell, system.pbc).astype(np.float32)


def _told(frame: Atoms) -> dict:
    forces = results_of(frame)["forces"]
    return {
        "facet": str(frame.info.get("facet", "")),
        "T_K": float(frame.info.get("T_K", np.nan)),
        "Z_A": float(frame.info.get("Z_A", np.nan)),
        "force": float(np.linalg.norm(np.nan_to_num(forces), axis=1).max()),
    }
