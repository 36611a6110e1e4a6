"""State-resolved sticking from what desorbs: S0(E, v, J) by Poisson regression.

With S0 a function of the normal energy E, the lateral energy E_∥ and the real-valued v and J,
detailed balance says of shots that desorb that they come with the density

    N S0 w,    w = (2J + 1) exp(-[E + E_∥ + E_vJ]/kT) / its integral,

N being the molecules of a gas in equilibrium that the shots stand for: n r_S² Z_S √(M/μ) / Z_r of
n shots. So S0 = F(β·x), x polynomials of E, E_∥, v and J, is found by Poisson regression of known
exposure (`regression`). F is the normal law Φ(y), with which S0 is a curve of error functions, or
1/(1 + exp(-y)), whichever is likelier. No windows are put over v or J, in which S0 would change
tenfold.
"""

from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from scatter.analysis.clustered import Known, Z
from scatter.analysis.desorbed import Desorbed
from scatter.analysis.regression import LINKS, Coefficients, Exposed, Features, Link, Matrix, nested
from scatter.ebk import Curve
from scatter.ebk.numbers import action_number
from scatter.settings import UserError
from scatter.units import K, hbar

FEWEST = 200  # shots that desorbed, below which nothing is fitted
PILOT, CELLS = (24, 48, 16), (48, 96, 32)  # of the integral over E, v and J, for a first fit
LATERAL = 10  # nodes of that over E_∥
KEPT = 100_000  # cells of the finer integral that are drawn for the other fits
TAIL = 14.0  # kT, beyond which there is no gas
DEGREES = 5  # of the longest polynomial, of which the likeliest by Akaike's criterion is taken
NIL = 1e-3  # of what desorbs, that may come from where the gas is not looked at

Points = Float[np.ndarray, "point 4"]  # E, v, J, E_∥
Cells = tuple[int, int, int]


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
class Terms:
    """x: all products of powers of E, v, J and E_∥, each between -1 and 1, by degree.

    Attributes:
        low: of E, v, J and E_∥ of the shots, which become -1.
        high: of these, which become 1.
    """

    low: Float[np.ndarray, " 4"]
    high: Float[np.ndarray, " 4"]

    def __call__(self, points: Points, degree: int = DEGREES) -> Features:
        """X of these points, up to a degree; of a lower one they are the first."""
        each = (2 * (points - self.low) / (self.high - self.low) - 1).T
        powers = [[np.ones_like(row)] for row in each]
        for row, some in zip(each, powers, strict=True):
            some += [row ** (n + 1) for n in range(degree)]
        of = exponents(degree)
        return np.stack(
            [np.prod([p[n] for p, n in zip(powers, e, strict=True)], axis=0) for e in of], axis=-1
        )


def exponents(degree: int) -> list[tuple[int, ...]]:
    """Of all products of powers of four numbers up to a degree, lower degrees first."""
    every = product(range(degree + 1), repeat=4)
    return sorted((each for each in every if sum(each) <= degree), key=sum)


COUNTS = [len(exponents(degree)) for degree in range(1, DEGREES + 1)]  # of `Terms`


@dataclass(frozen=True)
class Resolved:
    """S0 = F(β·x), known where molecules came out.

    Attributes:
        link: F.
        terms: x.
        beta: their coefficients.
        covariance: of these: of chains of shots, and of Z_S.
        shots: E, v, J and E_∥ of what desorbed.
    """

    link: Link
    terms: Terms
    beta: Coefficients
    covariance: Matrix
    shots: Points

    def S0(self, E_eV: float, v: float, J: float) -> Known:
        """S0 at normal incidence, with a 95 % interval that is symmetrical in the polynomial."""
        x = self.terms(np.array([[E_eV, v, J, 0.0]]))[0, : len(self.beta)]
        y, spread = self.beta @ x, sqrt(float(x @ self.covariance @ x))
        value, low, high = (float(self.link.of(y + k * Z * spread)) for k in (0, -1, 1))
        return Known(value, value * float(self.link.slope(y)) * spread, low, high)

    def near(self, E_eV: float, v: float, J: float) -> int:
        """Shots within 0.1 eV, also along the surface, 0.5 in v and 3 in J.

        Where there are few, S0 is extrapolated.
        """
        away = np.abs(self.shots - [E_eV, v, J, 0.0]) < [0.1, 0.5, 3.0, 0.1]
        return int(away.all(axis=1).sum())


@dataclass(frozen=True)
class Gas:
    """Molecules of a gas in equilibrium that hit the surface, as cells of an integral.

    Attributes:
        points: the middle of each.
        weight: w times the cell's size; of sum one over all of the gas.
    """

    points: Points
    weight: Float[np.ndarray, " cell"]

    @classmethod
    def of(
        cls, shots: Float[np.ndarray, "shot 3"], kT: float, ladder: Ladder, cells: Cells
    ) -> "Gas":
        """Cells that hold all shots, and all of the gas.

        Args:
            shots: E, v and J of what desorbed.
            kT: eV.
            ladder: energies of v and J.
            cells: numbers of them along E, v and J.
        """
        well = np.linspace(0.0, 4.0, 41), np.linspace(0.0, 40.0, 81)
        v_end = _last(well[0], ladder.energies(well[0], np.zeros(1))[:, 0], kT)
        J_end = _last(well[1], ladder.energies(np.array([-0.49]), well[1])[0], kT)
        ends = np.maximum([TAIL * kT, v_end, J_end], 1.02 * shots.max(axis=0) + [0.02, 0.1, 0.5])
        E, v, J = (
            low + (np.arange(count) + 0.5) * (end - low) / count
            for low, end, count in zip((0.0, -0.5, 0.0), ends, cells, strict=True)
        )
        nodes, shares = np.polynomial.laguerre.laggauss(LATERAL)
        internal = (2 * J + 1) * np.exp(-ladder.energies(v, J) / kT)
        weight = np.exp(-E / kT)[:, None, None, None] * internal[:, :, None] * shares
        grid = np.meshgrid(E, v, J, kT * nodes, indexing="ij")
        return cls(np.stack(grid, axis=-1).reshape(-1, 4), (weight / weight.sum()).ravel())

    def without(self, nil: float) -> "Gas":
        """Without the cells of least weight that make up so much of it, or less."""
        order = np.argsort(self.weight)
        kept = np.sort(order[np.cumsum(self.weight[order]) > nil])
        return Gas(self.points[kept], self.weight[kept])

    def drawn(self, S0: Float[np.ndarray, " cell"], count: int) -> "Gas":
        """Cells drawn from it where much of it sticks, with what they then stand for as weights.

        Half by w S0, half by w √S0, lest the foot of S0 have none; at equal steps along the sum.
        """
        shares = [self.weight * each for each in (S0, np.sqrt(S0))]
        density = np.mean([each / each.sum() for each in shares], axis=0)
        places = (np.arange(count) + 0.5) / count
        index = np.minimum(np.searchsorted(np.cumsum(density), places), len(density) - 1)
        kept, times = np.unique(index, return_counts=True)
        return Gas(self.points[kept], self.weight[kept] * times / (count * density[kept]))


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
    exposure = desorbed.gas_molecules
    terms = Terms(points.min(axis=0), points.max(axis=0))
    x, gas = terms(points), _gas(desorbed, points, terms)
    link = max(LINKS, key=lambda link: nested(link, gas, x, exposure, COUNTS[:3])[-1])
    beta, _ = nested(link, gas, x, exposure, COUNTS)
    x, gas = x[:, : len(beta)], gas.first(len(beta))
    slope, information = gas.derivatives(link, beta)
    inverse = np.linalg.inv(exposure * information)
    every = desorbed.rows["chain"].astype(np.int64)
    score = np.zeros((int(every.max()) + 1, x.shape[1]))
    np.add.at(score, chains, link.slope(x @ beta)[:, None] * x)
    score -= np.bincount(every)[:, None] * exposure / len(every) * slope
    scale = inverse @ (exposure * slope) * desorbed.divide.relative_error
    covariance = inverse @ (score.T @ score) @ inverse + np.outer(scale, scale)
    return Resolved(link, terms, beta, covariance, points)


def _gas(desorbed: Desorbed, points: Points, terms: Terms) -> Exposed:
    """The gas that the shots stand for: cells drawn by a first fit, of degree 2, on larger ones."""
    ladder, shots = Ladder(desorbed.species.curve, desorbed.mu), points[:, :3]
    exposure, kT, link = desorbed.gas_molecules, K * desorbed.T_K, LINKS[0]
    nil = NIL * len(points) / exposure  # where it is not looked at, S0 is at most 1
    first = Gas.of(shots, kT, ladder, PILOT).without(nil)
    pilot = Exposed(terms(first.points, 2), first.weight)
    beta, _ = nested(link, pilot, terms(points, 2), exposure, COUNTS[:2])
    whole = Gas.of(shots, kT, ladder, CELLS).without(nil)
    drawn = whole.drawn(link.of(terms(whole.points, 2) @ beta), KEPT)
    return Exposed(terms(drawn.points), drawn.weight)


def _shots(desorbed: Desorbed) -> tuple[Points, np.ndarray]:
    """E, v, J and E_∥ of what desorbed and is bound, and its chain."""
    energies, out = desorbed.energies, desorbed.out
    columns = energies["normal"], out["final_v"], out["final_J"], energies["lateral"]
    points = np.stack(columns, axis=1)
    known = np.isfinite(points).all(axis=1)
    return points[known], desorbed.chains[known]
