"""A set that `scatter select` wrote, as trainings read it."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from scatter.files import write_whole
from scatter.fitting.select import PARTS
from scatter.labels import Keys, read_labelled, results_of
from scatter.labels.stress import require_stress, virial_of
from scatter.settings import UserError
from scatter.structures import extxyz

VIRIALS = "REF_virials"  # key of what mace-torch calls so, -∂E/∂ε


@dataclass(frozen=True)
class LabelledSet:
    """The parts train and valid, and perhaps test, of a set.

    Attributes:
        files: of each part.
        frames: of each part, with their labels.
        keys: of the labels that were named.
    """

    files: Mapping[str, Path]
    frames: Mapping[str, Sequence[Atoms]]
    keys: Keys


def read_set(
    folder: Path, batch: int, keys: Keys, weights: Collection[str] = (), stress: bool = False
) -> LabelledSet:
    """All parts of a set, with labels as `scatter.labels` says.

    Args:
        folder: of the set.
        batch: structures in one step of a training; an incomplete batch is left out, and so there
            might be nothing to train on.
        keys: of the labels.
        weights: keys of weights that the training honours.
        stress: whether it learns stresses.

    Raises:
        UserError: a part is not there, its labels cannot be used, there are fewer structures to
            train with than are in a batch, or no stresses where they are to be learnt.
    """
    files = {part: folder / f"{part}.extxyz" for part in PARTS}
    for part, file in files.items():
        if not file.is_file() and part != "test":
            raise UserError(
                f"SET = '{folder}': holds no {file.name}; make a set with `scatter select`"
            )
    if not files["test"].is_file() or not files["test"].stat().st_size:  # `select --test 0`
        del files["test"]
    parts = read_labelled([*files.values()], keys, weights=weights, stress=stress)
    frames = dict(zip(files, parts, strict=True))
    if stress:
        require_stress(frames["train"], files["train"])
    if len(frames["train"]) < batch:
        raise UserError(
            f"--batch {batch}: {files['train']} holds {len(frames['train'])} structures, and only "
            f"whole batches are trained on; give --batch {len(frames['train'])} or less"
        )
    return LabelledSet(files, frames, keys)


def plain_files(labelled: LabelledSet, folder: Path) -> dict[str, Path]:
    """Files that mace-torch reads as we do: the set's own, or copies in a folder.

    In a copy labels have the usual keys, a force that is not a label is NaN, and held by no
    constraint, of which mace-torch would make a zero, and of a stress that is learnt there is the
    virial. Names tell contents apart.
    """
    files = {}
    for part, file in labelled.files.items():
        frames = labelled.frames[part]
        copied = any(frame.constraints or "stress" in results_of(frame) for frame in frames)
        if not labelled.keys.named and not copied:
            files[part] = file
            continue
        content = extxyz(_plain(frames))
        files[part] = folder / f"{part}-{hashlib.sha256(content).hexdigest()[:12]}.extxyz"
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(files[part], content)
    return files


def _plain(frames: Sequence[Atoms]) -> list[Atoms]:
    free = [frame.copy() for frame in frames]
    for copy, frame in zip(free, frames, strict=True):
        copy.set_constraint()
        copy.calc = frame.calc
        if "stress" in results_of(frame):
            copy.info[VIRIALS] = -virial_of(frame)
    return free
