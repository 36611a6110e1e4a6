"""Where the scattered go: angles to the plane of incidence, energy loss, and their distributions.

Densities are per solid angle of the half-space above the surface.
"""

from math import nan, pi, sqrt
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from scatter.analysis.means import mean_of
from scatter.analysis.motion import Masses, PerTrajectory, motion
from scatter.analysis.per_point import (
    Columns,
    by_point,
    long_table,
    proportion,
    record_type,
    records,
)
from scatter.analysis.probability import wilson
from scatter.outcomes import Outcome
from scatter.units import degree

Along = Literal["polar", "in_plane", "out_of_plane"]
MEANS = (
    *(("cos_polar", "cos", ""), ("in_plane_deg", "in_plane", "_deg")),
    *(("out_of_plane_deg", "out_of_plane", "_deg"), ("loss_eV", "loss", "_eV")),
)  # what means are taken of, and how their columns are called
ANGLES = record_type(
    *("polar_deg", "in_plane_deg", "out_of_plane_deg", "from_specular_deg"),
    *("cos_polar", "incidence_eV", "loss_eV"),
)
ACROSS = 1e-7  # of the speed: less sideways motion than this gives no plane of incidence


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
        masses: of the atoms of each molecule, amu, by formula.

    Raises:
        ValueError: the masses are not those of the campaign.
    """
    scattered = trajectories[trajectories["outcome"] == Outcome.SCATTERED]
    parts = [np.zeros(0, ANGLES)]
    for conditions, rows in by_point(points, scattered):
        parts.append(records(ANGLES, rows, _angles(rows, masses[conditions["molecule"]])))
    return np.concatenate(parts)


def _angles(rows: np.ndarray, masses: Float[np.ndarray, " atom"]) -> Columns:
    initial, final = (motion(rows, when, masses) for when in ("initial", "final"))
    come, gone = _directions(initial.velocity), _directions(final.velocity)
    sideways = np.hypot(come[:, 0], come[:, 1])
    plane = sideways > ACROSS
    shadow = np.where(plane, sideways, 1.0)
    ahead_x = np.where(plane, come[:, 0] / shadow, 1.0)
    ahead_y = np.where(plane, come[:, 1] / shadow, 0.0)
    forward = gone[:, 0] * ahead_x + gone[:, 1] * ahead_y
    aside = gone[:, 1] * ahead_x - gone[:, 0] * ahead_y
    return {
        "polar_deg": _between(gone, np.array([[0.0, 0.0, 1.0]])),
        "in_plane_deg": np.arctan2(forward, gone[:, 2]) / degree,
        "out_of_plane_deg": np.arctan2(aside, np.hypot(forward, gone[:, 2])) / degree,
        "from_specular_deg": _between(gone, come * np.array([1.0, 1.0, -1.0])),
        "cos_polar": gone[:, 2],
        "incidence_eV": initial.translational,
        "loss_eV": initial.translational - final.translational,
    }


def _directions(velocity: Float[np.ndarray, "trajectory 3"]) -> Float[np.ndarray, "trajectory 3"]:
    return velocity / np.sqrt((velocity**2).sum(axis=1, keepdims=True))


def _between(
    first: Float[np.ndarray, "trajectory 3"], second: Float[np.ndarray, "some 3"]
) -> PerTrajectory:
    """Angles between unit vectors, degrees, exact for small ones too."""
    apart = np.sqrt(((first - second) ** 2).sum(axis=1))
    along = np.sqrt(((first + second) ** 2).sum(axis=1))
    return 2 * np.arctan2(apart, along) / degree


def scattering(points: np.ndarray, angles: np.ndarray, near_deg: float = 5.0) -> pd.DataFrame:
    """Mean angles and loss of every point, NaN where nothing scattered.

    Args:
        points: /points of `results.h5`.
        angles: from `angles`.
        near_deg: what counts as near the specular direction.

    Returns:
        Behind the columns of the point: how many `scattered`; `specular_deg`, the angle of
        incidence; means with standard errors (`_error`) of the cosine of the polar angle (1/2 if
        uniform, 2/3 for a cosine law), of the angles in the plane (forward positive) and out of it,
        and of the loss of translational energy; `rms_out_of_plane_deg`; `near_specular`, the
        fraction within `near_deg` of the specular direction, with low and high (Wilson);
        `cosine_power`, the likeliest m of a law dP/dΩ ∝ cosᵐ ϑ, and its error, (m + 1)/√n.
    """
    return long_table(
        {**columns, **_means(mine, columns["polar_deg"], near_deg)}
        for columns, mine in by_point(points, angles)
    )


def _means(mine: np.ndarray, polar_deg: float, near_deg: float) -> Columns:
    n = len(mine)
    columns: Columns = {"scattered": n, "specular_deg": polar_deg}
    for of, what, unit in MEANS:
        mean = mean_of(mine[of])
        columns |= {f"mean_{what}{unit}": mean.mean, f"mean_{what}_error{unit}": mean.error}
    near, low, high = wilson(int((mine["from_specular_deg"] < near_deg).sum()), n)
    # The density of c = cos ϑ under dP/dΩ ∝ c^m is (m+1) c^m, whose likeliest m + 1 is this.
    logs = -float(np.log(np.maximum(mine["cos_polar"], 1e-300)).sum())
    power = n / logs if logs > 0 else nan
    return {
        **columns,
        "rms_out_of_plane_deg": sqrt(mean_of(mine["out_of_plane_deg"] ** 2).mean),
        **{"near_specular": near, "near_specular_low": low, "near_specular_high": high},
        **{"near_deg": near_deg, "cosine_power": power - 1},
        "cosine_power_error": power / sqrt(n) if n else nan,
    }


def angular_distribution(
    points: np.ndarray,
    angles: np.ndarray,
    along: Along = "polar",
    width_deg: float = 5.0,
    acceptance_deg: float = 90.0,
) -> pd.DataFrame:
    """The distribution of every point along one angle, per solid angle, with the mean loss.

    Solid angles are those of the half-space above the surface, per bin from a to b:

        polar         2π (cos a - cos b)
        in_plane      2 (b - a) sin α,  directions within α = `acceptance_deg` of the plane
        out_of_plane  π (sin b - sin a)

    P is always a fraction of all scattered molecules of the point, so that per_sr is the density
    that a detector sees, whatever its acceptance; P sums to one where the acceptance is 90°.

    Args:
        points: /points of `results.h5`.
        angles: from `angles`.
        along: which angle.
        width_deg: of a bin; must divide 90.
        acceptance_deg: for "in_plane": the largest out-of-plane angle that counts.

    Returns:
        Behind the columns of the point: `along`; the edges `from_deg` and `to_deg` of the bin,
        which holds the lower one; `solid_angle_sr`; of `scattered` molecules `count`, P, low, high
        of those in it; `per_sr`, P over the solid angle, with its ends; `mean_loss_eV` of those
        in the bin, and its standard error.

    Raises:
        ValueError: a width that does not divide 90, or an acceptance not above 0 and up to 90.
    """
    _refuse(width_deg, acceptance_deg)
    lowest = 0.0 if along == "polar" else -90.0
    edges = np.linspace(lowest, 90.0, round((90 - lowest) / width_deg) + 1)
    solid = _solid_angles(along, edges, acceptance_deg)
    widest = acceptance_deg if along == "in_plane" else 90
    bins = [*zip(edges.tolist(), edges[1:].tolist(), solid.tolist(), strict=False)]
    return long_table(
        {
            **{**columns, "along": along, "from_deg": low, "to_deg": high},
            **_bin(mine, counted & (place == n), solid_angle),
        }
        for columns, mine in by_point(points, angles)
        # 90° itself belongs to the last bin
        for place in (np.searchsorted(edges[:-1], mine[f"{along}_deg"], side="right") - 1,)
        for counted in (np.abs(mine["out_of_plane_deg"]) <= widest,)
        for n, (low, high, solid_angle) in enumerate(bins)
    )


def _refuse(width_deg: float, acceptance_deg: float) -> None:
    if not width_deg > 0 or abs(90 / width_deg - round(90 / width_deg)) > 1e-9:
        raise ValueError(f"width_deg = {width_deg:g} does not divide 90°; 5 is usual")
    if not 0 < acceptance_deg <= 90:
        raise ValueError(f"acceptance_deg = {acceptance_deg:g} must be above 0 and at most 90")


def _solid_angles(
    along: Along, edges: Float[np.ndarray, " edge"], acceptance_deg: float
) -> Float[np.ndarray, " bin"]:
    if along == "polar":
        return -2 * pi * np.diff(np.cos(edges * degree))
    if along == "in_plane":
        return 2 * np.diff(edges) * degree * np.sin(acceptance_deg * degree)
    return pi * np.diff(np.sin(edges * degree))


def _bin(mine: np.ndarray, member: Bool[np.ndarray, " trajectory"], solid_angle: float) -> Columns:
    share = proportion(int(member.sum()), len(mine), "scattered")
    loss = mean_of(mine["loss_eV"][member])
    return {
        **{"solid_angle_sr": solid_angle, **share, "per_sr": share["P"] / solid_angle},
        **{f"per_sr_{end}": share[end] / solid_angle for end in ("low", "high")},
        **{"mean_loss_eV": loss.mean, "mean_loss_error_eV": loss.error},
    }
