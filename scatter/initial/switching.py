"""Phase points of a vibrational state of a molecule, by adiabatic switching from harmonic tori.

In the normal coordinates Q of the Eckart frame, without angular momentum,

    H(t) = ½ Σ P² + (1 - s) ½ Σ ω² Q² + s [½ π·μ·π + V(Q)],    s = t/T - sin(2πt/T) / 2π

turns the harmonic molecule into that of the potential. It starts on the torus of the state,

    Q_k = sqrt((2n_k + 1) ħ/ω_k) cos φ_k,    P_k = -sqrt((2n_k + 1) ħω_k) sin φ_k,

with phases φ uniform, and where nothing resonates the actions of the end are those of the start:
the semiclassical state, its phases uniform. What is switched on is all that the harmonic molecule
lacks, the angular momentum π of the vibration included.

Steps are symmetric compositions: half a drift by π·μ·π on both sides of one of the fourth order by
the rest, with four evaluations of the potential; 60 of them fall into the shortest period.

Source: Huang, Valentini & Muckerman, J. Chem. Phys. 102, 5695 (1995); Qu & Bowman, J. Phys. Chem.
A 120, 4988 (2016), on the Eckart frame; Omelyan, Mryglod & Folk, Comput. Phys. Commun. 146, 188
(2002), on the steps (PEFRL).
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from math import ceil, pi, sin

import numpy as np

from scatter.initial.normal_modes import AT_ONCE, NormalModes
from scatter.initial.watson import Modes, Watson
from scatter.potentials.base import Evaluator, Potential
from scatter.state import lone
from scatter.units import hbar

Quanta = tuple[int, ...]
PERIODS = 30  # of the slowest mode, in which the potential is switched on
STEPS = 15  # in the shortest period
XI, LAMBDA, CHI = 0.1786178958448091, -0.2123418310626054, -0.06626458266981849
DRIFTS = (XI, CHI, 1 - 2 * (CHI + XI), CHI, XI)
KICKS = ((1 - 2 * LAMBDA) / 2, LAMBDA, LAMBDA, (1 - 2 * LAMBDA) / 2)
TIMES = tuple(float(time) for time in np.cumsum(DRIFTS)[:-1])  # of the kicks, in steps


def torus(
    modes: NormalModes, quanta: Quanta, seed: int, members: Iterable[int]
) -> tuple[Modes, Modes]:
    """Q and P of members of the harmonic state, each from a random stream of its own.

    A stream depends on the seed, the quanta and the member's number alone.
    """
    key = int.from_bytes(sha256(repr(tuple(quanta)).encode()).digest()[:4], "big")
    streams = [
        np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key, member)))
        for member in members
    ]
    turns = np.array([stream.random(len(modes)) for stream in streams])
    return on_torus(modes, quanta, turns.reshape(len(streams), len(modes)))


def on_torus(modes: NormalModes, quanta: Quanta, turns: Modes) -> tuple[Modes, Modes]:
    """Q and P of the harmonic state at phases φ = 2π turns.

    Bends of a linear molecule move in a plane, at the azimuth 2π times the second turn of the
    pair, with the quanta of both: so their angular momentum about the axis is l = 0.
    """
    actions = hbar * (2 * np.array(quanta) + 1)
    lengths = np.repeat(np.sqrt(actions / modes.omega)[None], len(turns), axis=0)
    phases = 2 * pi * turns
    for x, y in modes.bends:
        both, azimuth = np.sqrt((actions[x] + actions[y]) / modes.omega[x]), 2 * pi * turns[:, y]
        lengths[:, x], lengths[:, y] = both * np.cos(azimuth), both * np.sin(azimuth)
        phases[:, y] = phases[:, x]
    return lengths * np.cos(phases), -lengths * modes.omega * np.sin(phases)


def switched(
    modes: NormalModes,
    potential: Potential,
    Q: Modes,
    P: Modes,
    periods: float = PERIODS,
) -> tuple[Modes, Modes]:
    """Q and P once the potential is switched on; what a member does depends on itself alone.

    Args:
        modes: of the molecule on this potential.
        potential: that is switched on.
        Q: on the harmonic torus.
        P: conjugate to Q.
        periods: of the slowest mode that it takes.
    """
    ends = []
    for first in range(0, len(Q), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        ends.append(_switched(modes, potential.host, Q[some], P[some], periods))
    return np.concatenate([Q for Q, _ in ends]), np.concatenate([P for _, P in ends])


def _switched(
    modes: NormalModes, potential: Potential, Q: Modes, P: Modes, periods: float
) -> tuple[Modes, Modes]:
    watson, whole = Watson(modes), periods * 2 * pi / modes.omega[0]
    steps = ceil(whole / (2 * pi / modes.omega[-1] / STEPS))
    evaluator = potential.bind(lone(*modes.numbers), len(Q))
    evaluator.begin(np.arange(len(Q)), watson.positions(Q))
    dt = whole / steps
    for step in range(steps):
        Q, P = _stepped(watson, evaluator, Q, P, dt, [(step + part) / steps for part in TIMES])
        half = 0.5 if step == steps - 1 else 1.0  # the halves of two steps are one; s = 0 at first
        Q, P = watson.drift(Q, P, half * dt * _progress((step + 1) / steps))
    return Q, P


def _stepped(
    watson: Watson, evaluator: Evaluator, Q: Modes, P: Modes, dt: float, times: Sequence[float]
) -> tuple[Modes, Modes]:
    """A step without π·μ·π; times are those of its kicks, as parts of the whole."""
    squares = watson.modes.omega**2
    Q = Q + DRIFTS[0] * dt * P
    for kick, drift, time in zip(KICKS, DRIFTS[1:], times, strict=True):
        s = _progress(time)
        _, forces = evaluator(watson.positions(Q))
        force = s * watson.forces(np.asarray(forces, dtype=np.float64)) - (1 - s) * squares * Q
        P = P + kick * dt * force
        Q = Q + drift * dt * P
    return Q, P


def _progress(time: float) -> float:
    """s, of the part of the time that has passed; its first two derivatives vanish at both ends."""
    return time - sin(2 * pi * time) / (2 * pi)
