"""The lattice constant of a fcc metal on a potential: at rest, and at a temperature.

At a temperature it is where the mean pressure of the bulk crystal is zero. The pressure is
measured by Langevin dynamics at fixed volume for a few lattice constants, and its root taken: in
the thermodynamic limit the mean volume of a barostat, without one more equation of motion to tune.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice

import numpy as np
from ase.build import bulk
from ase.data import atomic_numbers, reference_states
from jaxtyping import Float
from scipy.optimize import brent

from scatter.initial import cache
from scatter.initial.checks import MELTED, inefficiency
from scatter.initial.surface import Thermalise
from scatter.initial.thermalise import langevin
from scatter.kernels import kernel
from scatter.potentials.base import Potential
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


def crystal(
    element: str, lattice_constant: float, repeat: int = REPEAT
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    """The perfect fcc crystal in `repeat`³ cubic cells, all atoms free to move.

    Returns:
        The system, and its atoms' positions in Å.
    """
    atoms = bulk(element, "fcc", a=lattice_constant, cubic=True).repeat(repeat)
    free = np.ones(len(atoms), bool)
    system = System(atoms.numbers, atoms.cell.array.copy(), (True, True, True), free)
    return system, atoms.positions.copy()


def static_lattice_constant(potential: Potential, element: str) -> float:
    """The lattice constant of least energy, Å; within about 1e-6 in float64.

    The least of 33 values within 16 % of the measured one is refined by Brent's method.

    Raises:
        UserError: the energy has no minimum there.
    """

    def energy(a: float) -> float:
        system, positions = crystal(element, a, 2)
        return float(potential.bind(system, 1).begin(np.arange(1), positions[None])[0][0])

    tried = measured(element) * np.linspace(0.84, 1.16, 33)
    energies = np.array([energy(a) for a in tried])
    least = int(np.argmin(np.where(np.isfinite(energies), energies, np.inf)))
    if least in (0, len(tried) - 1):
        raise UserError(
            f"[surface] lattice_constant_A = 'auto': {potential.description} holds no fcc crystal "
            f"of {element} between {tried[0]:.2f} and {tried[-1]:.2f} Å; give a number, or look "
            "at the potential"
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
) -> tuple[float, float]:
    """The lattice constant at which the bulk crystal has no pressure, and its standard error, Å.

    Two short runs of 108 atoms find it roughly, three longer ones around it (0.4 % apart) fix a
    straight line P(a), whose root it is. The same seed gives the same bits; kept in the cache.

    Args:
        potential: must take and answer NumPy arrays.
        element: chemical symbol of the fcc metal.
        temperature_K: K.
        settings: for `timestep_fs`, `friction_per_fs` and `equilibrate_fs`.
        seed: the campaign's.
        progress: told the fraction done (0 to 1) from time to time.

    Raises:
        UserError: the potential has no fcc crystal, or it melts or has no stable volume there.
    """
    spaced = settings.model_copy(update={"decorrelate_fs": APART_FS, "replicas": REPLICAS})
    place = cache.digest(
        kind="lattice constant",
        potential=potential.identity,
        element=element,
        temperature_K=float(temperature_K),
        settings=spaced.model_dump_json(exclude={"snapshots"}),
        measured=repr((REPEAT, SCALE, EXPANSION, SEARCH, SEARCH_SAMPLES, REFINE, REFINE_SAMPLES)),
        seed=seed,
        kernel=kernel(),
    )
    if (kept := cache.load(place)) is not None:
        return float(kept["value"]), float(kept["error"])
    isotherm = Isotherm(potential, element, temperature_K, spaced, seed)
    rough = static_lattice_constant(potential, element) * (1 + EXPANSION * temperature_K)
    tell = progress or (lambda fraction: None)
    tried = [rough * (1 + strain) for strain in SEARCH]
    pressures = [isotherm.pressure(a, SEARCH_SAMPLES, n) for n, a in enumerate(tried)]
    rough, _ = zero_pressure(tried, pressures)
    tell(1 / (1 + len(REFINE)))
    tried, pressures = [rough * (1 + strain) for strain in REFINE], []
    for n, a in enumerate(tried):
        pressures.append(isotherm.pressure(a, REFINE_SAMPLES, len(SEARCH) + n))
        tell((2 + n) / (1 + len(REFINE)))
    value, error = zero_pressure(tried, pressures)
    cache.save(place, {"value": np.array(value), "error": np.array(error)})
    return value, error


@dataclass(frozen=True)
class Isotherm:
    """The pressure of a bulk fcc crystal at one temperature, as a function of the lattice constant.

    Attributes:
        potential: must take and answer NumPy arrays.
        element: chemical symbol.
        temperature_K: K.
        settings: of the Langevin dynamics; `replicas` run at once, a sample each `decorrelate_fs`.
        seed: the campaign's.
    """

    potential: Potential
    element: str
    temperature_K: float
    settings: Thermalise
    seed: int

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
        system, sites = crystal(self.element, lattice_constant)
        states = langevin(
            system, sites, self.potential, self.temperature_K, self.settings, self._streams(number)
        )
        slots = np.arange(self.settings.replicas)
        scaled = [
            (scale, self.potential.bind(replace(system, cell=system.cell * scale), len(slots)))
            for scale in (1 + SCALE, 1 - SCALE)
        ]
        volume = abs(float(np.linalg.det(system.cell)))
        slopes = []
        for state in islice(states, samples):
            self._refuse_melt(state.positions - sites, lattice_constant)
            wide, narrow = (at.begin(slots, state.positions * scale)[0] for scale, at in scaled)
            slopes.append((wide - narrow) / (volume * ((1 + SCALE) ** 3 - (1 - SCALE) ** 3)))
        values = len(system) * self.temperature_K * K / volume - np.array(slopes)
        g = inefficiency(values.ravel(), np.tile(np.arange(values.shape[1]), samples))
        return float(values.mean()), float(np.sqrt(values.var() * g / values.size))

    def _streams(self, number: int) -> list[np.random.Generator]:
        # Told apart from all other streams of a campaign by a hash of their conditions.
        conditions = f"lattice constant {self.element} {self.temperature_K!r}"
        key = int.from_bytes(sha256(conditions.encode()).digest()[:8], "big")
        return [
            np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(key, number, r)))
            for r in range(self.settings.replicas)
        ]

    def _refuse_melt(self, moved: Float[np.ndarray, "slot atom 3"], a: float) -> None:
        moved = moved - moved.mean(axis=1, keepdims=True)
        reach = float(np.sqrt((moved**2).sum(axis=-1).mean()) / (a / np.sqrt(2)))
        if not reach <= MELTED:
            raise UserError(
                f"[surface] lattice_constant_A = 'auto': at {self.temperature_K:g} K and a = "
                f"{a:.3f} Å the atoms stray {reach:.2f} nearest-neighbour distances from their "
                f"sites, more than {MELTED}, so the crystal melts; lower temperature_K, or look "
                "at the potential"
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
            "zero nearby as the crystal expands; give a number, or look at the potential"
        )
    error = np.sqrt((1 + (root - middle) ** 2 / spread) / (errors**-2).sum()) / abs(slope)
    return float(root), float(error)


def measured(element: str) -> float:
    """The measured lattice constant of a fcc metal, Å; of ASE's table of reference states."""
    return float(reference_states[atomic_numbers[element]]["a"])
