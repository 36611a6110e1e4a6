"""Whether thermal snapshots are what they should be: at their temperature, solid, and settled.

Bounds are five standard errors, with the effective number of samples: n snapshots whose
autocorrelation along a replica is ρ_k count as n / g, with g = 1 + 2 Σ_k (1 - k/rounds) ρ_k.
Source of g: Chodera et al., J. Chem. Theory Comput. 3, 26 (2007).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from scatter.initial.slab import layers, nearest_neighbour, slab_masses
from scatter.initial.snapshots import Snapshots
from scatter.settings import UserError
from scatter.state import System
from scatter.units import K

SIGMAS = 5
# In nearest-neighbour distances: crystals melt at 0.1 to 0.15 (Lindemann). On copper slabs we find
# 0.08 to 0.10 at 925 K, where all facets are solid, and 0.20 on a melting (110) at 1400 K.
MELTED = 0.15

LONGER = "lengthen equilibrate_fs"
FINER = "lengthen equilibrate_fs or shorten timestep_fs"
SOLID = "lower temperature_K, or check the lattice constant and the potential"


@dataclass(frozen=True)
class Finding:
    """One quantity measured on the snapshots, what it should be, and how far off it may be."""

    name: str
    unit: str
    value: float
    expected: float
    tolerance: float
    advice: str

    @property
    def passed(self) -> bool:
        """Whether the value lies within the tolerance; NaN does not."""
        return abs(self.value - self.expected) <= self.tolerance

    def __str__(self) -> str:
        return (
            f"{self.name} is {self.value:.4g}{self.unit}, "
            f"not {self.expected:.4g} ± {self.tolerance:.2g}{self.unit}"
        )


def check_snapshots(
    snapshots: Snapshots,
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    temperature_K: float,
) -> None:
    """Refuse snapshots that fail a finding.

    Raises:
        UserError: the first finding that fails, with its numbers and the likely fix.
    """
    for finding in findings(snapshots, system, ideal, temperature_K):
        if not finding.passed:
            raise UserError(
                f"[surface.thermalise]: in the {len(snapshots)} snapshots at {temperature_K:g} K "
                f"{finding}; {finding.advice}"
            )


def findings(
    snapshots: Snapshots,
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    temperature_K: float,
) -> list[Finding]:
    """What is measured on snapshots, the likeliest cause of trouble first.

    Displacements from the ideal sites; drift of the potential energy between the first and the
    second half; kinetic temperature 2 E_kin / (k_B f), f = 3 x moving atoms, of the whole slab,
    of each direction, and of each layer.

    Args:
        snapshots: of all replicas, or of some.
        system: the slab.
        ideal: where its atoms started, Å.
        temperature_K: the temperature that was asked for, K; a slab at rest has no findings.
    """
    if temperature_K == 0 or not system.moving.any():
        return []
    return [
        Finding(
            "the displacement from the ideal sites (rms, in nearest-neighbour distances)",
            "",
            displacement(snapshots, system, ideal),
            0.0,
            MELTED,
            f"the slab melts, or breaks up at a timestep_fs that is too large: {SOLID}",
        ),
        *_drift(snapshots),
        *_temperatures(snapshots, system, ideal, temperature_K),
    ]


def displacement(snapshots: Snapshots, system: System, ideal: Float[np.ndarray, "atom 3"]) -> float:
    """Rms displacement of the substrate's moving atoms, in nearest-neighbour distances.

    Adsorbates may wander over a solid; `adsorbates_moved` says how far.

    Each layer's mean displacement in each snapshot is removed first: its thermal expansion, and
    the sliding of whole layers, which a small cell allows far below melting.
    """
    substrate = np.delete(np.arange(len(system)), system.adsorbates)
    moved = (snapshots.positions - ideal)[:, substrate]
    for layer in layers(ideal[substrate]):
        moved[:, layer] -= moved[:, layer].mean(axis=1, keepdims=True)
    if not (moving := system.moving[substrate]).any():
        return 0.0
    squares = (moved[:, moving] ** 2).sum(axis=-1)
    return float(np.sqrt(squares.mean()) / nearest_neighbour(system, ideal))


def adsorbates_moved(
    snapshots: Snapshots, system: System, ideal: Float[np.ndarray, "atom 3"]
) -> str:
    """How far the adsorbates are from where they were put, in words; none are judged by it."""
    moved = (snapshots.positions - ideal)[:, system.adsorbates]
    strayed = float(np.sqrt((moved**2).sum(axis=-1).mean()))
    mobile = strayed > MELTED * nearest_neighbour(system, ideal)
    where = "mobile" if mobile else "at their sites"
    return f"adsorbates are {where}: {strayed:.2f} Å (rms) from where they were put"


def inefficiency(
    values: Float[np.ndarray, " snapshot"], replica: Int[np.ndarray, " snapshot"]
) -> float:
    """How many of these correlated values weigh as much as one independent value: g >= 1.

    The autocorrelation is averaged over the replicas and summed up to its first zero.
    """
    series = [values[replica == r] - values.mean() for r in np.unique(replica)]
    variance, rounds = values.var(), max(map(len, series))
    g = 1.0
    for lag in range(1, rounds):
        products = np.concatenate([s[:-lag] * s[lag:] for s in series])
        if variance == 0 or (correlation := products.mean() / variance) <= 0:
            break
        g += 2 * (1 - lag / rounds) * correlation
    return float(g)


def _drift(snapshots: Snapshots) -> list[Finding]:
    times = np.unique(snapshots.time)
    if len(times) < 2:
        return []
    early = snapshots.time < times[len(times) // 2]
    late = ~early
    energies = snapshots.energies
    means = energies[early].mean(), energies[late].mean()
    rest = energies - np.where(early, *means)
    weight = 1 / early.sum() + 1 / late.sum()
    error = np.sqrt(rest.var() * inefficiency(rest, snapshots.replica) * weight)
    drift = float(means[1] - means[0])
    return [
        Finding(
            "the drift of the potential energy from the first to the second half",
            " eV",
            drift,
            0.0,
            SIGMAS * float(error),
            f"it is not settled yet: {LONGER}",
        )
    ]


def _temperatures(
    snapshots: Snapshots,
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    temperature_K: float,
) -> list[Finding]:
    each = snapshots.momenta**2 / (slab_masses(system)[:, None] * K)
    groups = {"": each[:, system.moving]}
    for axis, name in enumerate("xyz"):
        groups[f" along {name}"] = each[:, system.moving, axis : axis + 1]
    moving = [layer[system.moving[layer]] for layer in layers(ideal)]
    for number, layer in enumerate(moving, 1):
        if len(layer):
            groups[f" of layer {number} from below"] = each[:, layer]
    findings_of_groups = []
    for name, group in groups.items():
        series = group.mean(axis=(1, 2))
        samples = group.size / inefficiency(series, snapshots.replica)
        findings_of_groups.append(
            Finding(
                f"the kinetic temperature{name}",
                " K",
                float(series.mean()),
                temperature_K,
                SIGMAS * temperature_K * float(np.sqrt(2 / samples)),
                FINER,
            )
        )
    return findings_of_groups
