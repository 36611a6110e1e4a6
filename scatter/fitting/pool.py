"""Labelled frames in extended XYZ files: read in a stream, described, and copied as they stand."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from scatter.campaign.frames import FRAMES, PROJECTILE
from scatter.fitting.descriptor import HYDROGEN, descriptors, longest_gap
from scatter.labels import STANDARD, Keys, Stream, results_of, strongest
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
        r_A: how far the molecule is apart (`longest_gap`; the bond length of a diatomic), Å; NaN of
            an atom, and where frames were not described.
        Z_A: height of the centre of mass above the top plane, Å; NaN where unknown.
        force: the largest force on an atom, of those that are labels, eV/Å.
        descriptor: shape (frame, feature); without features where frames were not described.
        molecule: atomic numbers of the molecule's atoms, the same in all frames; of H2 where frames
            were not described.
    """

    files: list[Path]
    molecule: tuple[int, ...]
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
        kept = {name: getattr(self, name)[which] for name in COLUMNS}
        return Pool(self.files, self.molecule, **kept)


COLUMNS = [*Pool.__annotations__][2:]


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
        described: frames consist of a slab and a molecule, the same in all of them, and name their
            trajectory; otherwise they may be anything, and a file's name stands for missing
            trajectories.
        keys: of the labels.

    Raises:
        UserError: a file cannot be read, a frame lacks what it must have, or labels cannot be used
            or contradict one another.
    """
    files = files_of(places)
    columns: dict[str, list] = {name: [] for name in COLUMNS}
    stream, molecule = Stream(keys, weights=None, copied=True), HYDROGEN
    for number, path in enumerate(files):
        before = 0
        for frames in frames_of(raw_frames(path), path):
            names = [f"{path}, frame {n}" for n in range(before, before + len(frames))]
            known = stream.see(frames, names)
            if described and known:
                first = molecule if columns["file"] else None
                molecule = _one_molecule(known, first, names)
            for row in _rows(known, path, before, molecule if described else ()):
                for name, value in {"file": number, **row}.items():
                    columns[name].append(value)
            before += len(frames)
    stream.finish()
    if not columns["file"]:
        raise UserError(f"{', '.join(map(str, files))}: hold no frames")
    arrays = {name: np.array(values) for name, values in columns.items()}
    return Pool(files, molecule, **arrays)


def _one_molecule(
    frames: Sequence[Atoms], before: tuple[int, ...] | None, names: Sequence[str]
) -> tuple[int, ...]:
    """Atomic numbers of the molecule that all of these frames, and those before, end with.

    Raises:
        UserError: they end with different ones, or with none.
    """
    for frame, name in zip(frames, names, strict=True):
        atoms = _molecule(frame, name)
        if before is not None and atoms != before:
            raise UserError(
                f"{name}: its molecule has the atomic numbers {atoms}, and that of the frames "
                f"before {before}; select frames of each molecule by itself"
            )
        before = atoms
    return before or HYDROGEN


def _molecule(frame: Atoms, name: str) -> tuple[int, ...]:
    """Atomic numbers of the molecule: the last atoms, as many as the frame says, or two.

    Raises:
        UserError: the frame says nonsense, or nothing, and its last two atoms may be others.
    """
    numbers = frame.numbers.tolist()
    stated = frame.info.get(PROJECTILE)
    if stated is not None and not (
        isinstance(stated, int | np.integer) and 0 < stated < len(numbers)
    ):
        raise UserError(
            f"{name}: {PROJECTILE} = {stated} must be how many of its last atoms are the molecule's"
        )
    own, slab = numbers[-int(stated or 2) :], numbers[: -int(stated or 2)]
    if not slab or (stated is None and {*own} & {*slab}):
        raise UserError(
            f"{name}: does not end with the two atoms of a molecule over a slab of other elements; "
            f"say {PROJECTILE}=3 in its second line if the last three are the molecule's, and give "
            "files of other structures through --all"
        )
    return tuple(own)


def _rows(
    frames: list[Atoms], path: Path, before: int, molecule: tuple[int, ...]
) -> Iterator[dict]:
    """The record of each frame; with a molecule, those of equal systems are described together."""

    def system(numbered: tuple[int, Atoms]) -> bytes:
        frame = numbered[1]
        return frame.numbers.tobytes() + frame.cell.array.tobytes() + frame.pbc.tobytes()

    for _, group in groupby(enumerate(frames, before), system):
        numbers, equal = zip(*group, strict=True)
        where, features, apart = f"{path}, frame {numbers[0]}", None, None
        if molecule:
            features, apart = _described(equal, where, molecule)
        for place, (index, frame) in enumerate(zip(numbers, equal, strict=True)):
            row = _told(frame)
            if molecule and "trajectory" not in frame.info:
                raise UserError(
                    f"{path}, frame {index}: does not say its `trajectory`, without which parts "
                    "cannot be kept apart; give the file through --all"
                )
            yield {
                **row,
                "index": index,
                "trajectory": str(frame.info.get("trajectory", path.stem)),
                "r_A": np.nan if apart is None else apart[place],
                "descriptor": np.zeros(0) if features is None else features[place],
            }


def _described(
    frames: Sequence[Atoms], where: str, molecule: tuple[int, ...]
) -> tuple[Float[np.ndarray, "frame feature"], Float[np.ndarray, " frame"]]:
    """Descriptors of equal systems, and how far their molecules are apart (Å)."""
    system = system_of(frames[0], where)
    positions = np.array([frame.positions for frame in frames])
    features = descriptors(positions, system.cell, system.pbc, molecule).astype(np.float32)
    return features, longest_gap(positions[:, -len(molecule) :]).astype(np.float32)


def _told(frame: Atoms) -> dict:
    return {
        "facet": str(frame.info.get("facet", "")),
        "T_K": float(frame.info.get("T_K", np.nan)),
        "Z_A": float(frame.info.get("Z_A", np.nan)),
        "force": strongest(results_of(frame)),
    }
