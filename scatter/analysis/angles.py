"""Where each scattered molecule goes: its angles to the plane of incidence, and what it lost."""

import numpy as np
from jaxtyping import Float

from scatter.analysis.motion import Masses, PerTrajectory, motion
from scatter.analysis.per_point import by_point
from scatter.outcomes import Outcome
from scatter.units import degree

ANGLES = np.dtype(
    [
        *(("point", "u4"), ("number", "u4"), ("outcome", "u1")),
        *((f"{name}_deg", "f8") for name in ("polar", "in_plane", "out_of_plane")),
        *(("from_specular_deg", "f8"), ("cos_polar", "f8")),
        *(("incidence_eV", "f8"), ("loss_eV", "f8")),
    ]
)
ACROSS = 1e-7  # of the speed: less sideways motion than this tells no plane of incidence


def angles(points: np.ndarray, trajectories: np.ndarray, masses: Masses) -> np.ndarray:
    """Angles and energy loss of every scattered trajectory: records of `ANGLES`.

    With the velocity V of the centre of mass, z the surface normal, x' the direction of the
    incident motion along the surface, and y' = z × x' the normal of the plane of incidence,

        polar        arccos(V_z / V)
        in-plane     atan2(V_x', V_z): of V's shadow on the plane of incidence, forward positive
        out-of-plane arcsin(V_y' / V): between V and that plane
        specular     between V and the incident velocity mirrored in the surface
        loss         ½ M (V_initial² - V_final²)

    so that in-plane and out-of-plane angle are longitude and latitude about y'. At normal
    incidence, where every plane is one of incidence, x' is x.

    Args:
        points: /points of `results.h5`.
        trajectories: /trajectories; of an unfinished campaign those that are `in_turn`.
        masses: of both atoms of each molecule, amu, by formula.

    Raises:
        ValueError: the masses are not those of the campaign.
    """
    found = [np.zeros(0, ANGLES)]
    for conditions, rows in by_point(points, trajectories):
        scattered = rows[rows["outcome"] == Outcome.SCATTERED]
        found.append(_angles(scattered, masses[conditions["molecule"]]))
    return np.concatenate(found)


def _angles(rows: np.ndarray, masses: Float[np.ndarray, "2"]) -> np.ndarray:
    initial, final = (motion(rows, when, masses) for when in ("initial", "final"))
    come, gone = (_directions(one.velocity) for one in (initial, final))
    sideways = np.hypot(come[:, 0], come[:, 1])
    plane = sideways > ACROSS
    shadow = np.where(plane, sideways, 1.0)
    ahead_x = np.where(plane, come[:, 0] / shadow, 1.0)
    ahead_y = np.where(plane, come[:, 1] / shadow, 0.0)
    forward = gone[:, 0] * ahead_x + gone[:, 1] * ahead_y
    aside = gone[:, 1] * ahead_x - gone[:, 0] * ahead_y
    specular = come * np.array([1.0, 1.0, -1.0])
    found = np.zeros(len(rows), ANGLES)
    for name in ("point", "number", "outcome"):
        found[name] = rows[name]
    found["polar_deg"] = _between(gone, np.array([[0.0, 0.0, 1.0]]))
    found["in_plane_deg"] = np.arctan2(forward, gone[:, 2]) / degree
    found["out_of_plane_deg"] = np.arctan2(aside, np.hypot(forward, gone[:, 2])) / degree
    found["from_specular_deg"] = _between(gone, specular)
    found["cos_polar"] = gone[:, 2]
    found["incidence_eV"] = initial.translational
    found["loss_eV"] = initial.translational - final.translational
    return found


def _directions(velocity: Float[np.ndarray, "trajectory 3"]) -> Float[np.ndarray, "trajectory 3"]:
    return velocity / np.sqrt((velocity**2).sum(axis=1, keepdims=True))


def _between(
    first: Float[np.ndarray, "trajectory 3"], second: Float[np.ndarray, "some 3"]
) -> PerTrajectory:
    """Angles between unit vectors, degrees, exact for small ones too."""
    apart = np.sqrt(((first - second) ** 2).sum(axis=1))
    along = np.sqrt(((first + second) ** 2).sum(axis=1))
    return 2 * np.arctan2(apart, along) / degree
