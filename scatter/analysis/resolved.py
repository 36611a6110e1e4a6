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
from functools import cached_property
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
GRID = 256  # values of v and of J, between which energies are linear
TAIL = 20.0  # kT of vibration or rotation, beyond which there is next to no gas
REACH = 0.12, 0.2, 0.07, 0.12  # eV: of E, of v, of J and of E_∥
WIDENED, ENOUGH = (1.0, 1.25, 1.6, 2.0, 2.5, 3.0), 1000  # times the reach; shots that are enough

Points = Float[np.ndarray, "_ 4"]  # E, v, J, E_∥


@dataclass(frozen=True)
class Ladder:
    """E_vJ of real-valued v and J, eV above the minimum of the curve."""

    curve: Curve
    mu: float

    @cached_property
    def quanta(self) -> tuple[float, float]:
        """Of the vibration, and ħ²/2μr², eV."""
        first, second = self.energies(np.array([0.0, 1.0]), np.zeros(1))[:, 0]
        return float(second - first), hbar**2 / (2 * self.mu * self.curve.r_e**2)

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

    def __init__(self, kT: float, ladder: Ladder, last: Float[np.ndarray, "2"]):
        """Tabulate the energies of v and J.

        Args:
            kT: eV.
            ladder: energies of v and J.
            last: v and J that are asked for.
        """
        quantum, rotation = ladder.quanta
        ends = np.maximum(last, [TAIL * kT / quantum, sqrt(TAIL * kT / rotation)])
        v, J = np.linspace(-0.5, ends[0], GRID), np.linspace(0.0, ends[1], GRID)
        energies = ladder.energies(v, J)
        inside = (2 * J + 1) * np.exp(-energies / kT)
        self.kT, self.whole = kT, np.trapezoid(np.trapezoid(inside, J), v)
        self._energies = RegularGridInterpolator((v, J), energies, bounds_error=False)

    def __call__(self, points: Points) -> Float[np.ndarray, " _"]:
        """Per eV² and unit of v and J; none where no molecule is bound."""
        energy = points[:, 0] + points[:, 3] + self._energies(points[:, 1:3])
        bound = np.isfinite(energy)
        weight = (2 * points[:, 2] + 1) * np.exp(-np.where(bound, energy, 0.0) / self.kT)
        return np.where(bound, weight, 0.0) / (self.whole * self.kT**2)


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
    quantum, rotation = ladder.quanta
    along, vibration, turning, lateral = REACH
    reach = np.array([along, vibration / quantum, sqrt(turning / rotation), lateral])
    last = (points.max(axis=0) + 2 * WIDENED[-1] * reach)[1:3]
    observed = Observed(
        points, chains, np.bincount(every) / len(every), Gas.floor,
        Gas(K * desorbed.T_K, ladder, last), desorbed.gas_molecules,
        desorbed.divide.relative_error,
    )  # fmt: skip
    return Resolved(observed, reach)


def _shots(desorbed: Desorbed) -> tuple[Points, np.ndarray]:
    """E, v, J and E_∥ of what desorbed and is bound, and its chain."""
    energies, out = desorbed.energies, desorbed.out
    columns = energies["normal"], out["final_v"], out["final_J"], energies["lateral"]
    points = np.stack(columns, axis=1)
    known = np.isfinite(points).all(axis=1)
    return points[known], desorbed.chains[known]
