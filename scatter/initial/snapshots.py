"""Thermal states of a slab as arrays, and their place in the cache."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Int

from scatter.initial import cache
from scatter.initial.surface import Thermalise
from scatter.kernels import kernel
from scatter.potentials.base import Potential
from scatter.saved import Saved
from scatter.state import System


@dataclass(frozen=True)
class Snapshots(Saved):
    """Thermal states of one slab, in increasing order of their numbers.

    Attributes:
        number: s, which runs from 0 over all replicas' snapshots.
        replica: the replica that it was taken of.
        time: since that replica's start, Å sqrt(amu/eV).
        positions: Å.
        momenta: amu Å / time unit, zero for frozen atoms.
        energies: potential energy, eV.
    """

    number: Int[np.ndarray, " snapshot"]
    replica: Int[np.ndarray, " snapshot"]
    time: Float[np.ndarray, " snapshot"]
    positions: Float[np.ndarray, "snapshot atom 3"]
    momenta: Float[np.ndarray, "snapshot atom 3"]
    energies: Float[np.ndarray, " snapshot"]

    def __len__(self) -> int:
        return len(self.number)

    def first(self, count: int) -> "Snapshots":
        """The first ones."""
        return Snapshots(**{name: values[:count] for name, values in vars(self).items()})


def join(parts: Sequence[Snapshots]) -> Snapshots:
    """All snapshots of several shares of the replicas."""
    order = np.argsort(np.concatenate([part.number for part in parts]))
    names = [field.name for field in fields(Snapshots)]
    return Snapshots(
        **{name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names}
    )


def snapshots_key(
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    potential: Potential,
    temperature_K: float,
    settings: Thermalise,
    seed: int,
    key: int,
) -> str:
    """The name in the cache of what `thermalise` makes of the same arguments."""
    # left out where they are the standard ones, so that what was kept before is found
    masses = {} if system.slab_masses is None else {"masses": system.slab_masses}
    return cache.digest(
        **masses,
        kind="snapshots",
        potential=potential.identity,
        numbers=system.numbers,
        cell=system.cell,
        pbc=np.array(system.pbc),
        moving=system.moving,
        ideal=ideal,
        temperature_K=float(temperature_K),
        settings=settings.model_dump_json(),
        seed=seed,
        key=key,
        kernel=kernel(),
    )


def load_snapshots(place: str) -> Snapshots | None:
    """The snapshots of that name in the cache; None where there are none, or none intact."""
    return cache.load(place, Snapshots)


def save_snapshots(place: str, snapshots: Snapshots) -> None:
    """Keep snapshots in the cache under that name."""
    cache.save(place, snapshots)
