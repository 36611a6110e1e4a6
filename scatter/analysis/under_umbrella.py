"""S0 of one state over decades: from shots, and from shots under an umbrella, in one regression.

Shots of a gas in equilibrium desorb with the density N S0 w (`resolved`), and under an umbrella W
with one that is proportional to S0 w W, whose factor is not known (`initial.umbrella`). Both are
looked at around the state alone, within `around`: the first say how large S0 is where it is large,
the others how it falls. S0 = F(β·x) has the maximum of the joint likelihood (`regression`), in
which a molecule of a chain that remembers counts as less than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from scatter.analysis.desorbed import Desorbed
from scatter.analysis.regression import LINKS, Exposed, Link, Sample, nested
from scatter.analysis.resolved import (
    COUNTS,
    FEWEST,
    Ladder,
    Points,
    Resolved,
    Terms,
    gas_ends,
    shots_of,
)
from scatter.analysis.shared_snapshots import cluster_error
from scatter.initial.umbrella import EDGE_eV, Umbrella
from scatter.settings import UserError
from scatter.units import K

V, J, LATERAL_eV, ABOVE_eV = 0.6, 5.0, 0.16, 0.15  # how far from the state is looked
NODES, WHOLE = (48, 12, 10, 12), (160, 160)  # of E_n, v, J, E_∥; cells of v, J of all the gas
DEGREES = 4
TURNS = 0.25  # of the range of energies, at either end, between which a chain goes to and fro

Low = Float[np.ndarray, " 4"]


@dataclass(frozen=True)
class Left:
    """What left under an umbrella.

    Attributes:
        umbrella: W.
        rows: of `/umbrella`, of one point.
    """

    umbrella: Umbrella
    rows: np.ndarray

    @cached_property
    def out(self) -> np.ndarray:
        """The rows of what had been dissociated before."""
        return self.rows[self.rows["came"] == 1]

    @property
    def points(self) -> Points:
        """E, v, J and E_∥ of these."""
        names = ("energy_eV", "v", "J", "lateral_eV")
        return np.stack([self.out[name] for name in names], axis=1)

    @property
    def round_trips(self) -> int:
        """How often chains went from the highest quarter of energies to the lowest and back."""
        umbrella, trips = self.umbrella, 0
        E = (self.rows["energy_eV"] - umbrella.low_eV) / (umbrella.high_eV - umbrella.low_eV)
        for chain in np.unique(self.rows["chain"]):
            mine = E[self.rows["chain"] == chain]
            ends = mine[(mine < TURNS) | (mine > 1 - TURNS)] > 0.5
            trips += int((ends[1:] != ends[:-1]).sum()) // 2
        return trips

    @property
    def alike(self) -> float:
        """Of how many that left one is worth an independent one, where chains remember most.

        The largest D among those of the means of E, v, J and E_∥, D = (s.e. of chains / s.e.)².
        """
        chains, every = self.out["chain"].astype(np.int64), self.points
        simple = every.std(axis=0) / np.sqrt(len(every))
        errors = [cluster_error(values, chains) for values in every.T]
        return max(1.0, *(error / each for error, each in zip(errors, simple, strict=True))) ** 2


def around(umbrella: Umbrella) -> tuple[Low, Low]:
    """Least and largest E_n, v, J and E_∥ at which the state's surroundings end."""
    low, high = umbrella.low_eV - 2 * EDGE_eV, umbrella.high_eV + ABOVE_eV
    v, j = umbrella.v, umbrella.J
    return (
        np.array([max(low, 0.0), max(v - V, -0.5), max(j - J, 0.0), 0.0]),
        np.array([high, v + V, j + J, LATERAL_eV]),
    )


def under_umbrella(desorbed: Desorbed, left: Left) -> Resolved:
    """S0(E, v, J) around the state of an umbrella.

    Raises:
        UserError: too few have desorbed, or left.
    """
    low, high = around(left.umbrella)
    every, every_chain = shots_of(desorbed)
    shots, chains = _within(every, every_chain, low, high)
    slow, slow_chains = _within(left.points, left.out["chain"].astype(np.int64), low, high)
    for count, what in ((len(shots), "shots desorbed"), (len(slow), "molecules left")):
        if count < FEWEST:
            raise UserError(
                f"{count} {what} around v = {left.umbrella.v:g}, J = {left.umbrella.J:g}, and the "
                f"S0 of an umbrella needs {FEWEST}; run more"
            )
    nodes, weight = _nodes(low, high)
    terms = Terms(low, high)
    x, number = terms(nodes, DEGREES), desorbed.gas_molecules
    samples = [
        Sample(terms(shots, DEGREES), Exposed(x, weight * _gas(desorbed, nodes)), number),
        Sample(
            terms(slow, DEGREES),
            Exposed(x, weight * np.exp(left.umbrella.log_target(nodes))),
            None,
            left.alike,
        ),
    ]
    link = max(LINKS, key=lambda link: nested(link, samples, COUNTS[:2])[-1])
    beta, _ = nested(link, samples, COUNTS[:DEGREES])
    samples = [sample.first(len(beta)) for sample in samples]
    return Resolved(
        link,
        terms,
        beta,
        _covariance(link, beta, samples, (chains, slow_chains), desorbed),
        np.concatenate([shots, slow]),
    )


def _within(
    points: Points, chains: np.ndarray, low: Low, high: Low
) -> tuple[Float[np.ndarray, "inside 4"], np.ndarray]:
    """Those in the surroundings."""
    inside = np.all((points >= low) & (points <= high), axis=1)
    return points[inside], chains[inside]


def _nodes(low: Low, high: Low) -> tuple[Points, Float[np.ndarray, " node"]]:
    """Points of a Gaussian quadrature of the surroundings, and the weight of each.

    Not the middles of cells, beyond which S0 could rise at an edge and no integral would know.
    """
    each = [np.polynomial.legendre.leggauss(count) for count in NODES]
    places = [a + (b - a) * (x + 1) / 2 for a, b, (x, _) in zip(low, high, each, strict=True)]
    shares = [(b - a) * w / 2 for a, b, (_, w) in zip(low, high, each, strict=True)]
    points, weights = (
        np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 4) for axes in (places, shares)
    )
    return points, weights.prod(axis=1)


def _gas(desorbed: Desorbed, points: Points) -> Float[np.ndarray, " point"]:
    """The density w of a gas in equilibrium, of integral one over all of it."""
    kT, ladder = K * desorbed.T_K, Ladder(desorbed.species.curve, desorbed.mu)
    ends = gas_ends(kT, ladder)
    v, j = (
        a + (np.arange(n) + 0.5) * (end - a) / n
        for a, end, n in zip((-0.5, 0.0), ends, WHOLE, strict=True)
    )
    size = (v[1] - v[0]) * (j[1] - j[0])
    whole = size * ((2 * j + 1) * np.exp(-ladder.energies(v, j) / kT)).sum()
    vs, js = np.unique(points[:, 1]), np.unique(points[:, 2])
    energies = ladder.energies(vs, js)
    at = np.searchsorted(vs, points[:, 1]), np.searchsorted(js, points[:, 2])
    translation = np.exp(-(points[:, 0] + points[:, 3]) / kT) / kT**2
    return translation * (2 * points[:, 2] + 1) * np.exp(-energies[at] / kT) / whole


def _covariance(
    link: Link,
    beta: np.ndarray,
    samples: Sequence[Sample],
    chains: tuple[np.ndarray, np.ndarray],
    desorbed: Desorbed,
) -> np.ndarray:
    """Of β: of chains of shots, of those under the umbrella, and of Z_S."""
    counted, slow = samples
    inverse = np.linalg.inv(sum(sample.derivatives(link, beta)[1] for sample in samples))
    every, number = desorbed.rows["chain"].astype(np.int64), desorbed.gas_molecules
    slope, _ = counted.exposed.derivatives(link, beta)
    due = np.bincount(every)[:, None] * number / len(every) * slope
    scores = [_summed(link, beta, counted.x, chains[0], len(due)) - due]
    mean = slow.exposed.derivatives(link, beta)[0] / slow.exposed.integral(link, beta)
    own = _summed(link, beta, slow.x, chains[1]) - np.bincount(chains[1])[:, None] * mean
    scores.append(own / slow.alike)
    scale = inverse @ (number * slope) * desorbed.divide.relative_error
    meat = sum(score.T @ score for score in scores)
    return inverse @ meat @ inverse + np.outer(scale, scale)


def _summed(
    link: Link, beta: np.ndarray, x: np.ndarray, chains: np.ndarray, count: int = 0
) -> np.ndarray:
    """Sums of d ln S0/dβ of what left, by chain."""
    sums = np.zeros((max(count, int(chains.max()) + 1), len(beta)))
    np.add.at(sums, chains, link.slope(x @ beta)[:, None] * x)
    return sums
