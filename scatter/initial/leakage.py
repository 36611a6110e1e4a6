"""Whether the zero-point energy of a molecule stays in its modes while it flies freely."""

import numpy as np
from jaxtyping import Float

from scatter.dynamics.integrators import velocity_verlet
from scatter.initial.internal import STEPS, Vectors, internal_energies
from scatter.initial.normal_modes import NormalModes
from scatter.potentials.base import Potential
from scatter.state import State, lone
from scatter.units import fs

WINDOW_FS = 100.0  # over which mode energies are averaged, at the start and at the end


def mode_drift(
    modes: NormalModes,
    potential: Potential,
    positions: Vectors,
    momenta: Vectors,
    time_fs: float,
    window_fs: float = WINDOW_FS,
) -> Float[np.ndarray, " mode"]:
    """RMS change of each mode's energy in free flight, in units of its zero-point energy ħω/2.

        √⟨(Ē_k(t) - Ē_k(0))²⟩ / (ħω_k/2),

    over the molecules, where Ē_k is the energy of mode k in the Eckart frame, harmonic and
    approximate, averaged over a window. Of a harmonic molecule it is 0.

    Args:
        modes: of the molecule.
        potential: that it moves on.
        positions: of molecules at the start, Å.
        momenta: of them, amu Å / time unit.
        time_fs: how long they fly.
        window_fs: of the averages.
    """
    first = internal_energies(modes, potential, positions, momenta, window_fs).modes
    slots, host = len(positions), potential.host
    evaluator = host.bind(lone(*modes.numbers), slots)
    energies, forces = evaluator.begin(np.arange(slots), positions)
    masses = np.repeat(modes.masses[None, :, None], slots, axis=0)
    state = State(
        *(positions.copy(), momenta.copy(), forces, energies, masses),
        *(np.zeros(slots), np.arange(slots)),
    )
    steps = max(1, round(time_fs * fs / (2 * np.pi / modes.omega[-1]) * STEPS))
    for _ in range(steps):
        velocity_verlet(state, evaluator, time_fs * fs / steps)
    last = internal_energies(modes, potential, state.positions, state.momenta, window_fs).modes
    return np.sqrt(((last - first) ** 2).mean(axis=0)) / (0.5 * modes.quanta_eV)
