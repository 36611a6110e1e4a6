"""What a campaign's folder says of the campaign, so that nothing else is continued there."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scatter import store
from scatter.campaign.desorbing import CROSSED
from scatter.campaign.parts import Parts
from scatter.campaign.prepare import Prepared
from scatter.campaign.provenance import provenance
from scatter.campaign.ranks import Ranks
from scatter.campaign.reacting import refuse_bounces_elsewhere
from scatter.campaign.shaping import (
    BATHS,
    CHAINS,
    FRICTION,
    SLABS,
    Manifest,
    completed,
    refuse_another,
    refuse_other_columns,
    shaping,
)
from scatter.campaign.thermal import ThermalSlab
from scatter.campaign.timestep import STEP
from scatter.config import Source, added, identity, may_differ, order_told, points_in
from scatter.initial.projectile import Diatomic
from scatter.potentials.base import Guard, Potential
from scatter.rows import ATOMS


def manifest_of(
    source: Source,
    potential: Potential,
    starts: Potential | None,
    guards: tuple[Guard, ...],
    parts: Parts,
    folder: Path,
    ranks: Ranks,
) -> dict[str, Any]:
    """What this campaign is; the one already in the folder, if it is the same.

    Raises:
        UserError: the folder holds another campaign, or this one under other conditions.
    """
    refuse_bounces_elsewhere(source.input, potential)
    first = starts or potential.host
    shaped = shaping(potential, first, guards, parts.identity)
    made = {
        "input": source.text,
        "identity": identity(source.input),
        "seed": source.input.run.seed,
        "angular_momentum": "L² = J(J+1) ħ²",
        "top_plane": "mean z of the ideal outermost layer's atoms; on (211) three rows",
        "potential": potential.description,
        "starts": first.description,
        "endings": [list(ending) for ending in parts.own],
        "columns": [list(column) for column in parts.columns],
        **shaped,
        **provenance(),
        "ranks": ranks.size,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    if not (folder / store.MANIFEST).exists():
        return made
    before = store.read_manifest(folder)
    free = may_differ(source.input, before)
    refuse_another(folder, before, {"identity": made["identity"], **shaped}, free)
    now = {name: made[name] for name in ("input", "identity")}
    kept = {name: value for name, value in completed(before).items() if name != store.POINTS}
    return {**kept, **now, **_grown(source, before, made["started"])}


def _grown(source: Source, before: Manifest, now: str) -> dict[str, Any]:
    """What a manifest says of points that have been added, and of the order of all."""
    more = added(source.input, before)
    history = [*before.get(store.GROWN, ()), f"{now}: {len(more)} points more"]
    grown = {store.GROWN: history} if more else {}
    return grown | order_told(points_in(source.input, before), source.input)


def write_slabs(folder: Path, manifest: Manifest, computed: Manifest) -> None:
    """Write what this campaign is, slabs included, into its folder.

    Raises:
        UserError: trajectories in the folder started on other slabs or chains, in other baths, or
            felt other electrons; or their rows have other columns.
    """
    if SLABS in manifest:
        named = (SLABS, BATHS, CHAINS, FRICTION)
        shaped = _known({name: computed[name] for name in named if name in computed}, manifest)
        refuse_another(folder, manifest, shaped)
        refuse_other_columns(folder, manifest, computed)
    store.write_manifest(folder, {**manifest, **computed})


def computed(prepared: Prepared, parts: Parts, step_fs: float | None) -> dict[str, Any]:
    """What a campaign says of itself that had to be computed.

    Args:
        prepared: what its trajectories start from.
        parts: those of the user's own.
        step_fs: an automatic time step.
    """
    record = {
        "lattice_constant_A": {slab.name: slab.lattice_constant for slab in prepared.slabs},
        **_ratios(prepared.slabs),
        SLABS: prepared.identities,
        "molecules": {
            formula: _columns(projectile)
            for formula, projectile in prepared.projectiles.items()
            if isinstance(projectile, Diatomic)
        },
        **({"atoms": prepared.atoms} if prepared.atoms != ATOMS else {}),
        **({} if step_fs is None else {STEP: step_fs}),
        **({"projectile": parts.kind} if parts.kind != Parts.kind else {}),
        **_of_crossings(prepared),
        **({BATHS: prepared.baths} if prepared.baths else {}),
        **_of_electrons(prepared),
    }
    if prepared.columns != parts.columns:
        record["columns"] = [list(column) for column in prepared.columns]
    return record


def _of_crossings(prepared: Prepared) -> dict[str, Any]:
    """What is known of the chains on dividing surfaces, where molecules desorb."""
    if not prepared.crossings:
        return {}
    named = {f"{f} {T_K:g} K {m}": each for (f, T_K, m), each in prepared.crossings.items()}
    return {
        CROSSED: {name: crossed.record for name, crossed in named.items()},
        CHAINS: {name: crossed.identity for name, crossed in named.items()},
    }


def _of_electrons(prepared: Prepared) -> dict[str, Any]:
    """What is known of the electrons, where they are felt."""
    electrons = prepared.electrons
    if electrons is None:
        return {}
    heated = {store.TEMPERATURES: electrons.heated} if electrons.heated else {}
    return {FRICTION: electrons.record, **heated}


def _ratios(slabs: Sequence[ThermalSlab]) -> dict[str, dict[str, float]]:
    """The ratio c/a of each slab of a hcp crystal."""
    ratios = {f"{slab.facet} {slab.T_K:g} K": slab.c_over_a for slab in slabs if slab.c_over_a}
    return {"c_over_a": ratios} if ratios else {}


def _columns(molecule: Diatomic) -> dict[str, list[float]]:
    """A molecule as results hold it, so that final states can be read from them alone."""
    curve = molecule.curve
    columns = {"masses_amu": molecule.masses, "bond_A": curve.r, "energy_eV": curve.V}
    return {name: values.tolist() for name, values in columns.items()}


def _known(now: Manifest, then: Manifest) -> Manifest:
    """The entries of now that a folder has too; those that were added are left out."""
    return {
        key: _known(value, then[key]) if isinstance(value, dict) else value
        for key, value in now.items()
        if key in then
    }
