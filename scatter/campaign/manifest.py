"""What a campaign's folder says of the campaign, so that nothing else is continued there."""

import time
from pathlib import Path
from typing import Any

from scatter import store
from scatter.campaign.parts import Parts
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
from scatter.config import Source, added, identity, may_differ, order_told, points_in
from scatter.potentials.base import Guard, Potential


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


def _known(now: Manifest, then: Manifest) -> Manifest:
    """The entries of now that a folder has too; those that were added are left out."""
    return {
        key: _known(value, then[key]) if isinstance(value, dict) else value
        for key, value in now.items()
        if key in then
    }
