"""What shapes the bits of a campaign's trajectories besides its input, and may not change."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scatter.config import difference
from scatter.foreign import shown
from scatter.kernels import kernel
from scatter.outcomes import SCHEMA
from scatter.potentials.base import Guard, Potential
from scatter.settings import UserError

ELSEWHERE = "choose another output folder ([run] output; of validate, --output)"
SLABS = "slabs_sha256"

Manifest = Mapping[str, Any]  # or a part of one, by its keys


def shaping(
    potential: Potential,
    starts: Potential,
    guards: tuple[Guard, ...],
    parts: Manifest | None = None,
) -> dict[str, Any]:
    """It, as a campaign's manifest holds it.

    Args:
        potential: that the trajectories run on.
        starts: that slabs and molecules begin on.
        guards: that measure beside the dynamics.
        parts: identity of what is of the user's own.
    """
    domain = potential.domain
    return {
        "potential_sha256": potential.identity,
        "starts_sha256": starts.identity,
        "domain": domain.told() if domain else {},
        "guards_sha256": {guard.column: guard.identity for guard in guards},
        "parts": dict(parts or {}),
        "schema": SCHEMA,
        "kernel": kernel(),
    }


def completed(manifest: Manifest) -> dict[str, Any]:
    """A manifest with what older ones do not say, since it could not be otherwise."""
    potential = manifest.get("potential_sha256")
    unsaid = {"starts_sha256": potential, "domain": {}, "guards_sha256": {}, "parts": {}}
    return unsaid | dict(manifest)


def another(manifest: Manifest, now: Manifest) -> str:
    """The first of `shaping` that is not what the manifest names, with both; empty if all are.

    What a manifest does not name is not known to be the same.
    """
    then = completed(manifest)
    for key, value in now.items():
        if then.get(key) != value:
            return f"{key} ({shown(then.get(key, 'not told'), 200)}, and now {value})"
    return ""


def refuse_another(folder: Path, manifest: Manifest, now: Manifest) -> None:
    """Raise UserError if a folder holds another campaign than the present one.

    Args:
        folder: the campaign's.
        manifest: what it holds.
        now: of the present one what is known by now: its identity, `shaping`, its slabs.
    """
    shaped = dict(now)
    differs = difference(manifest["identity"], shaped.pop("identity", manifest["identity"]))
    if differs:
        raise UserError(f"{folder} holds another campaign: {differs}; {ELSEWHERE}")
    other = another(manifest, shaped)
    if other.startswith(SLABS):
        raise UserError(
            f"{folder} holds this campaign on another slab: the file of [surface] has changed, or "
            f"the slabs are made otherwise in this version; {ELSEWHERE}"
        )
    if other:
        raise UserError(
            f"{folder} holds this campaign with another {other}: trajectories would not be alike; "
            f"{ELSEWHERE}"
        )
