"""What shapes the bits of a campaign's trajectories besides its input, and may not change."""

from collections.abc import Mapping
from typing import Any

from scatter.foreign import shown
from scatter.kernels import kernel
from scatter.outcomes import SCHEMA
from scatter.potentials.base import Guard, Potential


def shaping(
    potential: Potential,
    starts: Potential,
    guards: tuple[Guard, ...],
    parts: Mapping[str, Any] | None = None,
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


def completed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest with what older ones do not say, since it could not be otherwise."""
    potential = manifest.get("potential_sha256")
    unsaid = {"starts_sha256": potential, "domain": {}, "guards_sha256": {}, "parts": {}}
    return unsaid | dict(manifest)


def another(manifest: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first of `shaping` that is not what the manifest names, with both; empty if all are.

    What a manifest does not name is not known to be the same.
    """
    then = completed(manifest)
    for key, value in now.items():
        if then.get(key) != value:
            return f"{key} ({shown(then.get(key, 'not told'), 200)}, and now {value})"
    return ""
