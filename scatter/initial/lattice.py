"""The lattice constant of a cubic crystal on a potential: at rest, and at a temperature.

At a temperature it is where the mean pressure of the bulk crystal is zero. The pressure is
measured by Langevin dynamics at fixed volume for a few lattice constants, and its root taken: in
the thermodynamic limit the mean volume of a barostat, without one more equation of motion to tune.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import TypeVar

import numpy as np
from jaxtyping import Float
from scipy.optimize import brent

from scatter.initial import cache
from scatter.initial.checks import MELTED, inefficiency
from scatter.initial.crystals import NEIGHBOUR, bulk_crystal, measured
from scatter.initial.crystals import REPEAT as REPEATS
from scatter.initial.surface import Thermalise
from scatter.initial.thermalise import langevin
from scatter.kernels import kernel
from scatter.potentials.base import Potential
from scatter.saved import Saved
from scatter.settings import UserError
from scatter.state import System
from scatter.units import K

REPEAT = 3  # cubic cells along each side: 108 atoms
SCALE = 3e-4  # the uniform strain over which the energy is differenced
EXPANSION = 1.7e-5  # per kelvin, of copper; the search begins there and finds its own
REPLICAS, APART_FS = 8, 20.0  # at each lattice constant, and between their samples
SEARCH, SEARCH_SAMPLES = (0.0, 0.01), 25  # relative to the first guess; 0.5 ps each
REFINE, REFINE_SAMPLES = (-0.004, 0.0, 0.004), 200  # relative to what was found; 4 ps each

Pressure = tuple[float, float]  # mean and its standard error, eV/Å³
Progress = Callable[[float], None]
Constants = TypeVar("Constants")  # the lattice constant, or a and c, Å
Strain = TypeVar("Strain")
Measured = TypeVar("Measured")


@dataclass(frozen=True)
class Found(Saved):
    """A lattice constant and its standard error, Å."""

    value: float
    error: float


def crystal(
    element: str, lattice_constant: float, repeat: int = REPEAT, structure: str = "fcc"
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    """The perfect crystal in `repeat`³ cubic cells, all atoms free to move.

    Returns:
        The system, and its atoms' positions in Å.
    """
    return bulk_crystal(element, structure, lattice_constant, 0.0, (repeat, repeat, repeat))


def static_lattice_constant(potential: Potential, element: str, structure: str = "fcc") -> float:
    """The lattice constant of least energy, Å; within about 1e-6 in float64.

    The least of 33 values within 16 % of the measured one is refined by Brent's method.

    Raises:
        UserError: the energy has no minimum there.
    """

    def energy(a: float) -> float:
        system, positions = crystal(element, a, 2, structure)
        return float(potential.bind(system, 1).begin(np.arange(1), positions[None])[0][0])

    tried = measured(element, structure)[0] * np.linspace(0.84, 1.16, 33)
    energies = np.array([energy(a) for a in tried])
    least = int(np.argmin(np.where(np.isfinite(energies), energies, np.inf)))
    if least in (0, len(tried) - 1):
        raise UserError(
            f"[surface] lattice_constant_A = 'auto': {potential.description} holds no "
            f"{structure} crystal of {element} between {tried[0]:.2f} and {tried[-1]:.2f} Å; give "
            f"a number, or check the potential"
        )
    bracket = tuple(tried[least - 1 : least + 2])
    return float(np.asarray(brent(energy, brack=bracket, tol=1e-7)))


def lattice_constant_at(
    potential: Potential,
    element: str,
    temperature_K: float,
    settings: Thermalise,
    seed: int,
    progress: Progress | None = None,
    structure: str = "fcc",
) -> tuple[float, float]:
    """The lattice constant at which the bulk crystal has no pressure, and its standard error, Å.

    Two short runs of 108 atoms (of a fcc crystal) find it roughly, three longer ones around it
    (0.4 % apart) fix a straight line P(a), whose root it is. The same seed gives the same bits;
    kept in the cache.

    Args:
        potential: must take and answer NumPy arrays.
        element: chemical symbol.
        temperature_K: K; at 0 it is the static one.
        settings: for `timestep_fs`, `friction_per_fs` and `equilibrate_fs`.
        seed: the campaign's.
        progress: told the fraction done (0 to 1) from time to time.
        structure: of the crystal, "fcc", "bcc" or "diamond".

    Raises:
        UserError: the potential has no such crystal, or it melts or has no stable volume there.
    """
    if temperature_K == 0:
        return static_lattice_constant(potential, element, structure), 0.0
    spaced = settings.model_copy(update={"decorrelate_fs": APART_FS, "replicas": REPLICAS})
    # left out where it is fcc, so that what was kept before is found
    other = {} if structure == "fcc" else {"structure": structure}
    place = cache.digest(
        **other,
        kind="lattice constant",
        potential=potential.identity,
        element=element,
        temperature_K=float(temperature_K),
        settings=spaced.model_dump_json(exclude={"snapshots"}),
        measured=repr((REPEAT, SCALE, EXPANSION, SEARCH, SEARCH_SAMPLES, REFINE, REFINE_SAMPLES)),
        seed=seed,
        kernel=kernel(),
    )
    if (kept := cache.load(place, Found)) is not None:
        return kept.value, kept.error
    isotherm = Isotherm(potential, element, temperature_K, spaced, seed, structure)
    rough = static_lattice_constant(potential, element, structure) * (1 + EXPANSION * temperature_K)
    value, error = in_two_rounds(
        rough,
        lambda a, strains: [a * (1 + strain) for strain in strains],
        ((SEARCH, SEARCH_SAMPLES), (REFINE, REFINE_SAMPLES)),
        isotherm.pressure,
        zero_pressure,
        progress,
    )
    cache.save(place, Found(value, error))
    return value, error


def in_two_rounds(
    rough: Constants,
    strained: Callable[[Constants, Sequence[Strain]], list[Constants]],
    rounds: tuple[tuple[Sequence[Strain], int], tuple[Sequence[Strain], int]],
    measured: Callable[[Constants, int, int], Measured],
    root: Callable[[list[Constants], list[Measured]], tuple[Constants, Constants]],
    progress: Progress | None,
) -> tuple[Constants, Constants]:
    """Where a measurement is zero, and the standard error: first roughly, then close around that.

    Args:
        rough: a guess.
        strained: constants near given ones, by strains.
        rounds: strains, and samples of each measurement, of both rounds.
        measured: constants, samples, and a number that tells measurements apart -> what they give.
        root: constants and what they gave -> where it is zero, with its standard error.
        progress: told the fraction done (0 to 1) from time to time.
    """
    (search, few), (refine, many) = rounds
    tell = progress or (lambda fraction: None)
    tried = strained(rough, search)
    rough, _ = root(tried, [measured(each, few, n) for n, each in enumerate(tried)])
    tell(1 / (1 + len(refine)))
    tried, values = strained(rough, refine), []
    for n, each in enumerate(tried):
        values.append(measured(each, many, len(search) + n))
        tell((2 + n) / (1 + len(refine)))
    return root(tried, values)


@dataclass(frozen=True)
class Isotherm:
    """The pressure of a cubic crystal at one temperature, as a function of the lattice constant.

    Attributes:
        potential: must take and answer NumPy arrays.
        element: chemical symbol.
        temperature_K: K.
        settings: of the Langevin dynamics; `replicas` run at once, a sample each `decorrelate_fs`.
        seed: the campaign's.
        structure: of the crystal.
    """

    potential: Potential
    element: str
    temperature_K: float
    settings: Thermalise
    seed: int
    structure: str = "fcc"

    def pressure(self, lattice_constant: float, samples: int, number: int) -> Pressure:
        """Mean pressure and its standard error, eV/Å³.

            P = N k_B T / V - <dU/dV>,

        dU/dV by central difference of U over a uniform strain of cell and atoms, which any
        potential can give; relative error 1e-6 of the bulk modulus.

        Args:
            lattice_constant: Å.
            samples: of each replica.
            number: tells the random streams of this measurement from those of others.

        Raises:
            UserError: the crystal melts.
        """
        repeat = REPEATS[self.structure]
        system, sites = bulk_crystal(self.element, self.structure, lattice_constant, 0.0, repeat)
        states = langevin(
            system, sites, self.potential, self.temperature_K, self.settings, self._streams(number)
        )
        slots = np.arange(self.settings.replicas)
        scaled = [
            (scale, self.potential.bind(replace(system, cell=system.cell * scale), len(slots)))
            for scale in (1 + SCALE, 1 - SCALE)
        ]
        neighbour = lattice_constant * NEIGHBOUR[self.structure]
        volume, slopes = abs(float(np.linalg.det(system.cell))), []
        for state in islice(states, samples):
            refuse_melt(state.positions - sites, neighbour, lattice_constant, self.temperature_K)
            wide, narrow = (at.begin(slots, state.positions * scale)[0] for scale, at in scaled)
            slopes.append((wide - narrow) / (volume * ((1 + SCALE) ** 3 - (1 - SCALE) ** 3)))
        values = len(system) * self.temperature_K * K / volume - np.array(slopes)
        g = inefficiency(values.ravel(), np.tile(np.arange(values.shape[1]), samples))
        return float(values.mean()), float(np.sqrt(values.var() * g / values.size))

    def _streams(self, number: int) -> list[np.random.Generator]:
        own = "" if self.structure == "fcc" else f"{self.structure} "
        conditions = f"lattice constant {own}{self.element} {self.temperature_K!r}"
        return streams_of(conditions, self.seed, number, self.settings.replicas)


def streams_of(conditions: str, seed: int, number: int, replicas: int) -> list[np.random.Generator]:
    """Random numbers of each replica of a measurement.

    They are told apart from all other streams of a campaign by a hash of their conditions.
    """
    key = int.from_bytes(sha256(conditions.encode()).digest()[:8], "big")
    return [
        np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key, number, replica)))
        for replica in range(replicas)
    ]


def refuse_melt(
    moved: Float[np.ndarray, "slot atom 3"], neighbour: float, a: float, temperature_K: float
) -> None:
    """Raise UserError if the atoms of a bulk crystal stray too far from their sites.

    Args:
        moved: from the sites, Å.
        neighbour: distance of nearest neighbours, Å.
        a: lattice constant, Å.
        temperature_K: K.
    """
    moved = moved - moved.mean(axis=1, keepdims=True)
    reach = float(np.sqrt((moved**2).sum(axis=-1).mean()) / neighbour)
    if not reach <= MELTED:
        raise UserError(
            f"[surface] lattice_constant_A = 'auto': at {temperature_K:g} K and a = {a:.3f} Å the "
            f"atoms stray {reach:.2f} nearest-neighbour distances from their sites, more than "
            f"{MELTED}, so the crystal melts; lower temperature_K, or check the potential"
        )


def zero_pressure(tried: Sequence[float], pressures: Sequence[Pressure]) -> tuple[float, float]:
    """Root of the straight line through pressures at lattice constants, and its standard error.

    Weighted least squares; the error is that of the line at its root, divided by its slope.

    Args:
        tried: lattice constants, Å.
        pressures: mean and standard error at each, eV/Å³.

    Raises:
        UserError: the pressure does not fall as the crystal expands, or has no root nearby.
    """
    a, (p, errors) = np.array(tried), np.array(pressures).T
    w = errors**-2 / (errors**-2).sum()
    middle, level = (w * a).sum(), (w * p).sum()
    spread = (w * (a - middle) ** 2).sum()
    slope = (w * (a - middle) * p).sum() / spread
    root = middle - level / slope
    if not (slope < 0 and abs(root - a.mean()) < 4 * np.ptp(a)):
        shown = ", ".join(f"{x:.3g} at {y:.4f} Å" for x, y in zip(p, a, strict=True))
        raise UserError(
            f"[surface] lattice_constant_A = 'auto': the pressures ({shown}; eV/Å³) fall to no "
            "zero nearby as the crystal expands; give a number, or check the potential"
        )
    error = np.sqrt((1 + (root - middle) ** 2 / spread) / (errors**-2).sum()) / abs(slope)
    return float(root), float(error)
