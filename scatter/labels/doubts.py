"""Labels of one set that contradict one another: mixed units, two calculators, forces of others."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter.labels.names import results_of
from scatter.settings import UserError

# what a number in eV, or in eV/Å, is divided by to have it in another unit
ENERGY_UNITS = {
    "Hartree": 27.2114,
    "Rydberg": 13.6057,
    "kcal/mol": 1 / 23.0605,
    "kJ/mol": 1 / 96.4853,
    "meV": 1e-3,
}
FORCE_UNITS = {
    "Hartree/Bohr": 51.4221,
    "Rydberg/Bohr": 25.7110,
    "Hartree/Å": 27.2114,
    "kcal/mol/Å": 1 / 23.0605,
    "kJ/mol/Å": 1 / 96.4853,
    "meV/Å": 1e-3,
}
FEW = 4  # atoms or frames: of fewer, no size is obvious
ALIKE, ROUGHLY = 0.03, 0.3  # ratios to a unit's: of energies, and of forces at random
LARGER = (10.0, 2000.0)  # times: less may be of hot and cold structures; more is not a unit's doing
APART = 0.3  # eV/atom: less is not an obvious difference
TOO_FAR = 10.0  # eV/atom: no two structures of four atoms and one composition lie in groups so far
CLEAR = 3.0  # how much wider than what it parts a gap of energies must be
SPREAD = 0.3  # of energies where forces are small, over that of the others: what a minimum has not
SAME, DIFFER = 1e-6, 0.01  # Å; eV: of the same structure twice
STEP, WORK = 0.1, 0.05  # Å; eV: of pairs of frames whose energies the forces must explain
FACTOR, SHARE = 5.0, 0.2  # by which they may miss, and how many may miss by more
SQUEEZED = 1000.0  # eV/Å: far above any collision of some eV, and all that a fit would see


@dataclass
class Doubts:
    """What is remembered of the frames of a set, in their order, to judge them together.

    - No force exceeds 1000 eV/Å: the structure is squeezed, or its label is nonsense. Such a frame
      is left out of all that follows.
    - The same structure twice has one energy, to 0.01 eV.
    - Energies of one composition do not lie in two groups that are apart as two units are, nor by
      more than 10 eV/atom; both with a gap of three times what either group spans.
    - Nor do the sizes of forces in one cell by a factor of ten to two thousand, of five frames each
      at least, where energies tell no difference: where forces are small in truth, energies are
      low, or much alike; or forces are nothing but noise, and no unit makes them so small.
    - Between frames in which no atom moves by more than 0.1 Å, the energy changes by the work of
      the forces, ΔE = -Σ (F_1 + F_2) · Δx / 2, to a factor of five, for four fifths of the pairs
      where that is above 0.05 eV, and where F_1 and F_2 work alike: a bond that goes through its
      length at rest, or a vibration that turns, leaves a small difference of large works.
    """

    energies: dict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    sizes: dict[tuple[str, bytes], list[tuple[float, float, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    seen: dict[bytes, tuple[float, str]] = field(default_factory=dict)
    ratios: list[float] = field(default_factory=list)
    last: Atoms | None = None
    frames: int = 0
    squeezed: list[tuple[float, str]] = field(default_factory=list)

    def see(self, frame: Atoms, where: str) -> None:
        """Remember a frame as `labelled_frame` made it.

        Raises:
            UserError: the same structure was there with another energy.
        """
        labels = results_of(frame)
        self.frames += 1
        if (force := strongest(labels)) > SQUEEZED:
            self.squeezed.append((force, where))
        elif "energy" in labels:
            self._see_twice(frame, labels["energy"], where)
            if len(frame) >= FEW:
                self._see_size(frame, labels, where)
            if self.last is not None and "forces" in labels:
                self.ratios += work_over_energy(self.last, frame)
            self.last = frame

    def _see_twice(self, frame: Atoms, energy: float, where: str) -> None:
        places = np.round(np.vstack([frame.positions, frame.cell.array]) / SAME).astype(np.int64)
        content = frame.numbers.tobytes() + frame.pbc.tobytes() + places.tobytes()
        key = blake2b(content, digest_size=16).digest()
        before, place = self.seen.setdefault(key, (energy, where))
        if abs(before - energy) > DIFFER:
            raise UserError(
                f"{where}: is the same structure as {place}, and its energy differs by "
                f"{energy - before:.4g} eV; remove the labels of the other calculator"
            )

    def _see_size(self, frame: Atoms, labels: dict, where: str) -> None:
        formula, forces = frame.get_chemical_formula(), labels.get("forces", np.zeros(0))
        self.energies[formula].append((labels["energy"] / len(frame), where))
        known = forces[np.isfinite(forces)]
        if known.any():
            size = float(np.sqrt(np.mean(known**2)))
            cell = (np.round(frame.cell.array, 6) + 0.0).tobytes()  # strain has energy and no force
            self.sizes[formula, cell].append((size, labels["energy"], where))

    def refuse_squeezed(self) -> None:
        """Raise UserError if frames have forces that nothing can be learnt from."""
        if self.squeezed:
            force, where = self.squeezed[0]
            raise UserError(
                f"{where}: has a force of {force:.4g} eV/Å, and {len(self.squeezed)} of "
                f"{self.frames} frames have forces above {SQUEEZED:g} eV/Å: such structures are "
                "squeezed, and errors of all others are lost beside theirs; leave them out, as "
                "`scatter select --max-force 50` does"
            )

    def refuse(self) -> None:
        """Raise UserError if the frames contradict one another."""
        for some in self.energies.values():
            _refuse_energies(sorted(some))
        for some in self.sizes.values():
            _refuse_forces(sorted(some))
        _refuse_work(np.array(self.ratios))


def strongest(labels: Mapping[str, Any]) -> float:
    """The largest force on an atom, of those that are labels, eV/Å; 0 without any."""
    forces = np.nan_to_num(labels.get("forces", np.zeros((1, 3))))
    return float(np.linalg.norm(forces, axis=1).max(initial=0.0))


def work_over_energy(first: Atoms, second: Atoms) -> Iterator[float]:
    """ΔE over the work of the forces between two frames, where both say enough for it; or none."""
    if len(first) != len(second) or (first.numbers != second.numbers).any():
        return
    labels = [results_of(frame) for frame in (first, second)]
    steps = second.positions - first.positions
    if not np.allclose(first.cell.array, second.cell.array) or "forces" not in labels[0]:
        return
    unknown = np.isnan(labels[0]["forces"] + labels[1]["forces"])
    if np.abs(steps).max() > STEP or steps[unknown].any():
        return
    works = [-float(np.sum(np.where(unknown, 0, label["forces"]) * steps)) for label in labels]
    work, change = sum(works) / 2, labels[1]["energy"] - labels[0]["energy"]
    if max(abs(work), abs(change)) > WORK and works[0] * works[1] > 0:
        yield change / work


def _parted(values: Float[np.ndarray, " value"], clear: float) -> int:
    """How many of sorted values lie below a gap wider than `clear` times the other spans; or 0."""
    if len(values) < FEW:
        return 0
    place = int(np.argmax(np.diff(values))) + 1
    spans = values[place - 1] - values[0], values[-1] - values[place]
    return place if values[place] - values[place - 1] > clear * max(spans) else 0


def _refuse_energies(labelled: list[tuple[float, str]]) -> None:
    values = np.array([energy for energy, _ in labelled])
    place = _parted(values, CLEAR)
    if not place:
        return
    groups = np.median(values[:place]), np.median(values[place:])
    gap = float(groups[1] - groups[0])
    small, large = sorted((abs(float(groups[0])), abs(float(groups[1]))))
    unit = _unit(large / small, ENERGY_UNITS, ALIKE) if groups[0] * groups[1] > 0 else ""
    if gap > TOO_FAR or (unit and gap > APART):
        raise UserError(
            f"{labelled[place][1]}: its energy of {values[place]:.4g} eV/atom is {gap:.3g} eV/atom "
            f"above that of {labelled[0][1]}, which has the same composition: the energies come "
            f"from two calculators, or are in two units{unit}; labels must be in eV and from one "
            f"calculator"
        )


def _refuse_forces(labelled: list[tuple[float, float, str]]) -> None:
    sizes, energies = (np.array([label[column] for label in labelled]) for column in (0, 1))
    place = _parted(np.log(sizes), 1.0)
    if min(place, len(labelled) - place) <= FEW:
        return
    small, large = float(np.median(sizes[:place])), float(np.median(sizes[place:]))
    unit = _unit(large / small, FORCE_UNITS, ROUGHLY)
    low, high = energies[:place], energies[place:]
    overlap = high.min() < np.median(low) < high.max()
    obvious = LARGER[0] < large / small < LARGER[1]
    if obvious and overlap and np.std(low) > SPREAD * np.std(high):
        raise UserError(
            f"{labelled[0][2]}: its forces are far smaller than those of {labelled[place][2]}, "
            f"though its energy is alike: forces are in two units{unit}; labels must be in eV/Å"
        )


def _refuse_work(ratios: Float[np.ndarray, " pair"]) -> None:
    missed = ratios[(ratios > FACTOR) | (ratios < 1 / FACTOR)]
    if len(missed) < FEW or len(missed) < SHARE * len(ratios):
        return
    factor = float(np.median(missed))
    unit = _unit(abs(factor), FORCE_UNITS | ENERGY_UNITS, ALIKE)
    raise UserError(
        f"of {len(ratios)} pairs of frames that follow one another closely, the energy of "
        f"{len(missed)} changes by {factor:.3g} times the work of their forces: they are in "
        f"different units{unit} or from different calculators, or forces have the wrong sign; "
        "labels must be in eV and eV/Å"
    )


def _unit(ratio: float, units: dict[str, float], tolerance: float) -> str:
    """A word on the unit that best explains a ratio; empty if none does."""
    ratio = max(ratio, 1 / max(ratio, 1e-9))
    name, size = min(units.items(), key=lambda entry: abs(ratio / max(entry[1], 1 / entry[1]) - 1))
    return f" (some in {name}?)" if abs(ratio / max(size, 1 / size) - 1) < tolerance else ""
