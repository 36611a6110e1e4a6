"""Labelled structures as all read them: energy and forces, NaN for a force that is not a label."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms, FixCartesian
from jaxtyping import Float

from scatter.labels.doubts import Doubts
from scatter.labels.names import STANDARD, Keys, keys_of, results_of, rid, values_of
from scatter.labels.stress import keep_stresses
from scatter.settings import UserError
from scatter.structures import held, read_frames

BOTH = ("energy", "forces")
LEAST = 3  # frames that tell a component that is held from one that happens to be zero


def read_labelled(
    files: Sequence[Path],
    keys: Keys = STANDARD,
    needed: Collection[str] | None = BOTH,
    weights: Collection[str] | None = (),
    stress: bool = False,
) -> list[list[Atoms]]:
    """The frames of each file of one set, labelled as `labelled` does.

    Raises:
        UserError: a file cannot be read, or its labels cannot be used.
    """
    frames = [read_frames(file) for file in files]
    names = [
        f"{file}, frame {n}"
        for file, some in zip(files, frames, strict=True)
        for n in range(len(some))
    ]
    every = iter(
        labelled([frame for some in frames for frame in some], names, keys, needed, weights, stress)
    )
    return [[next(every) for _ in some] for some in frames]


def labelled(
    frames: Sequence[Atoms],
    names: Sequence[str],
    keys: Keys = STANDARD,
    needed: Collection[str] | None = BOTH,
    weights: Collection[str] | None = (),
    stress: bool = False,
) -> list[Atoms]:
    """Frames of one set whose calculator holds the labels: energy, eV, and forces, eV/Å.

    A component that is not a label (see the package) is NaN, and is held by a constraint, so that
    what is written with ASE says so. Other energies and forces are taken out.

    Args:
        frames: as `read_frames` read them.
        names: what to call each in an error.
        keys: that the user named.
        needed: labels that every frame must have; others must be there in all frames or in none.
            None: a frame may have one and the next another.
        weights: keys of weights that the reader honours; None if weights mean nothing to it.
        stress: whether stresses are labels too, of those frames that have one; eV/Å³.

    Raises:
        UserError: it is not clear which label is meant, a label is missing or not finite, no frame
            has a key that was named, there are weights or masks that would not be honoured, forces
            are absurdly large, or the labels contradict one another (`Doubts`).
    """
    stream = Stream(keys, needed, weights)
    labels = stream.see(frames, names)
    stream.finish()
    for some in _systems(labels):
        _leave_out_held(some)
    for frame in labels:
        _hold(frame)
    if stress:
        keep_stresses(frames, labels, names, keys)
    return labels


class Stream:
    """Frames of one set that come a few at a time; arguments and errors are those of `labelled`.

    What only a whole set tells to be held is not left out, and nothing is marked by constraints.

    Args:
        copied: whether some of the frames are copied for others to read, by a reader who leaves
            out those with large forces: so it must be clear which is their stress, and squeezed
            structures are not refused.
    """

    def __init__(
        self,
        keys: Keys = STANDARD,
        needed: Collection[str] | None = BOTH,
        weights: Collection[str] | None = (),
        copied: bool = False,
    ):
        self.keys, self.needed, self.weights, self.copied = keys, needed, weights, copied
        if keys.named or needed is not None:
            self.needed = {*(needed or ())} | {*keys.named} & {*BOTH}
        self.doubts, self.first, self.due = Doubts(), "", set[str]()
        self.force, self.stress = False, False  # whether any is there
        self.pulled = False  # whether any frame has two atoms: on one alone there is no force

    def see(self, frames: Sequence[Atoms], names: Sequence[str]) -> list[Atoms]:
        """Frames with their labels; `names` is what to call them."""
        return [self._see(frame, name) for frame, name in zip(frames, names, strict=True)]

    def _see(self, frame: Atoms, name: str) -> Atoms:
        refuse_unhonoured(frame, name, self.weights)
        labels = labels_in(frame, self.keys, name)
        if self.copied:
            keys_of(frame, self.keys, name, ("stress",))
        self._refuse_missing(frame, {*labels}, name)
        self.pulled |= len(frame) > 1
        self.force |= bool(np.isfinite(labels.get("forces", np.nan)).any())
        self.stress |= self.keys.stress in values_of(frame, "stress")
        seen = frame.copy()
        rid(seen)
        seen.set_constraint()
        seen.calc = SinglePointCalculator(seen, **labels)
        self.doubts.see(seen, name)
        return seen

    def _refuse_missing(self, frame: Atoms, own: set[str], name: str) -> None:
        if not self.first:
            self.first, self.due = name, own | {*(self.needed or ())}
        due = (own or {"label"}) if self.needed is None else (self.due or {"label"})
        lacking = sorted(due - own)
        if own - due:
            name, lacking = self.first, sorted(own - due)
        elif lacking and (key := self.keys.named.get(lacking[0])):
            offered = ", ".join(sorted({*values_of(frame, lacking[0])} - {"numbers", "positions"}))
            raise UserError(
                f"--{lacking[0]}-key {key}: {name} does not have it; it has {offered or '-'}"
            )
        if lacking:
            file = Path(name.rpartition(", frame")[0]).name
            raise UserError(
                f"{name}: has no {' and '.join(lacking)}; every frame must have the same labels, "
                "`energy` (eV) and `forces` (eV/Å): take it out, or label it with "
                f"`scatter evaluate TEACHER {file} --output ...`"
            )

    def finish(self) -> None:
        """Refuse what is wrong with the set as a whole."""
        if self.first and self.keys.stress and not self.stress:
            raise UserError(f"--stress-key {self.keys.stress}: no frame has it")
        if self.first and "forces" in (self.needed or ()) and self.pulled and not self.force:
            raise UserError(
                f"{self.first}, and all others: no force is a label, for each is zero or on an "
                "atom that is held; were forces computed?"
            )
        if not self.copied:
            self.doubts.refuse_squeezed()
        self.doubts.refuse()


def labels_in(frame: Atoms, keys: Keys, where: str) -> dict[str, Any]:
    """Energy and forces of a frame, so far as it has them; NaN for forces that are not labels.

    Raises:
        UserError: it is not clear which are meant, or they are not finite numbers.
    """
    own: dict[str, Any] = keys_of(frame, keys, where, BOTH)
    for quantity, key in own.items():
        take = _energy if quantity == "energy" else _forces
        own[quantity] = take(values_of(frame, quantity)[key], frame, where)
    return own


def _energy(value: Any, frame: Atoms, where: str) -> float:
    if np.asarray(value).shape != () or np.asarray(value).dtype.kind not in "iuf":
        raise UserError(f"{where}: its energy {str(value)[:40]!r} is not a number")
    if not np.isfinite(value):
        raise UserError(f"{where}: its energy or a force is not finite; take it out of the file")
    return float(value)


def _forces(value: Any, frame: Atoms, where: str) -> Float[np.ndarray, "atom 3"]:
    """What is written; NaN where a constraint holds, and on atoms whose force is exactly zero."""
    array, none = np.asarray(value), held(frame, where)
    if array.shape != (len(frame), 3) or array.dtype.kind not in "iuf":
        raise UserError(f"{where}: its forces are not numbers along x, y and z of each atom")
    if not np.isfinite(array[~none]).all():
        raise UserError(f"{where}: its energy or a force is not finite; take it out of the file")
    return np.where(none | ~array.any(axis=1, keepdims=True), np.nan, array)


def refuse_unhonoured(frame: Atoms, where: str, weights: Collection[str] | None) -> None:
    """Raise UserError for weights and masks that would change nothing."""
    for name, value in (frame.info | frame.arrays).items():
        words = set(name.lower().replace("-", "_").split("_"))
        if "mask" in words:
            raise UserError(
                f"{where}: '{name}' is not a column that scatter knows; say which atoms are held "
                "by a column move_mask (T for those that move), or take it out"
            )
        if weights is None or not words & {"weight", "weights"} or name in weights:
            continue
        if not np.array_equal(np.unique(np.asarray(value)), [1]):
            honoured = f" (it honours {', '.join(weights)})" if weights else ""
            raise UserError(
                f"{where}: the weight '{name}' would not be honoured{honoured}; take it out, or "
                "weigh by options (`--help`)"
            )


def summary(parts: Mapping[str, Sequence[Atoms]]) -> str:
    """How many labels there are in the parts of a set, in a sentence."""
    frames = [frame for some in parts.values() for frame in some]
    forces = np.concatenate([results_of(frame)["forces"] for frame in frames])
    known = int(np.isfinite(forces).any(axis=1).sum())
    others = "" if np.isfinite(forces).all() else "; what is held, or exactly zero, is not a label"
    strained = sum("stress" in results_of(frame) for frame in frames)
    also = f", stresses of {strained} of {len(frames)} structures" if strained else ""
    return f"labels: {len(frames)} energies, forces on {known} of {len(forces)} atoms{also}{others}"


def _systems(frames: Iterable[Atoms]) -> Iterable[list[Atoms]]:
    """Frames that have forces, by their atoms and cell."""
    systems = defaultdict(list)
    for frame in frames:
        if "forces" in results_of(frame):
            systems[frame.numbers.tobytes(), np.round(frame.cell.array, 6).tobytes()].append(frame)
    return systems.values()


def _leave_out_held(frames: Sequence[Atoms]) -> None:
    """Components that are exactly zero on the same atom in all of these frames are not labels."""
    if len(frames) < LEAST:
        return
    labels = [results_of(frame)["forces"] for frame in frames]
    zero = np.all([np.nan_to_num(label) == 0 for label in labels], axis=0)
    for label in labels:
        label[zero] = np.nan


def _hold(frame: Atoms) -> None:
    none = np.isnan(results_of(frame).get("forces", np.zeros((len(frame), 3))))
    whole = none.all(axis=1)
    some = [FixCartesian(n, none[n]) for n in np.flatnonzero(none.any(axis=1) & ~whole).tolist()]
    frame.set_constraint([FixAtoms(np.flatnonzero(whole)), *some] if none.any() else None)
