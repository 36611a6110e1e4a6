"""State-resolved sticking from what desorbs: S0(E, v, J) by Poisson regression.

With S0 a function of the normal energy E, the lateral energy E_∥ and the real-valued v and J,
detailed balance says of shots that desorb that they come with the density

    N S0 w,    w = (2J + 1) exp(-[E + E_∥ + E_vJ]/kT) / its integral,

N being the molecules of a gas in equilibrium that the shots stand for: n r_S² Z_S √(M/μ) / Z_r of
n shots. S0 at a place (E, v, J, E_∥) follows by local Poisson regression of known exposure
(`regression`) from what came and could have come within reach of it: 0.12 eV along the normal and
along the surface, 0.2 eV of vibration, 0.07 eV of rotation, or more, up to three times that, until
1000 shots are. No windows are put over v or J, in which S0 would change tenfold.
"""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator, RegularGridInterpolator
from scipy.special import ndtr

from scatter.analysis.clustered import Known
from scatter.analysis.desorbed import Desorbed
from scatter.analysis.regression import Observed
from scatter.ebk import Curve
from scatter.ebk.numbers import action_number
from scatter.settings import UserError
from scatter.units import K, hbar

FEWEST = 200  # shots that desorbed, below which nothing is fitted
GRID = 256  # values of v and of J, between which the density of the gas is linear
TAIL = 20.0  # kT, beyond which there is no gas
REACH = 0.12, 0.2, 0.07, 0.12  # eV: of E, of v, of J and of E_∥
WIDENED, ENOUGH = (1.0, 1.25, 1.6, 2.0, 2.5, 3.0), 1000  # times the reach; shots that are enough

Points = Float[np.ndarray, "_ 4"]  # E, v, J, E_∥


@dataclass(frozen=True)
class Ladder:
    """E_vJ of real-valued v and J, eV above the minimum of the curve."""

    curve: Curve
    mu: float

    def energies(
        self, v: Float[np.ndarray, " v"], J: Float[np.ndarray, " J"]
    ) -> Float[np.ndarray, "v J"]:
        """The energy of each v with each J; infinite where it is not bound."""
        rotation = J * (J + 1) * hbar**2 / (2 * self.mu)
        return np.stack([self._of(v, float(each)) for each in rotation], axis=1)

    def _of(self, v: Float[np.ndarray, " v"], rotation: float) -> Float[np.ndarray, " v"]:
        count = 64
        # closer together at the bottom and at the rim, where v changes fast
        part = 0.5 * (1 - np.cos(np.pi * (np.arange(count) + 0.5) / count))
        rotations = np.full(count, rotation)
        wells = self.curve.wells(rotations)
        E = wells.bottom + part * (wells.rim - wells.bottom)
        number = action_number(E, rotations, self.curve, self.mu, wells)
        below = np.append(-0.5, number), np.append(wells.bottom[0], E)
        if not np.isfinite(number).all() or not (np.diff(below[0]) > 0).all():
            return np.full(len(v), np.inf)
        energy = PchipInterpolator(*below, extrapolate=False)(v)
        return np.where(np.isnan(energy), np.inf, energy - self.curve.minimum)


@dataclass(frozen=True)
class Resolved:
    """S0 of states, known where molecules came out.

    Attributes:
        observed: shots that desorbed and the gas that they stand for: E, v, J and E_∥.
        reach: of one regression, in these.
    """

    observed: Observed
    reach: Float[np.ndarray, " 4"]

    @property
    def shots(self) -> Points:
        """E, v, J and E_∥ of what desorbed."""
        return self.observed.events

    def S0(self, E_eV: float, v: float, J: float) -> Known:
        """S0 at normal incidence, with a 95 % interval that is symmetrical in y, S0 = Φ(y)."""
        place = np.array([E_eV, v, J, 0.0])
        wider = (self.reach * times for times in WIDENED)
        enough = (each for each in wider if self.observed.count(place, each) >= ENOUGH)
        local = self.observed.at(place, next(enough, self.reach * WIDENED[-1]))
        value, low, high = (float(ndtr(local.y + k * local.reach)) for k in (0, -1, 1))
        density = np.exp(-(local.y**2) / 2) / sqrt(2 * pi)
        return Known(value, float(density) * local.error, low, high)

    def near(self, E_eV: float, v: float, J: float) -> int:
        """Shots within 0.1 eV, also along the surface, 0.5 in v and 3 in J.

        Where there are few, S0 is extrapolated.
        """
        away = np.abs(self.shots - [E_eV, v, J, 0.0]) < [0.1, 0.5, 3.0, 0.1]
        return int(away.all(axis=1).sum())


class Gas:
    """w of molecules of a gas in equilibrium that hit the surface, by E, v, J and E_∥."""

    floor = np.array([0.0, -0.5, 0.0, 0.0])

    def __init__(self, kT: float, ladder: Ladder):
        """Tabulate the energies of v and J, kT in eV."""
        v, J = np.linspace(-0.5, 4.0, 41), np.linspace(0.0, 40.0, 81)
        ends = (
            _last(v, ladder.energies(v, np.zeros(1))[:, 0], kT),
            _last(J, ladder.energies(np.array([-0.49]), J)[0], kT),
        )
        grid = np.linspace(-0.5, ends[0], GRID), np.linspace(0.0, ends[1], GRID)
        inside = (2 * grid[1] + 1) * np.exp(-ladder.energies(*grid) / kT)
        whole = np.trapezoid(np.trapezoid(inside, grid[1]), grid[0])
        self.kT = kT
        self._inside = RegularGridInterpolator(
            grid, inside / whole, bounds_error=False, fill_value=0.0
        )

    def __call__(self, points: Points) -> Float[np.ndarray, " _"]:
        """Per eV² and unit of v and J."""
        along = np.exp(-(points[:, 0] + points[:, 3]) / self.kT) / self.kT**2
        return self._inside(points[:, 1:3]) * along


def _last(numbers: np.ndarray, energies: np.ndarray, kT: float) -> float:
    """The first number whose energy is out of reach of a gas."""
    beyond = energies - energies[0] > TAIL * kT
    return float(numbers[int(np.argmax(beyond))]) if beyond.any() else float(numbers[-1])


def resolved(desorbed: Desorbed) -> Resolved:
    """S0(E, v, J) from what desorbs.

    Raises:
        UserError: too few have desorbed.
    """
    points, chains = _shots(desorbed)
    if len(points) < FEWEST:
        raise UserError(
            f"{len(points)} shots desorbed with a final v and J, and S0(E, v, J) needs {FEWEST}; "
            "run more"
        )
    ladder, every = Ladder(desorbed.species.curve, desorbed.mu), desorbed.rows["chain"]
    observed = Observed(
        points, chains, np.bincount(every) / len(every), Gas.floor,
        Gas(K * desorbed.T_K, ladder), desorbed.gas_molecules, desorbed.divide.relative_error,
    )  # fmt: skip
    return Resolved(observed, _reach(ladder))


def _reach(ladder: Ladder) -> Float[np.ndarray, " 4"]:
    """`REACH` in E, v, J and E_∥."""
    first, second = ladder.energies(np.array([0.0, 1.0]), np.zeros(1))[:, 0]
    rotation = hbar**2 / (2 * ladder.mu * ladder.curve.r_e**2)
    along, vibration, turning, lateral = REACH
    return np.array([along, vibration / (second - first), sqrt(turning / rotation), lateral])


def _shots(desorbed: Desorbed) -> tuple[Points, np.ndarray]:
    """E, v, J and E_∥ of what desorbed and is bound, and its chain."""
    energies, out = desorbed.energies, desorbed.out
    columns = energies["normal"], out["final_v"], out["final_J"], energies["lateral"]
    points = np.stack(columns, axis=1)
    known = np.isfinite(points).all(axis=1)
    return points[known], desorbed.chains[known]
