"""Angular distributions of the scattered per solid angle, and the energy loss along them."""

from dataclasses import dataclass
from math import nan, pi, sqrt
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float

from scatter.analysis.means import mean_of
from scatter.analysis.per_point import PerPoint, by_point
from scatter.analysis.probability import wilson
from scatter.units import degree

Along = Literal["polar", "in_plane", "out_of_plane"]


@dataclass(frozen=True)
class Scattering(PerPoint):
    """Where the scattered molecules of one point go, on average.

    Attributes:
        scattered: how many.
        specular_deg: polar angle of a mirror's reflection: the angle of incidence.
        mean_cos: mean cosine of the final polar angle; 1/2 if uniform, 2/3 for a cosine law.
        mean_cos_error: its standard error.
        mean_in_plane_deg: mean in-plane angle, positive in the forward direction.
        mean_in_plane_error_deg: its standard error.
        mean_out_of_plane_deg: mean angle out of the plane of incidence.
        mean_out_of_plane_error_deg: its standard error.
        rms_out_of_plane_deg: root mean square of the same.
        near_specular: fraction within `near_deg` of the specular direction.
        near_specular_low: lower end of its 95 % interval (Wilson).
        near_specular_high: upper end.
        near_deg: what counts as near.
        cosine_power: likeliest m of a law dP/dΩ ∝ cosᵐ ϑ.
        cosine_power_error: its standard error, (m + 1)/√n.
        mean_loss_eV: mean loss of translational energy, eV.
        mean_loss_error_eV: its standard error, eV.
    """

    scattered: int
    specular_deg: float
    mean_cos: float
    mean_cos_error: float
    mean_in_plane_deg: float
    mean_in_plane_error_deg: float
    mean_out_of_plane_deg: float
    mean_out_of_plane_error_deg: float
    rms_out_of_plane_deg: float
    near_specular: float
    near_specular_low: float
    near_specular_high: float
    near_deg: float
    cosine_power: float
    cosine_power_error: float
    mean_loss_eV: float
    mean_loss_error_eV: float


@dataclass(frozen=True)
class AngularBin(PerPoint):
    """One bin of the angular distribution of the scattered molecules of one point.

    Attributes:
        along: "polar", "in_plane" or "out_of_plane".
        from_deg: lower edge; it belongs to the bin.
        to_deg: upper edge.
        solid_angle_sr: of the bin, sr.
        scattered: all scattered molecules of the point.
        count: those in this bin.
        P: their fraction.
        low: lower end of its 95 % interval (Wilson).
        high: upper end.
        per_sr: P over the solid angle, 1/sr; `per_sr_low` and `per_sr_high` alike.
        per_sr_low: lower end.
        per_sr_high: upper end.
        mean_loss_eV: mean loss of translational energy of those in the bin, eV; NaN for none.
        mean_loss_error_eV: its standard error, eV; NaN below two.
    """

    along: str
    from_deg: float
    to_deg: float
    solid_angle_sr: float
    scattered: int
    count: int
    P: float
    low: float
    high: float
    per_sr: float
    per_sr_low: float
    per_sr_high: float
    mean_loss_eV: float
    mean_loss_error_eV: float


def scattering(points: np.ndarray, angles: np.ndarray, near_deg: float = 5.0) -> list[Scattering]:
    """Mean angles and loss of every point, NaN where nothing scattered.

    Args:
        points: /points of `results.h5`.
        angles: from `scatter.analysis.angles.angles`.
        near_deg: what counts as near the specular direction.
    """
    return [
        Scattering(**conditions, **_means(mine, conditions["polar_deg"], near_deg))
        for conditions, mine in by_point(points, angles)
    ]


def _means(mine: np.ndarray, polar_deg: float, near_deg: float) -> dict[str, Any]:
    n = len(mine)
    cos, ahead = mean_of(mine["cos_polar"]), mean_of(mine["in_plane_deg"])
    aside, loss = mean_of(mine["out_of_plane_deg"]), mean_of(mine["loss_eV"])
    near, low, high = wilson(int((mine["from_specular_deg"] < near_deg).sum()), n)
    # The density of c = cos ϑ under dP/dΩ ∝ c^m is (m+1) c^m, whose likeliest m + 1 is this.
    logs = -float(np.log(np.maximum(mine["cos_polar"], 1e-300)).sum())
    power = n / logs if logs > 0 else nan
    return {
        "scattered": n, "specular_deg": polar_deg,
        "mean_cos": cos.mean, "mean_cos_error": cos.error,
        "mean_in_plane_deg": ahead.mean, "mean_in_plane_error_deg": ahead.error,
        "mean_out_of_plane_deg": aside.mean, "mean_out_of_plane_error_deg": aside.error,
        "rms_out_of_plane_deg": sqrt(mean_of(mine["out_of_plane_deg"] ** 2).mean),
        "near_specular": near, "near_specular_low": low, "near_specular_high": high,
        "near_deg": near_deg,
        "cosine_power": power - 1, "cosine_power_error": power / sqrt(n) if n else nan,
        "mean_loss_eV": loss.mean, "mean_loss_error_eV": loss.error,
    }  # fmt: skip


def angular_distribution(
    points: np.ndarray,
    angles: np.ndarray,
    along: Along = "polar",
    width_deg: float = 5.0,
    acceptance_deg: float = 90.0,
) -> list[AngularBin]:
    """The distribution of every point along one angle, per solid angle, with the mean loss.

    Solid angles are those of the half-space above the surface, per bin from a to b:

        polar         2π (cos a - cos b)
        in_plane      2 (b - a) sin α,  directions within α = `acceptance_deg` of the plane
        out_of_plane  π (sin b - sin a)

    P is always a fraction of all scattered molecules of the point, so that per_sr is the density
    that a detector sees, whatever its acceptance; P sums to one where the acceptance is 90°.

    Args:
        points: /points of `results.h5`.
        angles: from `scatter.analysis.angles.angles`.
        along: which angle.
        width_deg: of a bin; must divide 90.
        acceptance_deg: for "in_plane": the largest out-of-plane angle that counts.

    Raises:
        ValueError: a width that does not divide 90, or an acceptance not above 0 and up to 90.
    """
    _refuse(width_deg, acceptance_deg)
    lowest = 0.0 if along == "polar" else -90.0
    edges = np.linspace(lowest, 90.0, round((90 - lowest) / width_deg) + 1)
    spheres = _solid_angles(along, edges, acceptance_deg)
    found = []
    for conditions, mine in by_point(points, angles):
        # 90° itself belongs to the last bin
        place = np.searchsorted(edges[:-1], mine[f"{along}_deg"], side="right") - 1
        counted = np.abs(mine["out_of_plane_deg"]) <= (
            acceptance_deg if along == "in_plane" else 90
        )
        for bin, sphere in enumerate(spheres.tolist()):
            row = _bin(mine, counted & (place == bin), sphere)
            found.append(
                AngularBin(
                    **conditions, along=along, from_deg=float(edges[bin]),
                    to_deg=float(edges[bin + 1]), **row,
                )
            )  # fmt: skip
    return found


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


def _bin(
    mine: np.ndarray, member: Bool[np.ndarray, " trajectory"], sphere: float
) -> dict[str, Any]:
    count = int(member.sum())
    P, low, high = wilson(count, len(mine))
    loss = mean_of(mine["loss_eV"][member])
    return {
        "solid_angle_sr": sphere, "scattered": len(mine), "count": count,
        "P": P, "low": low, "high": high,
        "per_sr": P / sphere, "per_sr_low": low / sphere, "per_sr_high": high / sphere,
        "mean_loss_eV": loss.mean, "mean_loss_error_eV": loss.error,
    }  # fmt: skip
