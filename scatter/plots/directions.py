"""Where the scattered go: distributions over the angle from the normal, and the energy lost."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scatter.plots.series import angle_reach, drawn_of, heading, named_below, ordered
from scatter.plots.style import canvas

STEP_deg, FEWEST = 10.0, 5  # a mean of fewer trajectories is not drawn
REFERENCE = {"color": "0.4", "linewidth": 0.8, "linestyle": "-", "zorder": 1}

PerEdge = Float[np.ndarray, " edge"]


def directions_figure(angles: Mapping[str, np.ndarray]) -> Figure:
    """Density over solid angle, against cos ϑ/π of a diffuse surface; and mean loss, by angle.

    At most four energies, evenly spread; the axes reach over 99 % of all. Bars are standard errors.

    Args:
        angles: records of `scatter.analysis.directions.ANGLES`, by the name of their point.
    """
    chosen = drawn_of({name: len(rows) for name, rows in angles.items()})
    reach = angle_reach(np.concatenate([angles[name]["polar_deg"] for name in chosen]), STEP_deg)
    edges = np.arange(0.0, reach + 0.5 * STEP_deg, STEP_deg)
    with canvas(2, 72) as figure:
        left, right = figure.subplots(1, 2)
        for n, name in enumerate(chosen):
            style = ordered(n, len(chosen))
            _density(left, angles[name], edges, label=f"{name}: {len(angles[name])}", **style)
            _loss(right, angles[name], edges, **style)
        fine = np.linspace(0, reach, 100)
        left.plot(fine, np.cos(np.deg2rad(fine)) / np.pi, label="diffuse: cos ϑ/π", **REFERENCE)
        left.set_ylabel("Density (1/sr)")
        left.set_ylim(bottom=0)
        right.set_ylabel("Mean loss of translation (eV)")
        for axes in (left, right):
            axes.set_xlabel("Angle from the normal ϑ (°)")
            axes.set_xlim(0, reach)
        named_below(figure, left, heading(chosen, [*angles]))
    return figure


def _density(axes: Axes, rows: np.ndarray, edges: PerEdge, **style: Any) -> None:
    """Scattered per solid angle in each bin, of all of the point."""
    counts, solid = (
        _counted(rows["polar_deg"], edges),
        -2 * np.pi * np.diff(np.cos(np.deg2rad(edges))),
    )
    share = solid * max(1, len(rows))
    axes.errorbar(_middle(edges), counts / share, yerr=np.sqrt(counts) / share, **style)


def _loss(axes: Axes, rows: np.ndarray, edges: PerEdge, **style: Any) -> None:
    """Mean loss in each bin that holds `FEWEST`."""
    place = np.digitize(rows["polar_deg"], edges) - 1
    full = [bin for bin in range(len(edges) - 1) if (place == bin).sum() >= FEWEST]
    losses = [rows["loss_eV"][place == bin] for bin in full]
    errors = [loss.std(ddof=1) / np.sqrt(len(loss)) for loss in losses]
    axes.errorbar(_middle(edges)[full], [loss.mean() for loss in losses], yerr=errors, **style)


def plane_figure(angles: Mapping[str, np.ndarray], polar_deg: float) -> Figure:
    """Distributions of the angles in the plane of incidence and out of it.

    At most four energies, evenly spread; the axes reach over 99 % of all. Bars are standard errors.

    Args:
        angles: as of `directions_figure`.
        polar_deg: of incidence; the specular direction is drawn.
    """
    chosen = drawn_of({name: len(rows) for name, rows in angles.items()})
    names = ("in_plane", "out_of_plane")
    every = [np.abs(angles[point][f"{name}_deg"]) for point in chosen for name in names]
    reach = max(angle_reach(np.concatenate(every), STEP_deg), min(90.0, polar_deg + STEP_deg))
    edges = np.arange(-reach, reach + 0.5 * STEP_deg, STEP_deg)
    with canvas(2, 72) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, name in zip(panels, names, strict=True):
            for n, point in enumerate(chosen):
                rows = angles[point]
                counts, whole = _counted(rows[f"{name}_deg"], edges), max(1, len(rows)) * STEP_deg
                style = ordered(n, len(chosen), label=f"{point}: {len(rows)}")
                error = np.sqrt(counts) / whole
                axes.errorbar(_middle(edges), counts / whole, yerr=error, **style)
            specular = polar_deg if name == "in_plane" else 0.0
            axes.axvline(specular, label="specular", **REFERENCE)
            axes.set_xlabel(f"{name.replace('_', '-').capitalize()} angle (°)")
            axes.set_xlim(-reach, reach)
            axes.set_ylim(bottom=0)
        panels[0].set_ylabel("Density (1/°)")
        named_below(figure, panels[0], heading(chosen, [*angles]))
    return figure


def _counted(values: Float[np.ndarray, " trajectory"], edges: PerEdge) -> Float[np.ndarray, " bin"]:
    return np.histogram(values, edges)[0].astype(float)


def _middle(edges: PerEdge) -> Float[np.ndarray, " bin"]:
    return 0.5 * (edges[:-1] + edges[1:])
