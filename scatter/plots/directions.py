"""Where the scattered go: distributions over the angle from the normal, and the energy lost."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from scatter.plots.style import LINES, MARKERS, COLUMN_mm, paper_style

STEP_deg, FEWEST = 10.0, 5  # a mean of fewer trajectories is not drawn


def directions_figure(found: Mapping[str, np.ndarray]) -> Figure:
    """Density over solid angle, against cos ϑ/π of a diffuse surface; and mean loss, by angle.

    Args:
        found: records of `scatter.statistics.angles.ANGLES`, by the name of their point.
    """
    edges = np.arange(0.0, 90.0 + STEP_deg, STEP_deg)
    middle, radian = 0.5 * (edges[:-1] + edges[1:]), np.pi / 180
    solid = 2 * np.pi * -np.diff(np.cos(edges * radian))
    shades = np.linspace(0.65, 0.0, len(found))
    with paper_style():
        figure = Figure(figsize=(2 * COLUMN_mm / 25.4, 65 / 25.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        for n, (name, rows) in enumerate(found.items()):
            counts, _ = np.histogram(rows["polar_deg"], edges)
            style = {
                "color": str(shades[n]),
                "marker": MARKERS[n % len(MARKERS)],
                "linestyle": LINES[n % len(LINES)],
            }
            density = counts / max(1, len(rows)) / solid
            error = np.sqrt(counts) / max(1, len(rows)) / solid
            left.errorbar(middle, density, yerr=error, label=f"{name}: {len(rows)}", **style)
            place = np.digitize(rows["polar_deg"], edges) - 1
            told = [b for b in range(len(middle)) if (place == b).sum() >= FEWEST]
            means = [rows["loss_eV"][place == b].mean() for b in told]
            errors = [
                rows["loss_eV"][place == b].std(ddof=1) / np.sqrt((place == b).sum()) for b in told
            ]
            right.errorbar(middle[told], means, yerr=errors, **style)
        fine = np.linspace(0, 90, 100)
        left.plot(fine, np.cos(fine * radian) / np.pi, color="#D55E00", label="diffuse: cos ϑ/π")
        left.set_ylabel("Density (1/sr)")
        right.set_ylabel("Mean loss of translation (eV)")
        for axes in (left, right):
            axes.set_xlabel("Angle from the normal ϑ (°)")
            axes.set_xlim(0, 90)
        left.legend(frameon=False)
    return figure
