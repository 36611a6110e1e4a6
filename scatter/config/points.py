"""The points of a campaign: every combination of its conditions, and their random streams."""

import json
from dataclasses import asdict, astuple
from hashlib import sha256
from itertools import product
from math import nan

import numpy as np

from scatter.conditions import CONDITIONS, Conditions, condition_columns
from scatter.config.tables import Input

# Text of any length; the metadata is what makes h5py write it as variable-length UTF-8.
TEXT = np.dtype("O", metadata={"vlen": str})
POINT = np.dtype(
    [
        ("point", "u4"),
        *((name, TEXT if kind == "str" else kind) for name, kind, *_ in condition_columns()),
    ]
)


class Point(Conditions):
    """One set of physical conditions."""

    @property
    def key(self) -> int:
        """64 bits that name these conditions, and no others, in every campaign.

        The first eight bytes of the SHA-256 of the conditions as JSON, with floats in their
        shortest form that reads back the same.
        """
        values = asdict(self)
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
        Point(*system, *state, *approach)
        for system, state, approach in product(
            settings.surface.systems, settings.molecule.conditions, angles
        )
    ]


def points_table(points: list[Point]) -> np.ndarray:
    """The table `/points`: a structured array of `POINT`, one row per point.

    What was not chosen is NaN: m_J of isotropic molecules, random azimuths.
    """
    rows = [
        (number, *(nan if value is None else value for value in astuple(point)))
        for number, point in enumerate(points)
    ]
    return np.array(rows, POINT)


def stream(seed: int, key: int, number: int, branch: int = 0) -> np.random.Generator:
    """Random numbers of one trajectory.

    They depend on the seed, the conditions of the point (`Point.key`), and the number and branch of
    the trajectory there alone, so it starts alike on any number of ranks, in any batch, on its own,
    and whatever other points the campaign has.
    """
    own = (key, number, branch) if branch else (key, number)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=own))
