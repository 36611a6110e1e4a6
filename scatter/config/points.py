"""The points of a campaign: every combination of its conditions, and their random streams."""

import json
from dataclasses import asdict, astuple, dataclass
from hashlib import sha256
from itertools import product
from math import nan

import numpy as np

from scatter.config.tables import Input
from scatter.results import POINT


@dataclass(frozen=True)
class Point:
    """One set of physical conditions.

    Attributes:
        facet: label of the surface.
        T_K: surface temperature, K.
        molecule: formula.
        v: vibrational quantum number.
        J: rotational quantum number.
        mJ: projection of J on the surface normal; None when isotropic.
        energy_eV: incidence energy, eV.
        polar_deg: angle of incidence from the normal, degrees.
        azimuth_deg: direction of flight along the surface, degrees; None when random.
    """

    facet: str
    T_K: float
    molecule: str
    v: int
    J: int
    mJ: int | None
    energy_eV: float
    polar_deg: float
    azimuth_deg: float | None

    @property
    def key(self) -> int:
        """64 bits that name these conditions, and no others, in every campaign.

        The first eight bytes of the SHA-256 of the conditions as JSON, with floats in their
        shortest form that reads back the same.
        """
        values = asdict(self)
        for name, value in values.items():
            if POINT[name] == np.float64 and value is not None:
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


def points_table(found: list[Point]) -> np.ndarray:
    """The table `/points`: a structured array of `POINT`, one row per point.

    What was not chosen is NaN: m_J of isotropic molecules, random azimuths.
    """
    rows = [
        (number, *(nan if value is None else value for value in astuple(point)))
        for number, point in enumerate(found)
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
