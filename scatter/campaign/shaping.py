"""What shapes the bits of a campaign's trajectories besides its input, and may not change."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from scatter.config import difference
from scatter.foreign import shown
from scatter.kernels import kernel
from scatter.outcomes import SCHEMA
from scatter.potentials.base import Guard, Potential
from scatter.rows import ATOMS
from scatter.settings import UserError

ELSEWHERE = "choose another output folder ([run] output; of validate, --output)"
SLABS = "slabs_sha256"
BATHS = "baths"
FRICTION = "friction"
CHAINS = "chains_sha256"  # of constrained dynamics, where molecules desorb

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
        "domain": domain.record() if domain else {},
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


def refuse_another(
    folder: Path, manifest: Manifest, now: Manifest, free: Collection[str] = ()
) -> None:
    """Raise UserError if a folder holds another campaign than the present one.

    Args:
        folder: the campaign's.
        manifest: what it holds.
        now: of the present one what is known by now: its identity, `shaping`, its slabs.
        free: keys of the input that may differ.
    """
    shaped = dict(now)
    differs = difference(manifest["identity"], shaped.pop("identity", manifest["identity"]), free)
    if differs:
        raise UserError(f"{folder} holds a different campaign: {differs}; {ELSEWHERE}")
    other = another(manifest, shaped)
    if other.startswith(SLABS):
        raise UserError(
            f"{folder} holds this campaign on a different slab: the file of [surface] has "
            f"changed, or this version makes slabs differently; {ELSEWHERE}"
        )
    if other:
        raise UserError(
            f"{folder} holds this campaign from before a change of {other}: trajectories would not "
            f"be comparable; {ELSEWHERE}"
        )


def refuse_other_columns(folder: Path, manifest: Manifest, now: Manifest) -> None:
    """Raise UserError if what was added has other columns than what a folder holds."""
    usual = {"atoms": ATOMS, "columns": []}
    for key, of_before in usual.items():
        if manifest.get(key, of_before) != now.get(key, manifest.get(key, of_before)):
            raise UserError(
                f"{folder} holds this campaign with molecules of which other columns are written "
                f"({key}: {shown(manifest.get(key, of_before), 200)}, and now "
                f"{shown(now[key], 200)}); {ELSEWHERE}"
            )
