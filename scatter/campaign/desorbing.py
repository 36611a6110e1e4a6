"""Where molecules that desorb begin: chains on dividing surfaces, shared by ranks and cached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from typing import Any

import numpy as np

from scatter.campaign.ranks import Ranks
from scatter.campaign.thermal import Say, ThermalSlab, telling
from scatter.config import Input
from scatter.dynamics.constrained import DividingSurface
from scatter.dynamics.guards import bounds_of
from scatter.initial import cache
from scatter.initial.crossings import FLOOR_A, LENGTH, STEP_FS, Chains, Crossings, joined
from scatter.initial.incidence import BELOW_A, DIVIDE_A, EVERY_FS
from scatter.initial.projectile import Diatomic, Projectile
from scatter.kernels import kernel
from scatter.potentials.base import Potential

CROSSED = "dividing_surfaces"  # in a manifest
TOGETHER = 8  # chains that move in one batch, and are one file of the cache
Where = tuple[str, float, str]  # facet, temperature, formula


@dataclass(frozen=True)
class Crossed:
    """A dividing surface, and where molecules cross it.

    Attributes:
        surface: bond and heights.
        crossings: drawn from the canonical law on it.
    """

    surface: DividingSurface
    crossings: Crossings

    @property
    def identity(self) -> str:
        """Hash of the first chain, which campaigns of any length have."""
        return cache.digest(positions=self.crossings.positions[:LENGTH])

    @property
    def record(self) -> dict[str, Any]:
        """As a results file keeps it, so that thermal sticking follows from that alone."""
        partition, error = self.crossings.partition(self.surface)
        return {
            "bond_A": self.surface.bond,
            "floor_A": self.surface.floor,
            "ceiling_A": self.surface.ceiling,
            "partition_A": partition,
            "partition_error_A": error if np.isfinite(error) else None,
            "chains": len(self.crossings.inserted),
        }


def surface_of(input: Input, slab: ThermalSlab) -> DividingSurface:
    """The dividing surface above a slab; heights count from its top plane at rest."""
    top, table = slab.system.top_plane(slab.ideal), input.incidence
    below = table.below_A or BELOW_A
    return DividingSurface(table.divide_A or DIVIDE_A, top + FLOOR_A, top + below)


def crossed_by(
    input: Input,
    potential: Potential,
    slabs: Sequence[ThermalSlab],
    fired: Mapping[str, Projectile],
    ranks: Ranks,
    say: Say,
) -> dict[Where, Crossed]:
    """Where each molecule crosses on each slab; every rank must call this, and runs its share.

    Args:
        input: of the campaign.
        potential: that the slabs are made on, on the CPU.
        slabs: thermalised.
        fired: diatomics by formula.
        ranks: all of them.
        say: tells the user what takes long.

    Raises:
        UserError: no molecule fits on a surface, or a chain flies apart.
    """
    if input.kind != "desorption":
        return {}
    made = {}
    for slab in slabs:
        for formula, diatomic in fired.items():
            assert isinstance(diatomic, Diatomic)
            chains = chains_of(input, potential, slab, formula, diatomic)
            crossings = _made(input, potential, slab, formula, chains, ranks, say)
            made[slab.facet, slab.T_K, formula] = Crossed(chains.surface, crossings)
    return made


def chains_of(
    input: Input, potential: Potential, slab: ThermalSlab, formula: str, diatomic: Diatomic
) -> Chains:
    """How the chains of a molecule on a slab are run."""
    system = slab.system.with_projectile(*diatomic.numbers)
    settings = input.surface.thermalise
    digest = sha256(f"crossings {slab.facet} {slab.T_K!r} {formula}".encode()).digest()
    return Chains(
        system=system,
        masses=diatomic.masses,
        surface=surface_of(input, slab),
        T_K=slab.T_K,
        least=diatomic.curve.minimum,
        bounds=bounds_of(potential.domain, input.guards, input.stop, system),
        every_fs=input.incidence.every_fs or EVERY_FS,
        friction_per_fs=settings.friction_per_fs,
        timestep_fs=min(settings.timestep_fs, STEP_FS),
        seed=input.run.seed,
        key=int.from_bytes(digest[:8]),
    )


def _made(
    input: Input,
    potential: Potential,
    slab: ThermalSlab,
    formula: str,
    chains: Chains,
    ranks: Ranks,
    say: Say,
) -> Crossings:
    """The crossings of as many chains as the campaign has starts for, from the cache or made."""
    every = range(ceil(input.sampling.trajectories / LENGTH))
    batches = [every[first : first + TOGETHER] for first in range(0, len(every), TOGETHER)]
    say(
        f"{formula} on ({slab.facet}) at {slab.T_K:g} K, bond {chains.surface.bond:g} Å: "
        f"{len(every)} chains of constrained dynamics ..."
    )
    mine, tell = batches[ranks.rank :: ranks.size], telling(say, "dividing surface")
    parts = []

    def run() -> None:
        for done, batch in enumerate(mine):
            parts.append(_batch(input, potential, slab, chains, batch))
            tell((done + 1) / len(mine))

    ranks.agree(run)
    return joined([part for each in ranks.gather(parts) for part in each])


def _batch(
    input: Input, potential: Potential, slab: ThermalSlab, chains: Chains, batch: Sequence[int]
) -> Crossings:
    """Some chains, from the cache or made."""
    bounds, system = chains.bounds, chains.system
    place = cache.digest(
        kind="crossings",
        potential=potential.identity,
        slab=slab.identity,
        numbers=system.numbers,
        cell=system.cell,
        moving=system.moving,
        masses=chains.all_masses,
        closest=np.asarray(bounds.closest),
        settings=repr(
            (chains.surface, chains.T_K, chains.least, chains.every_fs, chains.friction_per_fs)
        ),
        timestep_fs=chains.timestep_fs,
        seed=chains.seed,
        key=chains.key,
        chains=np.array(batch),
        kernel=kernel(),
    )
    crossings = cache.load(place, Crossings)
    if crossings is None:

        def pool(number: int) -> range:
            return input.surface.pool(number, slab.T_K)

        crossings = chains.run(potential, slab.snapshots, pool, [*batch])
        cache.save(place, crossings)
    return crossings
