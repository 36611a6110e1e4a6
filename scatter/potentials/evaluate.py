"""Energies and forces of the structures in a file, by any potential."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.stress import full_3x3_to_voigt_6_stress
from jaxtyping import Float

from scatter import __version__, cores
from scatter.files import write_whole
from scatter.labels import results_of
from scatter.labels.stress import has_stress
from scatter.outputs import EXTXYZ, refuse_ending, refuse_overwriting
from scatter.potentials.base import Potential, refuse_unknown_elements
from scatter.potentials.calculator import system_of
from scatter.potentials.kept import Kept
from scatter.potentials.sharing import use_threads
from scatter.settings import UserError
from scatter.state import System
from scatter.structures import extxyz, read_frames

AT_ONCE = 32  # frames in one batch


@dataclass(frozen=True)
class Evaluated:
    """What `evaluate` did.

    Attributes:
        frames: structures evaluated.
        atoms: atoms in all of them.
        output: the file written.
        stress: whether it holds stresses.
    """

    frames: int
    atoms: int
    output: Path
    stress: bool = False

    def __str__(self) -> str:
        of = "energy, forces and stress" if self.stress else "energy and forces"
        return f"{self.output}: {of} of {self.frames} frames, {self.atoms} atoms"


def evaluate(
    potential: Potential,
    structures: Path,
    output: Path,
    overwrite: bool = False,
    stress: bool = False,
    tell: Callable[[float], None] = lambda fraction: None,
) -> Evaluated:
    """Write every frame of `structures` to `output` with the potential's `energy` and `forces`.

    Energies in eV, forces in eV/Å and on all atoms, also those a constraint of the file holds.
    Each frame's `info` says which potential and which version of scatter they come from. The file
    appears under its name only when it is whole; an evaluation that was stopped has left what was
    answered as `<stem>.partial.extxyz`, and goes on from there.

    Args:
        potential: what to evaluate with.
        structures: extended XYZ, any mixture of compositions and cells.
        output: extended XYZ, written.
        overwrite: replace `output` if it is there.
        stress: write σ = (1/V) ∂E/∂ε too, eV/Å³, as ASE has it: positive under tension.
        tell: called now and then with the share that is done.

    Raises:
        UserError: `structures` cannot be read or holds no frames, a frame has an element that the
            potential does not know, no volume where it is periodic, or no finite energy; `output`
            cannot be written or is there already; the potential gives no stress that is wanted,
            or a cell has none.
    """
    _refuse_output(structures, output, overwrite)
    use_threads(cores.automatic())
    frames = read_frames(structures)
    info = {
        "scatter_version": __version__,
        "potential": potential.description,
        "potential_sha256": potential.identity,
    }
    kept = Kept(output, info, ["energy", "forces", *(["stress"] if stress else [])])
    done = kept.put_back(frames)
    missing = sorted({*range(len(frames))} - {*done})
    try:
        for n, energy, forces in answered(potential, frames, structures, missing):
            frame = frames[n]
            whole = stress_on(potential, frame, f"{structures}, frame {n}") if stress else None
            frame.calc = SinglePointCalculator(frame, energy=energy, forces=forces)
            if whole is not None:
                results_of(frame)["stress"] = full_3x3_to_voigt_6_stress(whole)
            frame.info |= info
            done.append(n)
            tell(len(done) / len(frames))
            if kept.due:
                kept.save([frames[n] for n in done])
    except BaseException:  # also of a user who stops it
        if done:
            kept.save([frames[n] for n in done])
        raise
    _write(frames, output)
    kept.remove()
    return Evaluated(len(frames), sum(len(frame) for frame in frames), output, stress)


def stress_on(potential: Potential, frame: Atoms, where: str) -> Float[np.ndarray, "3 3"]:
    """The stress of a frame on a potential, eV/Å³.

    Raises:
        UserError: the potential gives none, or the frame's cell has none.
    """
    if not has_stress(frame):
        raise UserError(
            f"{where}: has no stress, because its cell does not repeat in two directions, or has "
            "no volume; leave out that frame, or the stress"
        )
    virial = potential.virial(system_of(frame, where), np.array(frame.positions))
    if virial is None:
        raise UserError(f"{where}: {potential.description} gives no stress; leave it out")
    return virial / frame.get_volume()


def _refuse_output(structures: Path, output: Path, overwrite: bool) -> None:
    refuse_ending("--output", output, *EXTXYZ)
    refuse_overwriting("--output", output, structures)
    if output.exists() and not overwrite:
        raise UserError(f"--output {output}: already exists; remove it or name another file")
    if not output.parent.is_dir():
        raise UserError(f"--output {output}: there is no directory {output.parent}")


def answers(
    potential: Potential, frames: Sequence[Atoms], path: Path
) -> tuple[Float[np.ndarray, " frame"], list[np.ndarray]]:
    """Energies (eV) and forces (eV/Å, shape (atom, 3)) of frames; on all atoms, held ones too.

    Args:
        potential: to be asked.
        frames: of any compositions and cells.
        path: the file that they were read from, named in errors.

    Raises:
        UserError: the potential does not know an element of a frame, or gives no finite energy; a
            frame has no volume where it is periodic.
    """
    energies = np.zeros(len(frames))
    forces = [np.zeros((len(frame), 3)) for frame in frames]
    for n, energy, force in answered(potential, frames, path, range(len(frames))):
        energies[n], forces[n] = energy, force
    return energies, forces


def answered(
    potential: Potential, frames: Sequence[Atoms], path: Path, asked: Iterable[int]
) -> Iterator[tuple[int, float, Float[np.ndarray, "atom 3"]]]:
    """Number, energy and forces of those frames that are asked for, as they come.

    Raises:
        UserError: as of `answers`; what can be known before is said before the first answer.
    """
    systems = {n: system_of(frames[n], f"{path}, frame {n}") for n in asked}
    for n, system in systems.items():
        try:
            refuse_unknown_elements(potential, system)
        except UserError as error:
            raise UserError(f"{path}, frame {n}: {error}") from error
    for indices in _groups(systems):
        positions = np.array([frames[n].positions for n in indices])
        parts = _parts(potential, systems[indices[0]], positions)
        pairs = chain.from_iterable(zip(*part, strict=True) for part in parts)
        for n, (energy, force) in zip(indices, pairs, strict=True):
            if not (np.isfinite(energy) and np.isfinite(force).all()):
                raise UserError(
                    f"{path}, frame {n}: {potential.description} gives no finite energy"
                )
            yield n, float(energy), np.asarray(force)


def _groups(systems: dict[int, System]) -> Iterable[list[int]]:
    """Indices of equal systems: the same atoms, in the same order, in the same cell."""
    equal = defaultdict(list)
    for n, system in systems.items():
        equal[system.numbers.tobytes(), system.cell.tobytes(), system.pbc].append(n)
    return equal.values()


def energies_and_forces(
    potential: Potential, system: System, positions: Float[np.ndarray, "frame atom 3"]
) -> tuple[Float[np.ndarray, " frame"], Float[np.ndarray, "frame atom 3"]]:
    """Energies (eV) and forces (eV/Å) of any number of frames of one system, positions in Å."""
    energies, forces = zip(*_parts(potential, system, positions), strict=True)
    return np.concatenate(energies), np.concatenate(forces)


def _parts(
    potential: Potential, system: System, positions: Float[np.ndarray, "frame atom 3"]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    evaluator = potential.bind(system, min(AT_ONCE, len(positions)))
    for some in np.split(positions, range(AT_ONCE, len(positions), AT_ONCE)):
        energies, forces = evaluator.begin(np.arange(len(some)), some)
        yield np.array(energies), np.array(forces)


def _write(frames: list[Atoms], output: Path) -> None:
    try:
        write_whole(output, extxyz(frames))
    except OSError as error:
        raise UserError(f"--output {output}: cannot be written ({error.strerror})") from error
