"""Every n-th frame of chosen trajectories, labelled, as files that ASE reads."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from jaxtyping import Float

from scatter import store
from scatter.config import Frames, Input, Point
from scatter.dynamics.conditions import Finished
from scatter.files import write_whole
from scatter.potentials.base import Potential
from scatter.potentials.evaluate import energies_and_forces
from scatter.settings import UserError
from scatter.state import Array, Key, Start, State, System, trajectory_name
from scatter.structures import extxyz
from scatter.units import fs

FRAMES = "frames"
PROJECTILE = "projectile_atoms"  # key of how many of a frame's last atoms are the projectile's
Moment = tuple[int, np.ndarray, np.ndarray]  # step, positions, momenta


class Recorder:
    """Collects start, every n-th frame and end of the first trajectories of each point.

    Each frame is labelled with the energy and the forces of all its atoms, also of those that the
    dynamics holds still and takes to feel no force; its `info` says where it comes from.
    """

    def __init__(
        self, folder: Path, system: System, points: list[Point], input: Input, potential: Potential
    ):
        """Record into `folder`/frames."""
        self.folder, self.points, self.potential = folder / FRAMES, points, potential
        self.system = replace(system, moving=np.ones(len(system), bool))
        slab, own = np.split(system.numbers, [len(system) - system.projectile])
        # readers take the last two atoms for a molecule's if the slab is of other elements
        self.taken_for_granted = len(own) == 2 and not {*own.tolist()} & {*slab.tolist()}
        self.first, self.every = input.frames.trajectories, input.frames.every
        self.timestep_fs = input.dynamics.step_fs
        self.chosen: dict[int, tuple[Key, np.ndarray]] = {}
        self.moments: dict[int, list[Moment]] = {}

    def begin(self, start: Start) -> None:
        """Record this trajectory, its start first, if it is one of the first of its point."""
        if start.key.number < self.first:
            self.chosen[start.trajectory] = start.key, start.masses
            self.moments[start.trajectory] = [(0, start.positions, start.momenta)]

    def see(self, state: State) -> None:
        """Take the frames that are due."""
        for slot, trajectory, step in self._now(state):
            # an ended trajectory is held still, and may be seen again
            if step % self.every == 0 and step > self.moments[trajectory][-1][0]:
                moment = step, _array(state.positions[slot]), _array(state.momenta[slot])
                self.moments[trajectory].append(moment)

    def forget(self, state: State) -> None:
        """Forget the frames of steps beyond this state, which are made again from it."""
        for _, trajectory, step in self._now(state):
            kept = [moment for moment in self.moments[trajectory] if moment[0] <= step]
            self.moments[trajectory] = kept

    def _now(self, state: State) -> Iterator[tuple[int, int, int]]:
        """Slot, trajectory and step of each that is recorded."""
        if not self.chosen:
            return
        for slot, trajectory in enumerate(state.trajectory.tolist()):
            if trajectory in self.chosen:
                yield slot, trajectory, round(float(state.time[slot]) / (self.timestep_fs * fs))

    def finish(self, finished: Finished) -> None:
        """Add the end of a recorded trajectory, and write its frames."""
        if finished.trajectory not in self.chosen:
            return
        key, masses = self.chosen.pop(finished.trajectory)
        moments = self.moments.pop(finished.trajectory)
        if finished.steps > moments[-1][0]:
            moments.append((finished.steps, finished.positions, finished.momenta))
        frames = self.labelled(moments, key, masses)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / f"{trajectory_name(key)}.extxyz", extxyz(frames))

    def labelled(self, moments: list[Moment], key: Key, masses: np.ndarray) -> list[Atoms]:
        """Frames of a trajectory at those moments at which the potential is finite."""
        frames = self._labelled(moments)
        name = trajectory_name(key)
        for frame in frames:
            own = slice(len(self.system) - self.system.projectile, None)
            centre = frame.positions[own, 2] @ masses[own] / masses[own].sum()
            frame.set_array("masses", masses, float, ())
            frame.info |= {"trajectory": name, **_conditions(self.points[key.point])}
            frame.info["Z_A"] = float(centre - self.system.top_plane(frame.positions))
            if not self.taken_for_granted:
                frame.info[PROJECTILE] = self.system.projectile
        return frames

    def _labelled(self, moments: list[Moment]) -> list[Atoms]:
        positions = np.array([position for _, position, _ in moments])
        labels = energies_and_forces(self.potential, self.system, positions)
        frames = []
        for (step, position, momenta), energy, forces in zip(moments, *labels, strict=True):
            if not (np.isfinite(energy) and np.isfinite(forces).all()):
                continue
            frame = labelled(self.system, position, float(energy), forces)
            frame.set_momenta(momenta)  # ASE counts them in sqrt(amu eV), as we do
            frame.info["time_fs"] = step * self.timestep_fs
            frames.append(frame)
        return frames


def labelled(
    system: System,
    positions: Float[np.ndarray, "atom 3"],
    energy: float,
    forces: Float[np.ndarray, "atom 3"],
) -> Atoms:
    """A structure with its energy (eV) and forces (eV/Å), as ASE writes them to extended XYZ."""
    frame = Atoms(numbers=system.numbers, positions=positions, cell=system.cell, pbc=system.pbc)
    frame.calc = SinglePointCalculator(frame, energy=energy, forces=forces)
    return frame


def every_frame(input: Input, every_fs: float) -> Input:
    """The same campaign with all its trajectories recorded, a frame every so many femtoseconds.

    Raises:
        UserError: that is not a whole number of time steps, the time step is not known, or points
            are split.
    """
    if input.sampling.splits:
        raise UserError(
            f"--every-fs {every_fs:g}: frames are of crude trajectories, and [sampling] method is "
            f'"{input.sampling.method}"; write method = "crude"'
        )
    frames = Frames(trajectories=input.sampling.most, every=steps_between(input, every_fs))
    return input.model_copy(update={"frames": frames})


def steps_between(input: Input, every_fs: float) -> int:
    """Time steps from one frame to the next.

    Raises:
        UserError: that is not a whole number of them, or the time step is not known.
    """
    if input.dynamics.timestep_fs == "auto":
        raise UserError(
            f"--every-fs {every_fs:g}: frames are so many time steps apart, and [dynamics] "
            'timestep_fs = "auto" is not known yet; write a number there'
        )
    step = input.dynamics.step_fs
    every = round(every_fs / step)
    if every < 1 or abs(every * step - every_fs) > 1e-9 * every_fs:
        raise UserError(
            f"--every-fs {every_fs:g}: is not a multiple of [dynamics] timestep_fs = {step:g}; "
            f"{max(1, every) * step:g} is"
        )
    return every


def refuse_unrecorded(folder: Path) -> None:
    """Raise UserError if a trajectory has finished in this folder and left no frames."""
    rows = store.endings(store.block_files(folder), store.row_of(folder))
    names = [name for name in Key._fields if name in (rows.dtype.names or ())]
    for values in rows[names].tolist():
        path = folder / FRAMES / f"{trajectory_name(Key(*values))}.extxyz"
        if not path.exists():
            raise UserError(
                f"{folder}: trajectories have finished there without being recorded ({path} is "
                "missing), and would not be run again; choose another [run] output"
            )


def _conditions(point: Point) -> dict[str, str | float]:
    names = ("facet", "T_K", "v", "J", "state", "energy_eV")
    values = {name: getattr(point, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _array(value: Array) -> np.ndarray:
    return np.array(value if isinstance(value, np.ndarray) else value.cpu())
