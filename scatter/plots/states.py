"""Final states of scattered molecules: maps over v' and J', and what becomes of the vibration."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from scatter.plots.style import bars, below, canvas, look

COLUMNS, PANEL_mm = 3, 42
NAMES = {
    "survival": "same v and J",
    "elastic": "same v",
    "excitation": "v' > v",
    "deexcitation": "v' < v",
    "unassigned": "not bound in the well",
}


def state_maps(transitions: pd.DataFrame) -> Figure:
    """P(v', J') among the scattered, a panel for each incidence energy of one initial state.

    Args:
        transitions: of points that differ in their energy alone.
    """
    energies = sorted(set(transitions.energy_eV))
    bound = transitions.dropna(subset=["v_final", "J_final"])
    shape = int(bound.v_final.max()) + 1, int(bound.J_final.max()) + 1
    rows, most = -(-len(energies) // COLUMNS), bound.P_scattered.max()
    with canvas(2, PANEL_mm * rows + 12) as figure:
        grid = figure.subplots(rows, COLUMNS, squeeze=False, sharex=True, sharey=True)
        images = []
        for axes, energy in zip(grid.flat, energies, strict=False):
            P = np.zeros(shape)
            here = bound[bound.energy_eV == energy]
            np.add.at(P, (here.v_final.astype(int), here.J_final.astype(int)), here.P_scattered)
            images.append(_map(axes, P, most))
            axes.set_title(f"{energy:g} eV")
        for number, axes in enumerate(grid.flat):
            axes.set_visible(number < len(energies))
            axes.xaxis.set_tick_params(labelbottom=number + COLUMNS >= len(energies))
        figure.supxlabel("Final rotational state $J'$", fontsize=9)
        figure.supylabel("Final vibrational state $v'$", fontsize=9)
        figure.colorbar(images[-1], ax=grid, label="P(v', J') of the scattered", shrink=0.8)
    return figure


def _map(axes: Axes, P: np.ndarray, most: float) -> AxesImage:
    """Probabilities by v' (rows) and J' (columns) in grey, those above 2 % as numbers too."""
    edges = (-0.5, P.shape[1] - 0.5, -0.5, P.shape[0] - 0.5)
    image = axes.imshow(
        np.where(P > 0, P, np.nan),
        origin="lower",
        aspect="auto",
        cmap="Greys",
        vmin=0,
        vmax=most,
        extent=edges,
    )
    for v, J in zip(*np.nonzero(P >= 0.02), strict=True):
        colour = "white" if P[v, J] > 0.6 * most else "black"
        text = f"{P[v, J]:.2f}".lstrip("0")
        axes.text(J, v, text, ha="center", va="center", fontsize=5, color=colour)
    for side in (axes.xaxis, axes.yaxis):
        side.set_major_locator(MaxNLocator(integer=True))
    return image


def channels_figure(channels: pd.DataFrame) -> Figure:
    """Survival, vibrationally elastic scattering and (de)excitation against incidence energy.

    Args:
        channels: of points that differ in their energy alone.
    """
    counted = channels.query("n > 0").sort_values("energy_eV")
    with canvas(1.4, 75) as figure:
        axes = figure.add_subplot()
        for n, (channel, name) in enumerate(NAMES.items()):
            rows = counted.query(f"channel == '{channel}'")
            if rows.P.any():
                bars(axes, rows.energy_eV, rows.P, rows.low, rows.high, label=name, **look(n))
        axes.set_xlabel("Incidence energy (eV)")
        axes.set_ylabel("Probability of a trajectory")
        axes.set_ylim(-0.03, 1.03)
        below(figure, ncols=3)
    return figure
