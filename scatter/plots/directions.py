"""Where the scattered go: distributions over the angle from the normal, and the energy lost."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from scatter.plots.style import LINES, canvas, look

STEP_deg, FEWEST = 10.0, 5  # a mean of fewer trajectories is not drawn


def directions_figure(angles: Mapping[str, np.ndarray]) -> Figure:
    """Density over solid angle, against cos ϑ/π of a diffuse surface; and mean loss, by angle.

    Args:
        angles: records of `scatter.analysis.directions.ANGLES`, by the name of their point.
    """
    edges = np.arange(0.0, 90.0 + STEP_deg, STEP_deg)
    middle, radian = 0.5 * (edges[:-1] + edges[1:]), np.pi / 180
    solid = 2 * np.pi * -np.diff(np.cos(edges * radian))
    shades = np.linspace(0.65, 0.0, len(angles))
    with canvas(2, 65) as figure:
        left, right = figure.subplots(1, 2)
        for n, (name, rows) in enumerate(angles.items()):
            counts, _ = np.histogram(rows["polar_deg"], edges)
            style = look(n, color=str(shades[n]))
            density = counts / max(1, len(rows)) / solid
            error = np.sqrt(counts) / max(1, len(rows)) / solid
            left.errorbar(middle, density, yerr=error, label=f"{name}: {len(rows)}", **style)
            place = np.digitize(rows["polar_deg"], edges) - 1
            full = [b for b in range(len(middle)) if (place == b).sum() >= FEWEST]
            losses = [rows["loss_eV"][place == b] for b in full]
            errors = [loss.std(ddof=1) / np.sqrt(len(loss)) for loss in losses]
            right.errorbar(middle[full], [loss.mean() for loss in losses], yerr=errors, **style)
        fine = np.linspace(0, 90, 100)
        left.plot(fine, np.cos(fine * radian) / np.pi, color="#D55E00", label="diffuse: cos ϑ/π")
        left.set_ylabel("Density (1/sr)")
        right.set_ylabel("Mean loss of translation (eV)")
        for axes in (left, right):
            axes.set_xlabel("Angle from the normal ϑ (°)")
            axes.set_xlim(0, 90)
        left.legend(frameon=False)
    return figure


def plane_figure(angles: Mapping[str, np.ndarray], polar_deg: float) -> Figure:
    """Distributions of the angles in the plane of incidence and out of it.

    Args:
        angles: as of `directions_figure`.
        polar_deg: of incidence; the specular direction is drawn.
    """
    edges = np.arange(-90.0, 90.0 + STEP_deg, STEP_deg)
    shades = np.linspace(0.65, 0.0, len(angles))
    with canvas(2, 62) as figure:
        panels = zip(figure.subplots(1, 2, sharey=True), ("in_plane", "out_of_plane"), strict=True)
        for axes, name in panels:
            for n, (point, rows) in enumerate(angles.items()):
                P = np.histogram(rows[f"{name}_deg"], edges)[0] / max(1, len(rows)) / STEP_deg
                axes.stairs(
                    P,
                    edges,
                    color=str(shades[n]),
                    linestyle=LINES[n % len(LINES)],
                    label=f"{point}: {len(rows)}",
                )
            specular = polar_deg if name == "in_plane" else 0.0
            axes.axvline(specular, color="#D55E00", linewidth=0.8, label="specular")
            axes.set_xlabel(f"{name.replace('_', '-').capitalize()} angle (°)")
            axes.set_xlim(-90, 90)
        figure.axes[0].set_ylabel("Density (1/°)")
        figure.axes[0].legend(frameon=False)
    return figure
