"""The lattice constants a and c of a hcp crystal on a potential: at rest, and at a temperature.

At a temperature they are where both mean stresses of the bulk crystal are zero, across the c axis
and along it. Each is measured as the pressure of a cubic crystal is (`lattice`), by a uniform
strain along its own directions; straight lines in ln a and ln c through a few cells give the root.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from scatter.initial import cache
from scatter.initial.built import Built
from scatter.initial.checks import inefficiency
from scatter.initial.crystals import REPEAT, bulk_crystal, measured
from scatter.initial.lattice import (
    APART_FS,
    EXPANSION,
    REPLICAS,
    SCALE,
    Progress,
    in_two_rounds,
    refuse_melt,
    static_lattice_constant,
    streams_of,
)
from scatter.initial.surface import Thermalise
from scatter.initial.thermalise import langevin
from scatter.kernels import kernel
from scatter.potentials.base import Potential
from scatter.saved import Saved
from scatter.settings import UserError
from scatter.units import K

CELLS = (3, 2, 2)  # orthorhombic ones, of four atoms each, for the energy at rest
REACH = 0.2  # strain from the measured constants beyond which it is another crystal
ACROSS, ALONG = (1.0, 1.0, 0.0), (0.0, 0.0, 1.0)  # what the strains of a and of c stretch
SEARCH, SEARCH_SAMPLES = ((0.0, 0.0), (0.01, 0.0), (0.0, 0.01)), 25  # strains of a and c
REFINE, REFINE_SAMPLES = ((0.0, 0.0), (0.004, 0.0), (-0.004, 0.0), (0.0, 0.004), (0.0, -0.004)), 200

Pair = Float[np.ndarray, "2"]  # of a and c
Stresses = tuple[Pair, Pair]  # means and their standard errors, eV/Å³


@dataclass(frozen=True)
class Found(Saved):
    """The constants a and c, and their standard errors, Å."""

    values: Float[np.ndarray, "2"]
    errors: Float[np.ndarray, "2"]


def static_hexagonal(potential: Potential, element: str) -> Pair:
    """The a and c of least energy, Å; within about 1e-6 in float64.

    The least of 33 values of a within 16 % of the measured one, at its c/a, is where both begin
    (Nelder and Mead's simplex in ln a and ln c).

    Raises:
        UserError: the energy has no minimum there.
    """
    guess = np.array(measured(element, "hcp"))

    def energy(strains: Pair) -> float:
        a, c = (guess * np.exp(strains)).tolist()
        system, positions = bulk_crystal(element, "hcp", a, c, CELLS)
        return float(potential.bind(system, 1).begin(np.arange(1), positions[None])[0][0])

    tried = np.log(np.linspace(0.84, 1.16, 33))
    energies = np.array([energy(np.array([strain, strain])) for strain in tried])
    least = int(np.argmin(np.where(np.isfinite(energies), energies, np.inf)))
    corners = tried[least] + np.array([[0.0, 0.0], [0.01, 0.0], [0.0, 0.01]])
    options = {"xatol": 1e-8, "fatol": 1e-13, "maxfev": 1000, "initial_simplex": corners}
    inner = 0 < least < len(tried) - 1
    lowest = minimize(energy, corners[0], method="Nelder-Mead", options=options) if inner else None
    if lowest is None or not np.abs(lowest.x).max() < REACH:
        a = guess[0] * np.exp(tried)
        raise UserError(
            f"[surface] lattice_constant_A = 'auto': {potential.description} holds no hcp crystal "
            f"of {element} between a = {a[0]:.2f} and {a[-1]:.2f} Å; give lattice_constant_A and "
            f"c_over_a, or check the potential"
        )
    return guess * np.exp(lowest.x)


def static_lattice(potential: Potential, built: Built) -> tuple[float, float | None]:
    """The lattice constant (Å) and c/a (of hcp) of a crystal at rest.

    Raises:
        UserError: the potential has no such crystal.
    """
    if built.crystal != "hcp":
        return static_lattice_constant(potential, built.element, built.crystal), None
    a, c = static_hexagonal(potential, built.element).tolist()
    return a, c / a


def hexagonal_at(
    potential: Potential,
    element: str,
    temperature_K: float,
    settings: Thermalise,
    seed: int,
    progress: Progress | None = None,
) -> tuple[Pair, Pair]:
    """The a and c at which the bulk crystal has no stress, and their standard errors, Å.

    Three short runs of 96 atoms find them roughly, five longer ones around them (0.4 % apart) fix
    the straight lines. The same seed gives the same bits; kept in the cache.

    Args:
        potential: must take and answer NumPy arrays.
        element: chemical symbol.
        temperature_K: K; at 0 they are the static ones.
        settings: for `timestep_fs`, `friction_per_fs` and `equilibrate_fs`.
        seed: the campaign's.
        progress: told the fraction done (0 to 1) from time to time.

    Raises:
        UserError: the potential has no hcp crystal, or it melts or has no stable shape there.
    """
    if temperature_K == 0:
        return static_hexagonal(potential, element), np.zeros(2)
    spaced = settings.model_copy(update={"decorrelate_fs": APART_FS, "replicas": REPLICAS})
    place = cache.digest(
        kind="lattice constants a and c",
        potential=potential.identity,
        element=element,
        temperature_K=float(temperature_K),
        settings=spaced.model_dump_json(exclude={"snapshots"}),
        measured=repr((SCALE, EXPANSION, SEARCH, SEARCH_SAMPLES, REFINE, REFINE_SAMPLES)),
        seed=seed,
        kernel=kernel(),
    )
    if (kept := cache.load(place, Found)) is not None:
        return kept.values, kept.errors
    isotherm = HexagonalIsotherm(potential, element, temperature_K, spaced, seed)
    rough = static_hexagonal(potential, element) * (1 + EXPANSION * temperature_K)
    values, errors = in_two_rounds(
        rough,
        lambda pair, strains: [pair * (1 + np.array(strain)) for strain in strains],
        ((SEARCH, SEARCH_SAMPLES), (REFINE, REFINE_SAMPLES)),
        isotherm.stresses,
        free_of_stress,
        progress,
    )
    cache.save(place, Found(values, errors))
    return values, errors


@dataclass(frozen=True)
class HexagonalIsotherm:
    """The stresses of a bulk hcp crystal at one temperature, as a function of a and c.

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

    def stresses(self, pair: Pair, samples: int, number: int) -> Stresses:
        """Mean pressures across and along the c axis, and their standard errors, eV/Å³.

            P_across = N k_B T / V - <dU/dε> / 2V,   P_along = N k_B T / V - <dU/dε> / V,

        dU/dε by central differences over the strain ε of cell and atoms along x and y, or z.

        Args:
            pair: a and c, Å.
            samples: of each replica.
            number: tells the random streams of this measurement from those of others.

        Raises:
            UserError: the crystal melts.
        """
        a, c = pair.tolist()
        system, sites = bulk_crystal(self.element, "hcp", a, c, REPEAT["hcp"])
        states = langevin(
            system, sites, self.potential, self.temperature_K, self.settings, self._streams(number)
        )
        slots = np.arange(self.settings.replicas)
        stretched = [
            1 + sign * SCALE * np.array(axes) for axes in (ACROSS, ALONG) for sign in (1, -1)
        ]
        bound = [
            self.potential.bind(replace(system, cell=system.cell * scale), len(slots))
            for scale in stretched
        ]
        volume, slopes = abs(float(np.linalg.det(system.cell))), []
        for state in islice(states, samples):
            refuse_melt(state.positions - sites, a, a, self.temperature_K)
            U = [
                at.begin(slots, state.positions * scale)[0].copy()
                for scale, at in zip(stretched, bound, strict=True)
            ]
            slopes.append([(U[0] - U[1]) / (4 * SCALE), (U[2] - U[3]) / (2 * SCALE)])
        values = (len(system) * self.temperature_K * K - np.array(slopes)) / volume
        means, errors = values.mean(axis=(0, 2)), []
        for each in values.transpose(1, 0, 2):
            g = inefficiency(each.ravel(), np.tile(slots, samples))
            errors.append(np.sqrt(each.var() * g / each.size))
        return means, np.array(errors)

    def _streams(self, number: int) -> list[np.random.Generator]:
        conditions = f"lattice constants hcp {self.element} {self.temperature_K!r}"
        return streams_of(conditions, self.seed, number, self.settings.replicas)


def free_of_stress(tried: Sequence[Pair], stresses: Sequence[Stresses]) -> tuple[Pair, Pair]:
    """Where straight lines through stresses in ln a and ln c are both zero; standard errors, Å.

    Weighted least squares for each stress; the errors are those of the lines at the root, through
    the inverse of their slopes.

    Args:
        tried: a and c of each cell, Å.
        stresses: means and standard errors in each, eV/Å³.

    Raises:
        UserError: the crystal is not stable in shape and volume, or the root is not nearby.
    """
    strains = np.log(np.array(tried) / tried[0])
    design = np.column_stack([np.ones(len(tried)), strains])
    means, errors = (np.array([pair[part] for pair in stresses]) for part in (0, 1))
    lines, covariances = [], []
    for mean, error in zip(means.T, errors.T, strict=True):
        covariance = np.linalg.inv(design.T @ (design / error[:, None] ** 2))
        lines.append(covariance @ design.T @ (mean / error**2))
        covariances.append(covariance)
    slopes = np.array(lines)[:, 1:]
    stable = slopes[0, 0] < 0 and np.linalg.det(slopes) > 0
    root = np.linalg.solve(slopes, -np.array(lines)[:, 0]) if stable else np.full(2, np.inf)
    if not np.abs(root).max() < 4 * np.ptp(strains):
        shown = "; ".join(
            f"{mean[0]:.3g}, {mean[1]:.3g} at a = {pair[0]:.4f}, c = {pair[1]:.4f} Å"
            for pair, mean in zip(tried, means, strict=True)
        )
        raise UserError(
            f"[surface] lattice_constant_A = 'auto': the stresses across and along c ({shown}; "
            "eV/Å³) fall to no zero nearby as the crystal expands; give lattice_constant_A and "
            "c_over_a, or check the potential"
        )
    at = np.append(1.0, root)
    variances = np.diag([at @ covariance @ at for covariance in covariances])
    inverse = np.linalg.inv(slopes)
    values = np.array(tried[0]) * np.exp(root)
    return values, values * np.sqrt(np.diag(inverse @ variances @ inverse.T))
