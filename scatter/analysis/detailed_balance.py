"""The flux that desorbs, by detailed balance from computed sticking probabilities."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from scatter.analysis.averages import Cover, Ensemble, mean_of_stuck, populations
from scatter.analysis.beam import boltzmann_energies, ensemble, m_s
from scatter.analysis.library import Library, PerEnergy, Sampled
from scatter.ebk import Level
from scatter.units import K

Direction = Literal["normal", "all"]
Detector = Literal["flux", "density"]
_PER_MM_US = 1e3  # m/s in a millimetre per microsecond

Per = Float[np.ndarray, " value"]


@dataclass(frozen=True)
class Spectrum:
    """A distribution of integral one, with the 95 % interval of each value by itself.

    Attributes:
        x: energies (eV) or times of flight (µs).
        density: per eV or per µs.
        low: lower end of its interval.
        high: upper end.
    """

    x: Per
    density: Per
    low: Per
    high: Per


@dataclass(frozen=True)
class Desorption(Cover):
    """What desorbs from a surface; see `Average` for the numbers of the mean energy.

    The fractions `below` and `above` are of the desorbing flux; `lacking` and `stood_in` are of
    the Boltzmann weight.

    Attributes:
        surface_K: temperature.
        direction: "normal", into a small detector along the surface normal, where the energy is
            the whole translational energy; or "all" directions, where it is the normal part.
        mean_energy_eV: mean of that energy.
        mass_amu: of the molecule.
        molecules: what hits the surface in equilibrium, which desorption reverses.
        sampled: S0 of these.
        rises: whether the bounds trust that S0 never falls with the energy.
    """

    surface_K: float
    direction: Direction
    mean_energy_eV: float
    low: float
    high: float
    lowest: float
    highest: float
    interpolation: float
    mass_amu: float
    molecules: Ensemble
    sampled: Sampled
    rises: bool

    @property
    def followed(self) -> str:
        """What S0 is between the points, in a sentence."""
        fits = [fit for fit in self.sampled.fits if fit is not None]
        if not fits:
            return "S0 is linear between the points; no curve could be fitted to them"
        forms = ", ".join(sorted({fit.form for fit in fits}))
        words = f"S0 is that of fits ({forms}) to {len(fits)} of {len(self.sampled.fits)} curves"
        return words + ", and linear between the points of the others" * (self.fitted < 1)

    def states(self) -> pd.DataFrame:
        """Shares of the states, those that the library lacks left out.

        Returns:
            v and J; `boltzmann`, the share in equilibrium at the surface temperature; P, that in
            what desorbs in states that are known, with the other numbers of `Average`.
        """
        return pd.DataFrame(
            [
                {"v": v, "J": J, "boltzmann": float(share.sum()), **self._share(i)}
                for i, ((v, J), share) in enumerate(
                    zip(self.molecules.states, self.molecules.weight, strict=True)
                )
                if self.sampled.known[i]
            ]
        )

    def _share(self, state: int) -> dict[str, float]:
        counted = np.zeros_like(self.molecules.weight)
        counted[state] = 1
        mean = asdict(mean_of_stuck(self.sampled, self.molecules, counted, self.rises))
        return {"P": mean.pop("value"), **mean}

    def energy_spectrum(self, energy_eV: Per) -> Spectrum:
        """The flux by energy, Σ_vJ S0(E; v, J) P(v, J) E^p exp(-E/kT), p = 1 or 0 ("all")."""
        return self._spectrum(energy_eV, energy_eV, np.ones_like(energy_eV), by_density=False)

    def time_of_flight(
        self, time_us: Per, length_mm: float, detector: Detector = "flux"
    ) -> Spectrum:
        """What a detector sees after a flight, by F(t) = F(E) dE/dt = F(E) 2E/t, E = ½M(L/t)².

        Args:
            time_us: times of flight, µs, all positive.
            length_mm: of the flight, mm.
            detector: "flux" counts every molecule that arrives; "density", as an ionising one,
                counts each for as long as it stays, F(t)/v.
        """
        v = length_mm / time_us * _PER_MM_US * m_s
        energy = 0.5 * self.mass_amu * v * v
        factor = 2 * energy / time_us
        if detector == "density":
            return self._spectrum(time_us, energy, factor / v, by_density=True)
        return self._spectrum(time_us, energy, factor, by_density=False)

    def flight_us(self, energy_eV: float, length_mm: float) -> float:
        """Time of flight (µs) over a length (mm) at a translational energy (eV)."""
        return float(length_mm * _PER_MM_US * m_s / np.sqrt(2 * energy_eV / self.mass_amu))

    def _spectrum(self, x: Per, energy: Per, factor: Per, by_density: bool) -> Spectrum:
        """Factor · flux(energy) over its whole, each with its error."""
        whole, at = self.molecules, self._density(energy) * factor
        slowness = np.sqrt(self.mass_amu / (2 * whole.energy)) if by_density else 1.0
        weight = whole.weight * slowness
        norm = float((weight * self.sampled.S0(whole.energy)).sum()) or np.nan
        density = (at * self.sampled.S0(energy)).sum(axis=0) / norm
        of_norm = self.sampled.pull_of_sum(weight, whole.energy)
        c = (self.sampled.pull(at, energy) - density[:, None] * of_norm) / norm
        low, high = self.sampled.interval(density, c)
        return Spectrum(x, density, np.maximum(low, 0.0), high)

    def _density(self, energy: PerEnergy) -> Float[np.ndarray, "state energy"]:
        """Equilibrium flux of each state by energy, per eV."""
        kT = K * self.surface_K
        power = 1 if self.direction == "normal" else 0
        density = (energy / kT) ** power * np.exp(-energy / kT) / kT
        return np.outer(self.molecules.weight.sum(axis=1), density)


def desorption(
    library: Library,
    levels: Sequence[Level],
    surface_K: float,
    direction: Direction = "normal",
    *,
    nearest_J: bool = False,
    rises: bool = True,
) -> Desorption:
    """What desorbs, since in equilibrium every process is as frequent as its reverse.

        D(E, v, J) ∝ S0(E; v, J) E exp(-E/kT) g_J (2J + 1) exp(-E_vJ/kT)

    along the surface normal. Over all directions, with S0 a function of the normal energy E_n
    alone, the flux by E_n has exp(-E_n/kT) in place of E exp(-E/kT); motion along the surface then
    adds kT to the mean energy.

    Args:
        library: computed points at normal incidence, or curves `fitted` to them; the surface as
            hot as the one that desorbs.
        levels: all that are populated, from `scatter.ebk.levels`.
        surface_K: temperature of the surface.
        direction: "normal" or "all".
        nearest_J: see `beam_sticking`.
        rises: see `beam_sticking`.

    Raises:
        UserError: the points are not at normal incidence.
    Source: Michelsen & Auerbach, J. Chem. Phys. 94, 7502 (1991); Rettner, Michelsen & Auerbach,
        J. Chem. Phys. 102, 4625 (1995).
    """
    shares = populations(levels, library.molecule, surface_K, surface_K, False, library.masses_amu)
    power = 1 if direction == "normal" else 0
    molecules = ensemble(shares, *boltzmann_energies(K * surface_K, power, library.nodes()))
    sampled = Sampled.of_states(library.at_normal_incidence(), molecules.states, nearest_J)
    energy = np.broadcast_to(molecules.energy, molecules.weight.shape)
    mean = asdict(mean_of_stuck(sampled, molecules, energy, rises))
    return Desorption(
        **asdict(molecules.cover(sampled, stuck=True)),
        surface_K=surface_K,
        direction=direction,
        mean_energy_eV=mean.pop("value"),
        **mean,
        mass_amu=library.mass_amu,
        molecules=molecules,
        sampled=sampled,
        rises=rises,
    )
