"""The time step that a campaign with `timestep_fs = "auto"` has chosen, as its folder says it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from scatter import store
from scatter.campaign.shaping import Manifest
from scatter.config import Input, Point, Source, added
from scatter.foreign import shown
from scatter.settings import UserError

STEP = "timestep_fs"  # in a manifest
LONGEST = 5.0  # fs


def with_step(input: Input, timestep_fs: float) -> Input:
    """The same input with a number for its time step."""
    dynamics = input.dynamics.model_copy(update={"timestep_fs": timestep_fs})
    return input.model_copy(update={"dynamics": dynamics})


def step_told(stated: object, file: Path) -> float | None:
    """The time step that a file says a campaign has chosen, fs; None if it says nothing.

    Raises:
        UserError: what it says cannot be a time step.
    """
    if stated is None or (isinstance(stated, float) and 0 < stated <= LONGEST):
        return stated
    raise UserError(
        f"{file}: time step {shown(stated)} is not a number from 0 to {LONGEST:g} fs; "
        "the file was changed, so make it again"
    )


def step_of(folder: Path) -> float | None:
    """The time step that the campaign in a folder has chosen, fs; None if there is none."""
    file = folder / store.MANIFEST
    return step_told(store.read_manifest(folder).get(STEP), file) if file.exists() else None


def as_told(source: Source, manifest: Manifest) -> Source:
    """An input with the time step that its campaign has chosen, if it is "auto".

    Raises:
        UserError: the campaign does not say it.
    """
    if source.input.dynamics.timestep_fs != "auto":
        return source
    step = step_told(manifest[STEP], source.path)
    if step is None:
        raise UserError(f"{source.path}: does not say the '{STEP}' of an automatic time step")
    return replace(source, input=with_step(source.input, step))


def untried(input: Input, folder: Path) -> list[Point]:
    """Points of an input that came after the campaign in a folder has chosen its time step."""
    return [*added(input, store.read_manifest(folder))] if step_of(folder) else []


def prepared_step(stated: Mapping[str, object], input: Input, file: Path) -> float | None:
    """The time step that trajectories of an input were prepared with, fs, if it is automatic.

    Args:
        stated: identity of the input that they were prepared of, whose time step is a number.
        input: of the campaign.
        file: that says so.
    """
    automatic = input.dynamics.timestep_fs == "auto"
    return step_told(stated.get(f"dynamics.{STEP}"), file) if automatic else None
