"""Errors of a potential on labelled structures (energies, forces), and the cost of a force call.

The columns are those of the H2/Cu literature: RMSE of the energy of the whole cell (meV), of all
force components, and of the forces on the molecule (meV/Å).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols
from jaxtyping import Bool, Float, Int

from scatter.campaign.bench import time_forces
from scatter.cores import single_thread
from scatter.potentials.base import Potential
from scatter.potentials.calculator import system_of
from scatter.settings import UserError
from scatter.validation.labels import Labels, labels_of

MILLI = 1000  # meV in an eV
TRAJECTORY = ("facet", "T_K", "v", "J", "energy_eV", "trajectory")  # keys of a frame's info


Measured = tuple[float, float]


@dataclass(frozen=True)
class Deviation:
    """RMSE and MAE of a quantity, with their standard errors.

    Frames of one trajectory are not independent: the standard errors are those of a mean over
    trajectories where frames say which they belong to, and over frames where they do not.
    """

    unit: str  # of the numbers below
    n: int  # how many numbers are compared
    rmse: float  # root mean square of potential - reference; NaN where nothing is compared
    rmse_error: float  # its standard error
    mae: float  # mean absolute difference
    mae_error: float  # its standard error

    @property
    def measured(self) -> Measured:
        """RMSE and its standard error."""
        return self.rmse, self.rmse_error


@dataclass(frozen=True)
class Errors:
    """Errors of a potential on a set of structures."""

    label: str  # "all", or facet and temperature
    frames: int  # how many
    energy: Deviation  # of the whole cell
    # the same after subtracting the mean difference of each composition on each facet at each
    # temperature: a zero of energy that no trajectory feels; without frames alone of their kind
    energy_shifted: Deviation
    energy_per_atom: Deviation  # energy divided by the number of atoms
    forces: Deviation  # components on every atom for which both give a force
    molecule: Deviation  # components on the molecule's atoms
    elements: dict[str, Deviation]  # components on the atoms of each element
    stress: Deviation  # its six components, where both have it

    @property
    def words(self) -> str:
        """RMSE of energies and forces, and of stresses and forces on a molecule where they are."""
        parts = [f"E {self.energy.rmse:.1f} meV, F {self.forces.rmse:.1f} meV/Å"]
        parts += [f"stress {self.stress.rmse:.2f} meV/Å³"] if self.stress.n else []
        parts += [f"F on the molecule {self.molecule.rmse:.1f} meV/Å"] if self.molecule.n else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Pairs:
    """The same numbers from the reference and from the potential, in eV or eV/Å, in one order."""

    reference: Float[np.ndarray, " n"]  # values of the reference
    potential: Float[np.ndarray, " n"]  # values of the potential
    frame: Int[np.ndarray, " n"]  # index of the frame of each

    def of(self, chosen: Bool[np.ndarray, " frame"]) -> "Pairs":
        """The pairs of the chosen frames."""
        kept = chosen[self.frame]
        return Pairs(self.reference[kept], self.potential[kept], self.frame[kept])


@dataclass(frozen=True)
class Compared:
    """All pairs of numbers that are compared; NaN is left out."""

    energies: Pairs  # of whole cells, eV
    # the same, without the mean difference of each composition on each facet at each temperature,
    # the lowest at zero; of kinds of two frames and more
    shifted: Pairs
    per_atom: Pairs  # energies per atom, eV
    forces: Pairs  # eV/Å
    molecule: Pairs  # those on the molecule's atoms, eV/Å
    elements: dict[str, Pairs]  # those on the atoms of each element, eV/Å
    stress: Pairs  # xx, yy, zz, yz, xz and xy, eV/Å³
    # a number for each frame, the same for all frames of one trajectory
    trajectory: Int[np.ndarray, " frame"]


def molecule_of(frames: Sequence[Atoms], symbols: Sequence[str] = ()) -> frozenset[int]:
    """Atomic numbers of the molecule: the given symbols, or all but the commonest element.

    Raises:
        UserError: a symbol is not an element, or is in none of the frames.
    """
    counts = Counter(int(z) for frame in frames for z in frame.numbers)
    for symbol in symbols:
        if atomic_numbers.get(symbol, 0) not in counts:
            known = ", ".join(chemical_symbols[z] for z in sorted(counts))
            raise UserError(
                f"--molecule {symbol}: no structure contains this element; they contain {known}"
            )
    if symbols:
        return frozenset(atomic_numbers[symbol] for symbol in symbols)
    return frozenset(counts) - {counts.most_common(1)[0][0]}


def compare(
    frames: Sequence[Atoms], potential: Labels, reference: Labels, molecule: frozenset[int]
) -> Compared:
    """Pair every number of the potential with that of the reference."""
    atoms = np.array([len(frame) for frame in frames])
    frame = np.arange(len(frames))
    energies = _pairs(reference.energies, potential.energies, frame)
    shift = _mean_differences(frames, energies)[energies.frame]
    zero = energies.reference.min(initial=np.inf)
    forces = _flat(reference), _flat(potential), np.repeat(frame, 3 * atoms)
    numbers = np.repeat(np.concatenate([f.numbers for f in frames]), 3)

    def on(elements: Collection[int]) -> Pairs:
        chosen = np.isin(numbers, list(elements))
        return _pairs(*(values[chosen] for values in forces))

    return Compared(
        energies=energies,
        shifted=_pairs(
            energies.reference - zero, energies.potential - shift - zero, energies.frame
        ),
        per_atom=_pairs(reference.energies / atoms, potential.energies / atoms, frame),
        forces=_pairs(*forces),
        molecule=on(molecule),
        elements={chemical_symbols[z]: on([z]) for z in sorted({*numbers.tolist()})},
        stress=_pairs(_six(reference, frames), _six(potential, frames), np.repeat(frame, 6)),
        trajectory=_trajectories(frames),
    )


def _flat(labels: Labels) -> Float[np.ndarray, " component"]:
    return np.concatenate([force.ravel() for force in labels.forces])


def _six(labels: Labels, frames: Sequence[Atoms]) -> Float[np.ndarray, " component"]:
    """The independent components of stresses."""
    if labels.stresses is None:
        return np.full(6 * len(frames), np.nan)
    return labels.stresses[:, [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]].ravel()


def _pairs(
    reference: Float[np.ndarray, " n"],
    potential: Float[np.ndarray, " n"],
    frame: Int[np.ndarray, " n"],
) -> Pairs:
    known = np.isfinite(reference) & np.isfinite(potential)
    return Pairs(reference[known], potential[known], frame[known])


def _mean_differences(frames: Sequence[Atoms], energies: Pairs) -> Float[np.ndarray, " frame"]:
    """Mean of potential - reference over all frames of each frame's kind, eV.

    A kind is a composition on a facet at a temperature, as far as frames name these. Slabs differ
    in the energy of their surfaces and of their strain, which stays as it is along a trajectory.
    NaN for a frame alone of its kind, which would differ from its own mean by nothing.
    """
    systems = [f"{frame.get_chemical_formula()} {condition(frame)}" for frame in frames]
    _, kind = np.unique(systems, return_inverse=True)
    paired, kinds = kind[energies.frame], kind.max() + 1
    total = np.bincount(paired, energies.potential - energies.reference, kinds)
    count = np.bincount(paired, minlength=kinds)
    return np.where(count > 1, total / np.maximum(count, 1), np.nan)[kind]


def _trajectories(frames: Sequence[Atoms]) -> Int[np.ndarray, " frame"]:
    names = [
        str([frame.info.get(key) for key in TRAJECTORY]) if "trajectory" in frame.info else str(n)
        for n, frame in enumerate(frames)
    ]
    return np.unique(names, return_inverse=True)[1]


def deviation(pairs: Pairs, trajectory: Int[np.ndarray, " frame"], unit: str) -> Deviation:
    """RMSE and MAE of pairs of numbers, in thousandths of their unit.

    The mean of x (a squared or absolute difference) is R = Σ_t X_t / Σ_t n_t, with sums over
    trajectories t of n_t numbers each; its variance is that of a ratio,

        var R = T/(T-1) Σ_t (X_t - R n_t)² / (Σ_t n_t)²;    σ(RMSE) = σ(MSE) / 2 RMSE.

    Source: Cochran, Sampling Techniques (1977), chapter 6.
    """
    if not len(pairs.frame):
        return Deviation(unit, 0, nan, nan, nan, nan)
    difference = MILLI * (pairs.potential - pairs.reference)
    _, group = np.unique(trajectory[pairs.frame], return_inverse=True)
    mse, mse_error = _ratio(difference**2, group)
    mae, mae_error = _ratio(np.abs(difference), group)
    rmse = sqrt(mse)
    rmse_error = mse_error / (2 * rmse) if rmse else 0.0
    return Deviation(unit, len(difference), rmse, rmse_error, mae, mae_error)


def _ratio(x: Float[np.ndarray, " n"], group: Int[np.ndarray, " n"]) -> tuple[float, float]:
    """The mean, and its standard error from the spread between groups; NaN for a single group."""
    total, count = np.bincount(group, x), np.bincount(group)
    mean, groups = total.sum() / count.sum(), len(count)
    if groups == 1:
        return float(mean), nan
    spread = groups / (groups - 1) * ((total - mean * count) ** 2).sum()
    return float(mean), float(np.sqrt(spread) / count.sum())


def errors(compared: Compared, frames: Sequence[Atoms]) -> list[Errors]:
    """Errors on all frames, then on those of each facet and temperature, if these differ."""
    labels = np.array([condition(frame) for frame in frames])
    kinds = sorted(set(labels.tolist()))
    parts: Iterable[tuple[str, Bool[np.ndarray, " frame"]]] = [
        ("all", np.ones(len(frames), bool)),
        *((kind or "others", labels == kind) for kind in kinds if len(kinds) > 1),
    ]
    return [_errors(compared, label, chosen) for label, chosen in parts]


def errors_of(frames: Sequence[Atoms], potential: Labels, place: Path) -> Errors:
    """Errors on all of the frames, which carry the reference's labels.

    Args:
        frames: of a file.
        potential: what it makes of them.
        place: the file, for messages.

    Raises:
        UserError: labels are missing or cannot be used.
    """
    compared = compare(frames, potential, labels_of(frames, place), molecule_of(frames))
    return errors(compared, frames)[0]


def _errors(compared: Compared, label: str, chosen: Bool[np.ndarray, " frame"]) -> Errors:
    def on_chosen(pairs: Pairs, unit: str) -> Deviation:
        return deviation(pairs.of(chosen), compared.trajectory, unit)

    return Errors(
        label=label,
        frames=int(chosen.sum()),
        energy=on_chosen(compared.energies, "meV"),
        energy_shifted=on_chosen(compared.shifted, "meV"),
        energy_per_atom=on_chosen(compared.per_atom, "meV/atom"),
        forces=on_chosen(compared.forces, "meV/Å"),
        molecule=on_chosen(compared.molecule, "meV/Å"),
        stress=on_chosen(compared.stress, "meV/Å³"),
        elements={name: on_chosen(each, "meV/Å") for name, each in compared.elements.items()},
    )


def condition(frame: Atoms) -> str:
    """Facet and temperature of a frame, as far as its `info` (keys facet, T_K) gives them."""
    facet, T_K = frame.info.get("facet"), frame.info.get("T_K")
    words = [] if facet is None else [f"({facet})"]
    return ", ".join(words if T_K is None else [*words, f"{float(T_K):g} K"])


def call_ms(potential: Potential, frame: Atoms) -> float:
    """Wall time of a force call on one structure and one thread, the fastest of many, ms."""
    system = system_of(frame, "structure")
    with single_thread():
        return 1000 * time_forces(potential, system, np.array(frame.positions)[None], 1).seconds
