"""How a campaign grows: points are added in its folder, and those that are there keep their place.

The trajectories in a folder name their point by its number there, so points stand in the order in
which they came: the first input's in the order of its lists, then what each later input added.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scatter import store
from scatter.config.identity import LATTICE, OF_POINTS
from scatter.config.points import Point, points
from scatter.config.reading import parse
from scatter.config.tables import Input
from scatter.phrases import counted
from scatter.settings import UserError

POINTS = store.POINTS  # of a manifest: keys in the order of coming, where it is not the lists'

Manifest = Mapping[str, Any]  # what a manifest says


def points_in(settings: Input, manifest: Manifest) -> list[Point]:
    """The points of a campaign, in the order in which they came to its folder.

    Args:
        settings: the campaign's.
        manifest: what the folder says of it; nothing where there is none yet.

    Raises:
        UserError: the folder names a point that the settings do not have.
    """
    own = {point.key: point for point in points(settings)}
    before = known_keys(manifest)
    if lost := [key for key in before if key not in own]:
        raise UserError(
            f"the campaign's folder holds {counted(len(lost), 'point')} that the input does "
            "not name; conditions can be added to a campaign, but not removed"
        )
    return [own[key] for key in dict.fromkeys([*before, *own])]


def points_of(folder: Path, settings: Input) -> list[Point]:
    """The same, by what a folder says, if a campaign was run there."""
    there = (folder / store.MANIFEST).exists()
    return points_in(settings, store.read_manifest(folder) if there else {})


def known_keys(manifest: Manifest) -> list[int]:
    """Keys of the points that a folder knows, in order.

    Raises:
        UserError: they are not keys.
    """
    if POINTS not in manifest:
        before = _input(manifest)
        return [point.key for point in points(before)] if before else []
    try:
        return [int(key, 16) for key in manifest[POINTS]]
    except (TypeError, ValueError) as error:
        raise UserError(
            f"{store.MANIFEST}: its '{POINTS}' are not keys of points ({error})"
        ) from error


def order_told(came: Sequence[Point], settings: Input) -> dict[str, list[str]]:
    """What a manifest has to say of the order of points; nothing where it is that of the lists."""
    keys = [point.key for point in came]
    usual = [point.key for point in points(settings)]
    return {} if keys == usual else {POINTS: [f"{key:016x}" for key in keys]}


def added(settings: Input, manifest: Manifest) -> Sequence[Point]:
    """The points that a folder does not know yet."""
    before = set(known_keys(manifest))
    return [point for point in points(settings) if point.key not in before]


def may_differ(settings: Input, manifest: Manifest) -> set[str]:
    """The keys of the input in which a campaign may differ from the one in its folder.

    Those that name its conditions, if all points are still among them; and those that name lattice
    constants, if each slab of before keeps its own.
    """
    before = _input(manifest)
    if before is None or not set(known_keys(manifest)) <= {point.key for point in points(settings)}:
        return set()
    old, new = before.surface, settings.surface
    same = all(old.given_lattice(T) == new.given_lattice(T) for _, T in old.systems)
    return {*OF_POINTS, *(LATTICE if same else ())}


def _input(manifest: Manifest) -> Input | None:
    """The input that a folder holds; None where there is none that this version can read."""
    try:
        return parse(Path(store.MANIFEST), manifest["input"]).input if "input" in manifest else None
    except UserError:
        return None
