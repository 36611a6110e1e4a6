"""Every n-th frame of chosen trajectories, as files that ASE reads."""

import os
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

from scatter.config import Input
from scatter.dynamics.batch import Finished
from scatter.state import Start, State, System
from scatter.units import fs


class Recorder:
    """Collects start, every n-th frame and end of the first trajectories of each point."""

    def __init__(self, folder: Path, system: System, input: Input):
        """Record into `folder`/frames."""
        self.folder, self.system = folder / "frames", system
        self.first, self.every = input.frames.trajectories, input.frames.every
        self.timestep_fs = input.dynamics.timestep_fs
        self.chosen: dict[int, Path] = {}
        self.frames: dict[int, list[Atoms]] = {}

    def begin(self, start: Start, point: int, number: int) -> None:
        """Record this trajectory, its start first, if it is one of the first of its point."""
        if number < self.first:
            self.chosen[start.trajectory] = self.folder / f"point{point:03d}-{number:06d}.extxyz"
            frame = self._frame(start.positions, start.momenta, start.masses, 0)
            self.frames[start.trajectory] = [frame]

    def see(self, state: State) -> None:
        """Take the frames that are due."""
        if not self.chosen:
            return
        for slot, trajectory in enumerate(state.trajectory.tolist()):
            if trajectory in self.chosen:
                step = round(float(state.time[slot]) / (self.timestep_fs * fs))
                if step % self.every == 0:
                    self.frames[trajectory].append(self._seen(state, slot, step))

    def _seen(self, state: State, slot: int, step: int) -> Atoms:
        positions, momenta = _array(state.positions[slot]), _array(state.momenta[slot])
        frame = self._frame(positions, momenta, _array(state.masses[slot, :, 0]), step)
        energy, forces = float(state.energies[slot]), _array(state.forces[slot])
        frame.calc = SinglePointCalculator(frame, energy=energy, forces=forces)
        return frame

    def _frame(
        self, positions: np.ndarray, momenta: np.ndarray, masses: np.ndarray, step: int
    ) -> Atoms:
        frame = Atoms(
            numbers=self.system.numbers,
            positions=positions,
            cell=self.system.cell,
            pbc=self.system.pbc,
            masses=masses,
            info={"time_fs": step * self.timestep_fs},
        )
        frame.set_momenta(momenta)  # ASE counts them in sqrt(amu eV), as we do
        return frame

    def finish(self, finished: Finished) -> None:
        """Add the end of a recorded trajectory, and write its frames."""
        path = self.chosen.pop(finished.trajectory, None)
        if path is None:
            return
        frames = self.frames.pop(finished.trajectory)
        first = frames[0]
        first.calc = SinglePointCalculator(first, energy=finished.watch["potential"])
        if finished.steps % self.every:
            masses = first.get_masses()
            last = self._frame(finished.positions, finished.momenta, masses, finished.steps)
            last.calc = SinglePointCalculator(last, energy=finished.potential)
            frames.append(last)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        # ASE would leave the writing to rank 0 alone
        write(temporary, frames, format="extxyz", parallel=False)
        temporary.rename(path)


def _array(value: object) -> np.ndarray:
    return np.array(value.cpu() if hasattr(value, "cpu") else value)  # type: ignore[union-attr]
