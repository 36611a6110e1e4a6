"""What a campaign's folder says of the campaign, so that nothing else is gone on with there."""

import time
from pathlib import Path
from typing import Any

from scatter import store
from scatter.campaign.parts import Parts
from scatter.campaign.provenance import provenance
from scatter.campaign.ranks import Ranks
from scatter.campaign.shaping import SLABS, Manifest, completed, refuse_another, shaping
from scatter.config import Source, identity
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
    refuse_another(folder, before, {"identity": made["identity"], **shaped})
    return {**completed(before), "input": made["input"], "identity": made["identity"]}


def write_slabs(folder: Path, manifest: Manifest, told: Manifest) -> None:
    """Write what this campaign is, slabs included, into its folder.

    Raises:
        UserError: trajectories in the folder started on other slabs.
    """
    if SLABS in manifest:
        refuse_another(folder, manifest, {SLABS: told[SLABS]})
    store.write_manifest(folder, {**manifest, **told})
