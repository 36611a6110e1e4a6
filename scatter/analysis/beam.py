"""Sticking of a molecular beam, and of a gas in equilibrium, from points already computed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import pi, sqrt
from typing import Literal

import numpy as np
from jaxtyping import Float

from scatter.analysis.averages import (
    Average,
    Cover,
    Ensemble,
    mean_sticking,
    populations,
    quadrature,
)
from scatter.analysis.library import Library, PerEnergy, Sampled
from scatter.ebk import Level
from scatter.units import K, fs

m_s = 1e-5 / fs  # metre per second, in Å / time unit
_WIDTHS = 9.0  # of the velocities beside v0 that are looked at; exp(-81) is left out
_HOTTEST = 45.0  # kT up to which energies are looked at


@dataclass(frozen=True)
class Beam:
    """A supersonic molecular beam.

    The velocities of its flux follow f(v) ∝ v³ exp(-(v - v0)²/α²); the vibration is as hot as the
    nozzle, the rotation cooler.

    Attributes:
        velocity_m_s: v0, m/s.
        width_m_s: α, m/s; 0 for a single velocity.
        nozzle_K: temperature of the nozzle.
        cooling: rotational temperature over that of the nozzle.
    """

    velocity_m_s: float
    width_m_s: float
    nozzle_K: float
    cooling: float = 0.8

    def energies(
        self, mass_amu: float, breaks: Float[np.ndarray, " break"]
    ) -> tuple[PerEnergy, PerEnergy]:
        """Energies (eV) and weights of sum one for averages over the flux."""
        v0, width = self.velocity_m_s * m_s, self.width_m_s * m_s

        def flux(v: np.ndarray) -> np.ndarray:
            return v**3 * np.exp(-(((v - v0) / width) ** 2))

        low, high = max(v0 - _WIDTHS * width, 0.0), v0 + _WIDTHS * width
        v, weight = quadrature(flux, low, high, np.sqrt(2 * breaks / mass_amu))
        return 0.5 * mass_amu * v * v, weight


@dataclass(frozen=True)
class BeamSticking(Cover):
    """What a beam experiment would measure; see `Average` for the numbers.

    Attributes:
        velocity_m_s: v0, m/s.
        width_m_s: α, m/s.
        nozzle_K: temperature of the nozzle and of the vibration.
        rotational_K: temperature of the rotation.
        mean_energy_eV: mean incidence energy of the flux.
        S0: mean sticking probability.
    """

    velocity_m_s: float
    width_m_s: float
    nozzle_K: float
    rotational_K: float
    mean_energy_eV: float
    S0: float
    low: float
    high: float
    lowest: float
    highest: float
    interpolation: float


@dataclass(frozen=True)
class ThermalSticking(Cover):
    """Sticking of a gas in equilibrium; see `Average` for the numbers.

    Attributes:
        gas_K: its temperature; that of the surface is the library's.
        scaling: what S0 was taken to depend on at other angles than the normal.
        S0: mean sticking probability of what hits the surface.
        rate_m_s: rate coefficient, adsorbed molecules per area and time over their number
            density, m/s.
        rate_low_m_s: lower end of its 95 % interval.
        rate_high_m_s: upper end.
    """

    gas_K: float
    scaling: str
    S0: float
    low: float
    high: float
    lowest: float
    highest: float
    interpolation: float
    rate_m_s: float
    rate_low_m_s: float
    rate_high_m_s: float


def ensemble(
    shares: dict[tuple[int, int], float], energy: PerEnergy, weight: PerEnergy
) -> Ensemble:
    """States of given shares whose energies are all distributed alike."""
    return Ensemble(tuple(shares), energy, np.outer(list(shares.values()), weight))


def beam_sticking(
    library: Library,
    beam: Beam,
    levels: Sequence[Level],
    *,
    conserved: bool = True,
    nearest_J: bool = False,
    rises: bool = True,
) -> BeamSticking:
    """Sticking probability of a beam: the mean over its states and velocities.

        ⟨S0⟩ = Σ_vJ P(v, J; T_n, cooling T_n) ∫ f(v) S0(½Mv²; v, J) dv / ∫ f(v) dv.

    Args:
        library: computed points, at the beam's angle.
        beam: velocities and temperatures.
        levels: all that are populated, from `scatter.ebk.levels`.
        conserved: see `populations`.
        nearest_J: let states that the library lacks follow the curve of the nearest J; its
            `lowest` and `highest` then trust these curves.
        rises: S0 never falls with the energy, which narrows `lowest` and `highest`.
    """
    rotational_K = beam.cooling * beam.nozzle_K
    shares = populations(
        levels, library.molecule, beam.nozzle_K, rotational_K, conserved, library.masses_amu
    )
    energies = beam.energies(library.mass_amu, library.nodes())
    molecules = ensemble(shares, *energies)
    sampled = Sampled.of_states(library, molecules.states, nearest_J)
    mean, cover = mean_sticking(sampled, molecules, rises), molecules.cover(sampled)
    return BeamSticking(
        **asdict(cover),
        velocity_m_s=beam.velocity_m_s,
        width_m_s=beam.width_m_s,
        nozzle_K=beam.nozzle_K,
        rotational_K=rotational_K,
        mean_energy_eV=float((energies[0] * energies[1]).sum()),
        **_sticking(mean),
    )


def thermal_sticking(
    library: Library,
    gas_K: float,
    levels: Sequence[Level],
    scaling: Literal["normal", "total"] = "normal",
    *,
    conserved: bool = True,
    nearest_J: bool = False,
    rises: bool = True,
) -> ThermalSticking:
    """Sticking probability and rate coefficient of a gas in equilibrium.

    The flux on a surface is cos ϑ-weighted: its normal energy E_n is distributed as
    exp(-E_n/kT)/kT, its total energy as E exp(-E/kT)/(kT)². S0 at other angles than the normal is
    assumed to be that of the normal energy E cos²ϑ (or of the total energy, as `scaling` says).
    With S0 averaged so, the rate coefficient is

        k = ⟨S0⟩ √(kT / 2πM).

    Args:
        library: computed points, at normal incidence.
        gas_K: temperature of the gas.
        levels: all that are populated, from `scatter.ebk.levels`.
        scaling: "normal" or "total".
        conserved: see `populations`.
        nearest_J: see `beam_sticking`.
        rises: see `beam_sticking`.

    Raises:
        UserError: the points are not at normal incidence.
    """
    kT = K * gas_K
    shares = populations(levels, library.molecule, gas_K, gas_K, conserved, library.masses_amu)
    energies = boltzmann_energies(kT, 0 if scaling == "normal" else 1, library.nodes())
    molecules = ensemble(shares, *energies)
    sampled = Sampled.of_states(library.at_normal_incidence(), molecules.states, nearest_J)
    mean, cover = mean_sticking(sampled, molecules, rises), molecules.cover(sampled)
    flux = sqrt(kT / (2 * pi * library.mass_amu)) / m_s
    return ThermalSticking(
        **asdict(cover),
        gas_K=gas_K,
        scaling=scaling,
        **_sticking(mean),
        rate_m_s=flux * mean.value,
        rate_low_m_s=flux * mean.low,
        rate_high_m_s=flux * mean.high,
    )


def boltzmann_energies(
    kT: float, power: int, breaks: Float[np.ndarray, " break"]
) -> tuple[PerEnergy, PerEnergy]:
    """Energies (eV) and weights of sum one for averages over E^power exp(-E/kT)."""
    highest = max(_HOTTEST * kT, float(breaks[-1]) + 10 * kT)
    return quadrature(lambda E: E**power * np.exp(-E / kT), 0.0, highest, breaks)


def _sticking(mean: Average) -> dict[str, float]:
    """The average under the names of a sticking probability."""
    named = asdict(mean)
    return {"S0": named.pop("value"), **named}
