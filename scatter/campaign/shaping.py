"""What shapes the bits of a campaign's trajectories besides its input, and may not change."""

from collections.abc import Mapping
from typing import Any

from scatter.kernels import kernel
from scatter.outcomes import SCHEMA
from scatter.potentials.base import Guard, Potential


def shaping(potential: Potential, starts: Potential, guards: tuple[Guard, ...]) -> dict[str, Any]:
    """It, as a campaign's manifest holds it.

    Args:
        potential: that the trajectories run on.
        starts: that slabs and molecules begin on.
        guards: that measure beside the dynamics.
    """
    domain = getattr(potential, "domain", None)
    return {
        "potential_sha256": potential.identity,
        "starts_sha256": starts.identity,
        "domain": domain.told() if domain else {},
        "guards_sha256": {guard.column: guard.identity for guard in guards},
        "schema": SCHEMA,
        "kernel": kernel(),
    }


def completed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest with what older ones do not say, since it could not be otherwise."""
    unsaid = {"starts_sha256": manifest["potential_sha256"], "domain": {}, "guards_sha256": {}}
    return unsaid | dict(manifest)


def another(manifest: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first of `shaping` that is not what the manifest names, with both; empty if all are."""
    then = completed(manifest)
    changed = [key for key, value in now.items() if then[key] != value]
    return f"{changed[0]} ({then[changed[0]]}, and now {now[changed[0]]})" if changed else ""
