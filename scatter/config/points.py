"""The points of a campaign: every combination of its conditions, and their random streams."""

import json
from collections.abc import Sequence
from hashlib import sha256
from itertools import product
from math import nan

import numpy as np

from scatter.conditions import CONDITIONS, OF_KIND, Conditions, applying, condition_columns
from scatter.config.tables import Input
from scatter.shapes import Int

# Text of any length; the metadata is what makes h5py write it as variable-length UTF-8.
TEXT = np.dtype("O", metadata={"vlen": str})
ON_THE_WAY = 1  # tells it from the streams of starts, which have no fourth part


class Point(Conditions):
    """One set of physical conditions."""

    @property
    def key(self) -> int:
        """64 bits that name these conditions, and no others, in every campaign.

        The first eight bytes of the SHA-256 of the conditions as JSON, with floats in their
        shortest form that reads back the same. What does not apply to the projectile is left out.
        """
        values = {name: getattr(self, name) for name in applying(self)}
        for name, value in values.items():
            if CONDITIONS[name].kind == "f8" and value is not None:
                values[name] = float(value) + 0.0  # 600 and 600.0 are one value, 0 and -0.0 too
        digest = sha256(json.dumps([*values.values()]).encode()).digest()
        return int.from_bytes(digest[:8], "big")


def points(settings: Input) -> list[Point]:
    """Every point of the campaign once, the last condition varying fastest.

    The order is facet, surface temperature, molecule, v, J, m_J, energy, polar angle, azimuth.
    """
    incidence = settings.incidence
    angles = product(incidence.energies, incidence.polars, incidence.azimuths)
    return [
        Point(*system, *internal[:4], *approach, state=internal.state)
        for system, internal, approach in product(settings.surface.systems, settings.states, angles)
    ]


def point_type(names: Sequence[str]) -> np.dtype:
    """The type of a row of `/points` that holds these conditions."""
    columns = condition_columns(names)
    return np.dtype(
        [("point", "u4"), *((n, TEXT if kind == "str" else kind) for n, kind, *_ in columns)]
    )


POINTS = {kind: point_type(names) for kind, names in OF_KIND.items()}  # by kind of projectile
POINT = POINTS["diatomic"]


def points_table(points: list[Point]) -> np.ndarray:
    """The table `/points`: a structured array of `point_type`, one row per point.

    It holds the conditions that apply to the projectiles of the campaign, all of one kind. What was
    not chosen is NaN: m_J of isotropic molecules, random azimuths.
    """
    names = applying(points[0])
    chosen = [[getattr(point, name) for name in names] for point in points]
    rows = [
        (number, *(nan if value is None else value for value in values))
        for number, values in enumerate(chosen)
    ]
    return np.array(rows, point_type(names))


def stream(seed: int, key: int, number: int, branch: int = 0) -> np.random.Generator:
    """Random numbers of one trajectory.

    They depend on the seed, the conditions of the point (`Point.key`), and the number and branch of
    the trajectory there alone, so it starts alike on any number of ranks, in any batch, on its own,
    and whatever other points the campaign has.
    """
    own = (key, number, branch) if branch else (key, number)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=own))


def stream_of_splitting(
    seed: int, key: int, replicate: int, level: int, move: int, slot: int
) -> np.random.Generator:
    """Random numbers of one draw or move of a point that is split.

    They depend on the arguments alone, the place of the start in its replicate among them, and
    share nothing with those of `stream`. Where `move` is 0 behind a level, they are those of the
    copying there.
    """
    own = (key, replicate, level, move, slot)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=own))


def words_on_the_way(seed: int, key: int, number: int, branch: int = 0) -> Int[np.ndarray, "3"]:
    """Words of 32 bits that name the random numbers which a trajectory draws on its way.

    They depend on what `stream` depends on, and share nothing with the numbers that it gives. Two
    of 10⁹ trajectories have the same ones with a probability of 10⁻¹¹.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(key, number, branch, ON_THE_WAY))
    return sequence.generate_state(3).astype(np.int64)
