"""How far a potential is from the labels of structures: energies, forces, and what a call costs.

The columns are those of tables of the H2/Cu literature: RMSE of the energy of the whole cell (meV),
of every component of every atom's force, and of the forces on the molecule (meV/Å).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numba
import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols
from jaxtyping import Bool, Float, Int

from scatter.campaign.bench import time_forces
from scatter.potentials.base import Potential
from scatter.potentials.calculator import system_of
from scatter.settings import UserError
from scatter.validation.labels import Labels

MILLI = 1000  # meV in an eV
TRAJECTORY = ("facet", "T_K", "v", "J", "energy_eV", "trajectory")  # name one, in a frame's info


@dataclass(frozen=True)
class Deviation:
    """RMSE and MAE of a quantity, with their standard errors.

    Frames of one trajectory are no independent witnesses: the standard errors are those of a mean
    over trajectories, where frames say which they are of, and over frames where they do not.

    Attributes:
        unit: of all numbers below.
        n: numbers compared.
        rmse: root mean square of potential - reference; NaN where nothing is compared.
        rmse_error: its standard error.
        mae: mean absolute value of the same.
        mae_error: its standard error.
    """

    unit: str
    n: int
    rmse: float
    rmse_error: float
    mae: float
    mae_error: float


@dataclass(frozen=True)
class Errors:
    """Errors of a potential on some of the structures.

    Attributes:
        label: which: "all", or facet and temperature.
        frames: how many.
        energy: of the whole cell.
        energy_shifted: the same after the mean difference of each composition is taken off, which
            differs from `energy` where the two count energies from different zeros.
        energy_per_atom: energy over the atoms of the cell.
        forces: components on every atom whose force both have.
        molecule: components on the molecule's atoms.
    """

    label: str
    frames: int
    energy: Deviation
    energy_shifted: Deviation
    energy_per_atom: Deviation
    forces: Deviation
    molecule: Deviation

    @property
    def learned(self) -> tuple[tuple[float, float], ...]:
        """What a learning curve shows: RMSE and its standard error of energy, forces, molecule."""
        shown = (self.energy, self.forces, self.molecule)
        return tuple((one.rmse, one.rmse_error) for one in shown)


@dataclass(frozen=True)
class Pairs:
    """The same numbers by the reference and by the potential, in eV or eV/Å; one to one.

    Attributes:
        reference: by the reference.
        potential: by the potential.
        frame: the frame of each.
    """

    reference: Float[np.ndarray, " n"]
    potential: Float[np.ndarray, " n"]
    frame: Int[np.ndarray, " n"]

    def of(self, chosen: Bool[np.ndarray, " frame"]) -> "Pairs":
        """Those of some of the frames."""
        mine = chosen[self.frame]
        return Pairs(self.reference[mine], self.potential[mine], self.frame[mine])


@dataclass(frozen=True)
class Compared:
    """All that is compared; NaN is left out.

    Attributes:
        energies: of whole cells, eV.
        shifted: the same, without the mean difference of each composition, and from zero on.
        per_atom: energies over atoms, eV.
        forces: eV/Å.
        molecule: those on the molecule's atoms, eV/Å.
        trajectory: a number for each frame that is common to those of one trajectory.
    """

    energies: Pairs
    shifted: Pairs
    per_atom: Pairs
    forces: Pairs
    molecule: Pairs
    trajectory: Int[np.ndarray, " frame"]


def molecule_of(frames: Sequence[Atoms], wanted: Sequence[str] = ()) -> frozenset[int]:
    """Atomic numbers of the molecule: as wanted, or all but the commonest element.

    Raises:
        UserError: what is wanted is no element, or in none of the frames.
    """
    counts = Counter(int(z) for frame in frames for z in frame.numbers)
    for symbol in wanted:
        if atomic_numbers.get(symbol, 0) not in counts:
            known = ", ".join(chemical_symbols[z] for z in sorted(counts))
            raise UserError(
                f"--molecule {symbol}: no structure holds such an atom; they hold {known}"
            )
    if wanted:
        return frozenset(atomic_numbers[symbol] for symbol in wanted)
    return frozenset(counts) - {counts.most_common(1)[0][0]}


def compare(
    frames: Sequence[Atoms], potential: Labels, reference: Labels, molecule: frozenset[int]
) -> Compared:
    """Set every number of one beside that of the other."""
    atoms = np.array([len(frame) for frame in frames])
    each = np.arange(len(frames))
    energies = _pairs(reference.energies, potential.energies, each)
    off = _mean_differences(frames, energies)
    shifted = Pairs(energies.reference, energies.potential - off[energies.frame], energies.frame)
    zero = shifted.reference.min(initial=np.inf)
    force = _pairs(_flat(reference), _flat(potential), np.repeat(each, 3 * atoms))
    on = np.repeat(np.concatenate([np.isin(f.numbers, list(molecule)) for f in frames]), 3)
    on_molecule = _pairs(_flat(reference)[on], _flat(potential)[on], np.repeat(each, 3 * atoms)[on])
    return Compared(
        energies=energies,
        shifted=Pairs(shifted.reference - zero, shifted.potential - zero, shifted.frame),
        per_atom=_pairs(reference.energies / atoms, potential.energies / atoms, each),
        forces=force,
        molecule=on_molecule,
        trajectory=_trajectories(frames),
    )


def _flat(labels: Labels) -> Float[np.ndarray, " component"]:
    return np.concatenate([force.ravel() for force in labels.forces])


def _pairs(
    reference: Float[np.ndarray, " n"],
    potential: Float[np.ndarray, " n"],
    frame: Int[np.ndarray, " n"],
) -> Pairs:
    both = np.isfinite(reference) & np.isfinite(potential)
    return Pairs(reference[both], potential[both], frame[both])


def _mean_differences(frames: Sequence[Atoms], energies: Pairs) -> Float[np.ndarray, " frame"]:
    """Mean of potential - reference over all frames of each frame's composition, eV."""
    formulas = [frame.get_chemical_formula() for frame in frames]
    _, kind = np.unique(formulas, return_inverse=True)
    mine = kind[energies.frame]
    total = np.bincount(mine, energies.potential - energies.reference, kind.max() + 1)
    return (total / np.maximum(np.bincount(mine, minlength=kind.max() + 1), 1))[kind]


def _trajectories(frames: Sequence[Atoms]) -> Int[np.ndarray, " frame"]:
    names = [
        str([frame.info.get(key) for key in TRAJECTORY]) if "trajectory" in frame.info else str(n)
        for n, frame in enumerate(frames)
    ]
    return np.unique(names, return_inverse=True)[1]


def deviation(pairs: Pairs, trajectory: Int[np.ndarray, " frame"], unit: str) -> Deviation:
    """RMSE and MAE of pairs of numbers, in thousandths of their unit.

    The mean of x (a square, an absolute value) over all numbers is R = Σ_t X_t / Σ_t n_t, sums
    over trajectories t of n_t numbers each, and its variance is that of a ratio,

        var R = T/(T-1) Σ_t (X_t - R n_t)² / (Σ_t n_t)²;    σ(RMSE) = σ(MSE) / 2 RMSE.

    Source: Cochran, Sampling Techniques (1977), chapter 6.
    """
    if not len(pairs.frame):
        return Deviation(unit, 0, nan, nan, nan, nan)
    apart = MILLI * (pairs.potential - pairs.reference)
    _, group = np.unique(trajectory[pairs.frame], return_inverse=True)
    mse, mse_error = _ratio(apart**2, group)
    mae, mae_error = _ratio(np.abs(apart), group)
    rmse = sqrt(mse)
    return Deviation(
        unit, len(apart), rmse, mse_error / (2 * rmse) if rmse else 0.0, mae, mae_error
    )


def _ratio(x: Float[np.ndarray, " n"], group: Int[np.ndarray, " n"]) -> tuple[float, float]:
    """Mean, and its standard error from the spread of groups; NaN for a single group."""
    total, count = np.bincount(group, x), np.bincount(group)
    mean, groups = total.sum() / count.sum(), len(count)
    if groups == 1:
        return float(mean), nan
    spread = groups / (groups - 1) * ((total - mean * count) ** 2).sum()
    return float(mean), float(np.sqrt(spread) / count.sum())


def errors(compared: Compared, frames: Sequence[Atoms]) -> list[Errors]:
    """Errors on all frames; then on those of each facet and temperature, if these differ."""
    labels = np.array([condition(frame) for frame in frames])
    kinds = sorted(set(labels.tolist()))
    parts: Iterable[tuple[str, Bool[np.ndarray, " frame"]]] = [
        ("all", np.ones(len(frames), bool)),
        *((kind or "others", labels == kind) for kind in kinds if len(kinds) > 1),
    ]
    return [_errors(compared, label, chosen) for label, chosen in parts]


def _errors(compared: Compared, label: str, chosen: Bool[np.ndarray, " frame"]) -> Errors:
    def found(pairs: Pairs, unit: str) -> Deviation:
        return deviation(pairs.of(chosen), compared.trajectory, unit)

    return Errors(
        label=label,
        frames=int(chosen.sum()),
        energy=found(compared.energies, "meV"),
        energy_shifted=found(compared.shifted, "meV"),
        energy_per_atom=found(compared.per_atom, "meV/atom"),
        forces=found(compared.forces, "meV/Å"),
        molecule=found(compared.molecule, "meV/Å"),
    )


def condition(frame: Atoms) -> str:
    """Facet and temperature of a frame, as far as its `info` (keys facet, T_K) tells them."""
    facet, T_K = frame.info.get("facet"), frame.info.get("T_K")
    told = [f"({facet})"] if facet is not None else []
    return ", ".join(told + ([f"{float(T_K):g} K"] if T_K is not None else []))


def call_ms(potential: Potential, frame: Atoms) -> float:
    """Wall time of one force call of one structure on one thread, the fastest of many, in ms."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        system = system_of(frame, "structure")
        return 1000 * time_forces(potential, system, np.array(frame.positions)[None], 1).seconds
    finally:
        numba.set_num_threads(before)
