"""State-resolved sticking from what desorbs: S0(E, v, J) by Poisson regression.

With S0 a function of the normal energy E, the lateral energy E_∥ and the real-valued v and J,
detailed balance says of shots that desorb that they come with the density

    N S0 w,    w = (2J + 1) exp(-[E + E_∥ + E_vJ]/kT) / its integral,

N being the molecules of a gas in equilibrium that the shots stand for: n r_S² Z_S √(M/μ) / Z_r of
n shots. So S0 = F(β·x), x polynomials of E, E_∥, v and J(J+1), is found by the maximum likelihood
of a Poisson process of known exposure,

    Σ ln S0(x_i) - N ∫ S0 w.

F is the normal law Φ(y), with which S0 is a curve of error functions, or 1/(1 + exp(-y)), whichever
is likelier. No windows are put over v or J, in which S0 would change tenfold.

Source: McCullagh & Nelder, Generalized Linear Models (Chapman & Hall, 1989), for the regression;
Akaike, IEEE Trans. Autom. Control 19, 716 (1974), for the choice among polynomials.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator
from scipy.special import expit, log_expit, log_ndtr, logit, ndtr, ndtri

from scatter.analysis.clustered import Known, Z
from scatter.analysis.desorbed import Desorbed
from scatter.ebk import Curve
from scatter.ebk.numbers import action_number
from scatter.settings import UserError
from scatter.units import K, hbar

FEWEST = 200  # shots that desorbed, below which nothing is fitted
CELLS, LATERAL = (64, 128, 48), 6  # of the integral over E, v and J, and nodes of that over E_∥
TAIL = 14.0  # kT, beyond which there is no gas
NESTED = (9, 11, 15)  # numbers of features, of which the likeliest by Akaike's criterion is taken
NIL = 1e-3  # of what desorbs, that may come from where the gas is not looked at
STEPS, SETTLED, STIFF = 200, 1e-9, 1e10

Features = Float[np.ndarray, "... feature"]
Coefficients = Float[np.ndarray, " feature"]
Matrix = Float[np.ndarray, "feature feature"]


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


def features(E: np.ndarray, lateral: np.ndarray, v: np.ndarray, J: np.ndarray) -> Features:
    """x: 1, E, E², E_∥, v, v², Ev, j², Ej²; j, Ej; E³, E²v, vj, vj², with j = J/5.

    S0 of H2 falls with J before it rises, which the first nine cannot say.
    """
    j, ones = J / 5, np.ones_like(E)
    plain = (ones, E, E * E, lateral, v, v * v, E * v, j * j, E * j * j)
    return np.stack(
        np.broadcast_arrays(*plain, j, E * j, E**3, E * E * v, v * j, v * j * j), axis=-1
    )


@dataclass(frozen=True)
class Link:
    """How a probability follows from a polynomial.

    Attributes:
        name: of the law.
        of: F(y).
        log: ln F(y).
        slope: d ln F/dy.
        inverse: y(F).
    """

    name: str
    of: Callable[[np.ndarray], np.ndarray]
    log: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    inverse: Callable[[float], float]


def _normal_slope(y: np.ndarray) -> np.ndarray:
    return np.exp(-y * y / 2 - log_ndtr(y)) / sqrt(2 * pi)


LINKS = (
    Link("normal", ndtr, log_ndtr, _normal_slope, ndtri),
    Link("logistic", expit, log_expit, lambda y: expit(-y), logit),
)


@dataclass(frozen=True)
class Resolved:
    """S0 = F(β·x), known where molecules came out.

    Attributes:
        link: F.
        beta: coefficients of `features`.
        covariance: of these: of chains of shots, and of Z_S.
        shots: E, v and J of what desorbed.
    """

    link: Link
    beta: Coefficients
    covariance: Matrix
    shots: Float[np.ndarray, "shot 3"]

    def S0(self, E_eV: float, v: float, J: float) -> Known:
        """S0 at normal incidence, with a 95 % interval that is symmetrical in the polynomial."""
        x = features(np.array(E_eV), np.array(0.0), np.array(v), np.array(J))[: len(self.beta)]
        y, spread = self.beta @ x, sqrt(float(x @ self.covariance @ x))
        value, low, high = (float(self.link.of(y + k * Z * spread)) for k in (0, -1, 1))
        return Known(value, value * float(self.link.slope(y)) * spread, low, high)

    def near(self, E_eV: float, v: float, J: float) -> int:
        """Shots within 0.1 eV, 0.5 in v and 3 in J: where there are few, S0 is extrapolated."""
        away = np.abs(self.shots - [E_eV, v, J]) < [0.1, 0.5, 3.0]
        return int(away.all(axis=1).sum())


@dataclass(frozen=True)
class Gas:
    """Molecules of a gas in equilibrium that hit the surface, as cells of an integral.

    Attributes:
        x: `features` in the middle of each.
        weight: w times the cell's size; of sum one.
    """

    x: Float[np.ndarray, "cell feature"]
    weight: Float[np.ndarray, " cell"]

    @classmethod
    def of(
        cls, shots: Float[np.ndarray, "shot 3"], kT: float, ladder: Ladder, nil: float = 0.0
    ) -> "Gas":
        """Cells that hold all shots, and all of the gas.

        Args:
            shots: E, v and J of what desorbed.
            kT: eV.
            ladder: energies of v and J.
            nil: the cells of least weight that make up so much of the gas, or less, are left out.
        """
        well = np.linspace(0.0, 4.0, 41), np.linspace(0.0, 40.0, 81)
        v_end = _last(well[0], ladder.energies(well[0], np.zeros(1))[:, 0], kT)
        J_end = _last(well[1], ladder.energies(np.array([-0.49]), well[1])[0], kT)
        ends = np.maximum([TAIL * kT, v_end, J_end], 1.02 * shots.max(axis=0) + [0.02, 0.1, 0.5])
        E, v, J = (
            low + (np.arange(count) + 0.5) * (end - low) / count
            for low, end, count in zip((0.0, -0.5, 0.0), ends, CELLS, strict=True)
        )
        nodes, shares = np.polynomial.laguerre.laggauss(LATERAL)
        internal = (2 * J + 1) * np.exp(-ladder.energies(v, J) / kT)
        weight = np.exp(-E / kT)[:, None, None, None] * internal[:, :, None] * shares
        weight /= weight.sum()
        order = np.argsort(weight, axis=None)
        kept = np.sort(order[np.cumsum(weight.ravel()[order]) > nil])
        of_E, of_v, of_J, of_lateral = np.unravel_index(kept, weight.shape)
        x = features(E[of_E], kT * nodes[of_lateral], v[of_v], J[of_J])
        return cls(x, weight.ravel()[kept])

    def with_first(self, count: int) -> "Gas":
        """The same with so many features."""
        return Gas(self.x[:, :count], self.weight)

    def sticking(self, link: Link, beta: Coefficients) -> tuple[float, Coefficients, Matrix]:
        """∫ S0 w; its gradient by β; and ∫ S0 (d ln S0/dy)² x xᵀ w, Fisher's information."""
        y = self.x @ beta
        stuck, by_y = self.weight * link.of(y), link.slope(y)
        information = (self.x * (stuck * by_y * by_y)[:, None]).T @ self.x
        return float(stuck.sum()), (stuck * by_y) @ self.x, information


def _last(numbers: np.ndarray, energies: np.ndarray, kT: float) -> float:
    """The first number whose energy is out of reach of a gas."""
    beyond = energies - energies[0] > TAIL * kT
    return float(numbers[int(np.argmax(beyond))]) if beyond.any() else float(numbers[-1])


def resolved(desorbed: Desorbed) -> Resolved:
    """S0(E, v, J) from what desorbs.

    Raises:
        UserError: too few have desorbed.
    """
    shots, lateral, chains = _shots(desorbed)
    if len(shots) < FEWEST:
        raise UserError(
            f"{len(shots)} shots desorbed with a final v and J, and S0(E, v, J) needs {FEWEST}; "
            "run more"
        )
    kT, every = K * desorbed.T_K, desorbed.rows["chain"].astype(np.int64)
    E, v, J = shots.T
    x, exposure = features(E, lateral, v, J), desorbed.gas_molecules
    ladder, nil = Ladder(desorbed.species.curve, desorbed.mu), NIL * len(shots) / exposure
    gas = Gas.of(shots, kT, ladder, nil)  # where it is not looked at, S0 is at most 1
    fits = [
        (link, *_likeliest(link, gas.with_first(n), x[:, :n], exposure))
        for link in LINKS
        for n in NESTED
    ]
    link, _, beta = max(fits, key=lambda fit: fit[1] - len(fit[2]))
    gas, x = gas.with_first(len(beta)), x[:, : len(beta)]
    _, slope, information = gas.sticking(link, beta)
    inverse = np.linalg.inv(exposure * information)
    score = np.zeros((int(every.max()) + 1, x.shape[1]))
    np.add.at(score, chains, link.slope(x @ beta)[:, None] * x)
    score -= np.bincount(every)[:, None] * exposure / len(every) * slope
    scale = inverse @ (exposure * slope) * desorbed.divide.relative_error
    covariance = inverse @ (score.T @ score) @ inverse + np.outer(scale, scale)
    return Resolved(link, beta, covariance, shots)


def _shots(
    desorbed: Desorbed,
) -> tuple[Float[np.ndarray, "shot 3"], Float[np.ndarray, " shot"], np.ndarray]:
    """E, v and J of what desorbed and is bound, its lateral energy, and its chain."""
    energies, out = desorbed.energies, desorbed.out
    shots = np.stack([energies["normal"], out["final_v"], out["final_J"]], axis=1)
    known = np.isfinite(shots).all(axis=1)
    return shots[known], energies["lateral"][known], desorbed.chains[known]


def _likeliest(
    link: Link, gas: Gas, x: Float[np.ndarray, "shot feature"], exposure: float
) -> tuple[float, Coefficients]:
    """The maximum likelihood and its β; Fisher scoring, damped after Levenberg and Marquardt."""

    def likelihood(beta: Coefficients) -> float:
        return float(link.log(x @ beta).sum()) - exposure * gas.sticking(link, beta)[0]

    beta, damping = np.zeros(x.shape[1]), 1e-3
    beta[0] = link.inverse(len(x) / exposure)
    value = likelihood(beta)
    for _ in range(STEPS):
        _, slope, information = gas.sticking(link, beta)
        gradient = link.slope(x @ beta) @ x - exposure * slope
        damped = exposure * (information + damping * np.diag(np.diag(information)))
        trial = beta + np.linalg.solve(damped, gradient)
        higher = likelihood(trial) - value
        if higher >= 0:
            beta, value = trial, value + higher
        damping = max(damping * (0.2 if higher >= 0 else 10.0), 1e-9)
        if 0 <= higher < SETTLED or damping > STIFF:
            break
    return value, beta
