"""The thermal slabs that trajectories begin on: every facet at every temperature of a campaign."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from jaxtyping import Float

from scatter.campaign.apart import energies, refuse_images, refuse_thin_vacuum
from scatter.campaign.ranks import Ranks
from scatter.config import Input
from scatter.initial import snapshots as cached
from scatter.initial.cache import digest
from scatter.initial.checks import adsorbates_moved, check_snapshots
from scatter.initial.lattice import lattice_constant_at
from scatter.initial.slab import build, described
from scatter.initial.snapshots import Snapshots, join
from scatter.initial.surface import Thermalise
from scatter.initial.thermalise import thermalise
from scatter.potentials.base import Potential, refuse_unknown_elements
from scatter.report.terminal import clock
from scatter.state import System

TELL_S = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class ThermalSlab:
    """One facet at one temperature.

    Attributes:
        facet: label of the surface.
        T_K: K.
        lattice_constant: Å; None for a slab from a file.
        system: its atoms.
        ideal: their ideal positions, Å.
        snapshots: thermal states.
        identity: hash of the snapshots.
    """

    facet: str
    T_K: float
    lattice_constant: float | None
    system: System
    ideal: Float[np.ndarray, "atom 3"]
    snapshots: Snapshots
    identity: str

    def highest(self, pool: range) -> float:
        """Height z of the highest atom of some of the snapshots, Å."""
        return float(self.snapshots.positions[pool.start : pool.stop, :, 2].max())


def moved_to(potential: Potential, input: Input, slab: ThermalSlab) -> ThermalSlab:
    """The slab with the energies that its snapshots have on another potential.

    Raises:
        UserError: the slab does not suit that potential.
    """
    refuse_unknown_elements(potential, slab.system)
    refuse_thin_vacuum(input, potential, slab.system, slab.ideal)
    refuse_images(input, potential, slab.system)
    its_energies = energies(potential, slab.system, slab.snapshots.positions)
    return replace(slab, snapshots=replace(slab.snapshots, energies=its_energies))


def thermal_slabs(input: Input, potential: Potential, ranks: Ranks, say: Say) -> list[ThermalSlab]:
    """Every facet at every temperature, thermalised; every rank must call this.

    Raises:
        UserError: a slab cannot be built, does not suit the input, or fails a check.
    """
    return [
        thermal_slab(input, potential, facet, T_K, ranks, say)
        for facet, T_K in input.surface.systems
    ]


def thermal_slab(
    input: Input, potential: Potential, facet: str, T_K: float, ranks: Ranks, say: Say
) -> ThermalSlab:
    """One facet at one temperature, from the cache or made; every rank must call this.

    Raises:
        UserError: it cannot be built, does not suit the input, or fails a check.
    """
    surface = input.surface
    constant = surface.given_lattice_constant(T_K) if surface.file is None else None
    if constant is None and surface.file is None:
        say(f"lattice constant of {surface.element} at {T_K:g} K on this potential ...")
        constant, error = ranks.share(
            lambda: lattice_constant_at(
                potential,
                surface.element,
                T_K,
                surface.thermalise,
                input.run.seed,
                telling(say, "lattice constant"),
            )
        )
        say(f"lattice constant at {T_K:g} K: {constant:.4f} ± {error:.4f} Å")
    system, ideal = ranks.share(lambda: _fitting_slab(input, potential, facet, constant))
    say(f"slab ({facet}): {described(system, ideal)}")
    settings = surface.thermalise.for_trajectories(input.sampling.most)
    seed, key = input.run.seed, slab_key(facet, T_K)
    place = cached.snapshots_key(system, ideal, potential, T_K, settings, seed, key)
    snapshots = ranks.share(lambda: cached.load_snapshots(place))
    if snapshots is None:
        say(f"slab ({facet}) at {T_K:g} K: thermalising {settings.replicas} replicas ...")
        snapshots = _thermalise(settings, seed, potential, system, ideal, T_K, key, ranks, say)
        ranks.share(lambda: cached.save_snapshots(place, snapshots))
    say(f"slab ({facet}) at {T_K:g} K: {len(snapshots)} thermal snapshots")
    if len(system.adsorbates):
        say(f"  {adsorbates_moved(snapshots, system, ideal)}")
    first = snapshots.first(
        surface.thermalise.pool(0).stop
    )  # all, or those of a campaign of any length
    return ThermalSlab(facet, T_K, constant, system, ideal, snapshots, digest(**vars(first)))


def _fitting_slab(
    input: Input, potential: Potential, facet: str, constant: float | None
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    """The ideal slab, once the potential knows its elements and its vacuum is thick enough."""
    system, ideal = build(input.surface, facet, constant)
    refuse_unknown_elements(potential, system)
    refuse_thin_vacuum(input, potential, system, ideal)
    refuse_images(input, potential, system)
    return system, ideal


def slab_key(facet: str, T_K: float) -> int:
    """A number that tells the random streams of one slab from those of all others."""
    return int.from_bytes(sha256(f"slab {facet} {T_K!r}".encode()).digest()[:8])


def _thermalise(
    settings: Thermalise,
    seed: int,
    potential: Potential,
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    T_K: float,
    key: int,
    ranks: Ranks,
    say: Say,
) -> Snapshots:
    """Thermal snapshots of a slab, checked; every rank runs its share of the replicas."""
    mine = range(ranks.rank, settings.replicas, ranks.size)
    part = None
    if mine:
        tell = telling(say, "thermalising")
        part = thermalise(system, ideal, potential, T_K, settings, seed, key, mine, tell)
    snapshots = join([part for part in ranks.gather(part) if part is not None])
    ranks.share(lambda: check_snapshots(snapshots, system, ideal, T_K))
    return snapshots


def telling(say: Say, what: str) -> Callable[[float], None]:
    """What says how much of some long work is done, every ten seconds at most."""
    began = last = time.monotonic()

    def tell(fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= TELL_S and fraction < 1:
            last = now
            say(f"  {what}: {fraction:.0%}, {clock((now - began) * (1 / fraction - 1))} left")

    return tell
