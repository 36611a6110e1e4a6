"""What desorbs, from shots on a dividing surface: energies, temperatures, angles, thermal sticking.

Every shot that desorbed counts alike. In equilibrium what desorbs is what sticks, reversed in time,
so the same shots give the thermal sticking probability of molecules that are classical inside:

    S_th = κ r_S² Z_S √(M/μ) / Z_r,   Z_r = ∫ r² exp(-V(r)/kT) dr,

κ the share of crossings that desorb, Z_S of `initial.crossings`, V from its minimum on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, nan, pi, sqrt

import numpy as np
from jaxtyping import Bool, Float

from scatter.analysis.beam import m_s
from scatter.analysis.clustered import (
    Chains,
    Known,
    Values,
    Z,
    mean_of_chains,
    product_of,
    share_of_chains,
)
from scatter.analysis.motion import Species
from scatter.ebk import Curve, reduced_mass
from scatter.outcomes import Outcome
from scatter.units import K, degree, hbar


@dataclass(frozen=True)
class Divide:
    """A dividing surface, as a results file tells of it.

    Attributes:
        bond_A: r_S.
        partition_A: Z_S.
        partition_error_A: its standard error.
    """

    bond_A: float
    partition_A: float
    partition_error_A: float

    @property
    def relative_error(self) -> float:
        """Of Z_S."""
        return self.partition_error_A / self.partition_A

    @classmethod
    def of(cls, described: Mapping[str, float | None]) -> "Divide":
        """Of the values that a results file holds.

        Raises:
            ValueError: they are not numbers greater than 0.
        """
        error = described["partition_error_A"]
        values = described["bond_A"], described["partition_A"], inf if error is None else error
        if not all(isinstance(each, int | float) and each > 0 for each in values):
            raise ValueError(f"{values} are not a bond and a partition function")
        return cls(*(float(each or 0.0) for each in values))


@dataclass(frozen=True)
class Desorbed:
    """The shots of one surface, temperature and molecule.

    Attributes:
        T_K: of the surface, K.
        rows: of `/trajectories`.
        code: of the outcome "desorbed".
        species: masses and bond curve of the molecule.
        divide: the surface that they began on.
    """

    T_K: float
    rows: np.ndarray
    code: int
    species: Species
    divide: Divide

    @cached_property
    def hits(self) -> Bool[np.ndarray, " shot"]:
        """Which shots desorbed."""
        return self.rows["outcome"] == self.code

    @cached_property
    def out(self) -> np.ndarray:
        """The rows of those that desorbed."""
        return self.rows[self.hits]

    @property
    def chains(self) -> Chains:
        """The chain of each that desorbed."""
        return self.out["chain"].astype(np.int64)

    @property
    def unsettled(self) -> int:
        """Shots that are undecided or failed; they count as not desorbed."""
        return int(np.isin(self.rows["outcome"], (Outcome.UNDECIDED, Outcome.FAILED)).sum())

    @property
    def kappa(self) -> Known:
        """Share of crossings inwards that are the last ones of molecules that desorb."""
        return share_of_chains(self.hits, self.rows["chain"].astype(np.int64))

    @cached_property
    def energies(self) -> dict[str, Values]:
        """Energies of each that desorbed, eV.

        Translational, along the normal and the surface; rotational, J(J+1) ħ²/2μ r_e²; vibrational,
        what is left of the internal energy above the minimum of the bond curve.
        """
        out, curve = self.out, self.species.curve
        total, cos = out["final_translational_eV"], np.cos(out["final_polar_deg"] * degree)
        internal = out["final_kinetic_molecule_eV"] - total
        internal = internal + out["final_potential_molecule_eV"] - curve.minimum
        J = out["final_J"]
        rotational = J * (J + 1) * hbar**2 / (2 * self.mu * curve.r_e**2)
        return {
            "translational": total,
            "normal": total * cos**2,
            "lateral": total * (1 - cos**2),
            "rotational": rotational,
            "vibrational": internal - rotational,
        }

    @property
    def mu(self) -> float:
        """Reduced mass of the molecule, amu."""
        return reduced_mass(*map(float, self.species.masses))

    @property
    def mass(self) -> float:
        """Mass of the molecule, amu."""
        return float(self.species.masses.sum())

    @property
    def means(self) -> dict[str, Known]:
        """Mean energies of what desorbs, eV."""
        return {
            name: mean_of_chains(values[np.isfinite(values)], self.chains[np.isfinite(values)])
            for name, values in self.energies.items()
        }

    @property
    def along_normal(self) -> Known:
        """Mean energy of what desorbs in a small solid angle around the normal, ⟨E_n²⟩/⟨E_n⟩, eV.

        Where S0 depends on E_n alone, the flux over all directions has D(E_n) ∝ S0 exp(-E_n/kT),
        and the flux along the normal E_n D(E_n). That is what time of flight measures, and what
        `analysis.desorption` predicts from the S0 of beams.
        """
        E = self.energies["normal"]
        if not len(E):
            return mean_of_chains(E, self.chains)
        mean = float((E * E).sum() / E.sum())
        return mean_of_chains(mean + E * (E - mean) / E.mean(), self.chains)

    @property
    def temperatures(self) -> dict[str, Known]:
        """The temperatures that gases have with these mean energies in their flux, K.

            normal ⟨E_n⟩/k,  lateral ⟨E_∥⟩/k,  rotational ⟨E_rot⟩/k,  vibrational ⟨E_vib⟩/k

        All are T where S0 is 1 for every molecule; a classical vibration has kT too.
        """
        names = ("normal", "lateral", "rotational", "vibrational")
        return {name: self.means[name].times(1 / K) for name in names}

    @property
    def exponent(self) -> Known:
        """The n of the law cosⁿ ϑ of flux per solid angle that is likeliest: n + 1 = -1/⟨ln cos ϑ⟩.

        In equilibrium, where S0 is 1 everywhere, n = 1.
        """
        logarithms = np.log(np.cos(self.out["final_polar_deg"] * degree))
        mean = mean_of_chains(logarithms, self.chains)
        if not mean.value < 0:
            return Known(nan, nan, nan, nan)
        n, spread = -1 / mean.value - 1, Z * mean.error / abs(mean.value)
        factor = np.exp(spread) if np.isfinite(spread) else inf
        return Known(
            n, mean.error / mean.value**2, (n + 1) / float(factor) - 1, (n + 1) * float(factor) - 1
        )

    def states(self) -> list[dict[str, float]]:
        """D(v, J), both rounded to the nearest whole number: shares of what desorbs.

        Classical molecules may have less than half a quantum, -1/2 < v < 0; they count as v = 0.
        """
        v, J = (np.rint(self.out[name]) for name in ("final_v", "final_J"))
        known, chains = np.isfinite(v) & np.isfinite(J), self.chains
        pairs = sorted({*zip(v[known].tolist(), J[known].tolist(), strict=True)})
        rows = []
        for n, m in pairs:
            mine = (v == n) & (J == m)
            share = share_of_chains(mine, chains)
            rows.append({"v": abs(n), "J": m, "count": int(mine.sum()), **share.named("P")})
        return rows

    @property
    def crossing_ratio(self) -> float:
        """Crossings of the surface one way per molecule of the gas that hits it."""
        divide, gas = self.divide, bound_partition(self.species.curve, K * self.T_K)
        return divide.bond_A**2 * divide.partition_A * sqrt(self.mass / self.mu) / gas

    @property
    def gas_molecules(self) -> float:
        """Molecules of a gas in equilibrium that the shots stand for."""
        return len(self.rows) / self.crossing_ratio

    @property
    def sticking(self) -> Known:
        """S_th, the sticking probability of a classical gas in equilibrium; see above."""
        kappa, ratio = self.kappa, self.crossing_ratio
        return product_of([(kappa.value, kappa.error), (ratio, ratio * self.divide.relative_error)])

    @property
    def rate(self) -> Known:
        """K = S_th √(kT/2πM), m/s."""
        return self.sticking.times(sqrt(K * self.T_K / (2 * pi * self.mass)) / m_s)


def bound_partition(curve: Curve, kT: float) -> float:
    """Z_r = ∫ r² exp(-[V(r) - V_min]/kT) dr over the inner well of the bond, Å³."""
    end = float(curve.wells(np.zeros(1)).end[0])
    r = np.linspace(curve.shortest, end, 4001)
    return float(np.trapezoid(r**2 * np.exp(-(curve(r) - curve.minimum) / kT), r))


def arrhenius(points: Sequence[tuple[float, Known]]) -> Known | None:
    """The Arrhenius energy of rates at several temperatures, eV: -d ln k / d(1/kT).

    The slope of a straight line, by least squares weighted with the errors of ln k; None where
    there are fewer than two temperatures with a rate.

    Args:
        points: temperature (K) and rate.
    """
    known = [(T, k) for T, k in points if k.value > 0 and np.isfinite(k.error)]
    if len({T for T, _ in known}) < 2:
        return None
    x = np.array([1 / (K * T) for T, _ in known])
    y = np.log([k.value for _, k in known])
    weight = np.array([(k.value / k.error) ** 2 for _, k in known])
    centre = float((weight * x).sum() / weight.sum())
    spread = float((weight * (x - centre) ** 2).sum())
    slope = float((weight * (x - centre) * y).sum()) / spread
    return Known(-slope, 1 / sqrt(spread), -slope - Z / sqrt(spread), -slope + Z / sqrt(spread))


def anchored(points: Sequence[tuple[float, Known]], T_K: float, crude: Known) -> list[Known]:
    """Sticking probabilities scaled to one that was computed otherwise at one of the temperatures.

        S(T) = S_crude(T_a) S_th(T)/S_th(T_a),   δ² the sum of all three relative errors squared

    Args:
        points: temperature (K) and S_th.
        T_K: T_a.
        crude: S_crude(T_a).

    Raises:
        ValueError: T_a is not one of the temperatures.
    """
    own = [S for T, S in points if T == T_K]
    if not own:
        raise ValueError(f"T = {T_K:g} K is not one of {', '.join(f'{T:g}' for T, _ in points)} K")
    inverse = 1 / own[0].value, own[0].error / own[0].value ** 2
    scale = [(crude.value, crude.error), inverse]
    return [crude if T == T_K else product_of([*scale, (S.value, S.error)]) for T, S in points]


def normal_density(values: Float[np.ndarray, " shot"], edges: Values) -> Values:
    """Histogram of energies, per eV, of integral one over all values."""
    return np.histogram(values, edges)[0] / (len(values) * np.diff(edges))
