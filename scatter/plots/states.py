"""Final states of scattered molecules: maps over v' and J', and what becomes of the vibration."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scatter.analysis import Channel, Transition
from scatter.plots.style import LINES, MARKERS, PALETTE, COLUMN_mm, paper_style

COLUMNS, PANEL_mm = 3, 42
NAMES = {
    "survival": "same v and J",
    "elastic": "same v",
    "excitation": "v' > v",
    "deexcitation": "v' < v",
    "unassigned": "not bound in the well",
}


def state_maps(found: Sequence[Transition]) -> Figure:
    """P(v', J') among the scattered, a panel for each incidence energy of one initial state.

    Args:
        found: the transitions of points that differ in their energy alone.
    """
    energies = sorted({row.energy_eV for row in found})
    classed = [row for row in found if row.v_final is not None and row.J_final is not None]
    highest_v = max((row.v_final or 0 for row in classed), default=0)
    highest_J = max((row.J_final or 0 for row in classed), default=0)
    rows = -(-len(energies) // COLUMNS)
    most = max((row.P_scattered for row in classed), default=1.0)
    with paper_style():
        figure = Figure(
            figsize=(2 * COLUMN_mm / 25.4, (PANEL_mm * rows + 12) / 25.4), layout="constrained"
        )
        grid = figure.subplots(rows, COLUMNS, squeeze=False, sharex=True, sharey=True)
        image = None
        for axes, energy in zip(grid.flat, energies, strict=False):
            P = np.zeros((highest_v + 1, highest_J + 1))
            for row in classed:
                if row.energy_eV == energy:
                    P[row.v_final, row.J_final] += row.P_scattered
            image = axes.imshow(
                np.where(P > 0, P, np.nan), origin="lower", aspect="auto", cmap="Greys",
                vmin=0, vmax=most, extent=(-0.5, highest_J + 0.5, -0.5, highest_v + 0.5),
            )  # fmt: skip
            for v, J in zip(*np.nonzero(P >= 0.02), strict=True):
                axes.text(J, v, f"{P[v, J]:.2f}".lstrip("0"), ha="center", va="center", fontsize=5,
                          color="white" if P[v, J] > 0.6 * most else "black")  # fmt: skip
            axes.set_title(f"{energy:g} eV")
            for side in (axes.xaxis, axes.yaxis):
                side.set_major_locator(MaxNLocator(integer=True))
        for number, axes in enumerate(grid.flat):
            axes.set_visible(number < len(energies))
            axes.xaxis.set_tick_params(labelbottom=number + COLUMNS >= len(energies))
        figure.supxlabel("Final rotational state $J'$", fontsize=9)
        figure.supylabel("Final vibrational state $v'$", fontsize=9)
        if image is not None:
            figure.colorbar(image, ax=grid, label="P(v', J') of the scattered", shrink=0.8)
    return figure


def channels_figure(found: Sequence[Channel]) -> Figure:
    """Survival, vibrationally elastic scattering and (de)excitation against incidence energy.

    Args:
        found: the channels of points that differ in their energy alone.
    """
    with paper_style():
        figure = Figure(figsize=(1.4 * COLUMN_mm / 25.4, 75 / 25.4), layout="constrained")
        axes = figure.add_subplot()
        for n, name in enumerate(NAMES):
            rows = sorted(
                (row for row in found if row.channel == name and row.n),
                key=lambda row: row.energy_eV,
            )
            P = np.array([row.P for row in rows])
            if not len(P) or not P.any():
                continue
            ends = [P - [row.low for row in rows], [row.high for row in rows] - P]
            axes.errorbar(
                [row.energy_eV for row in rows], P, yerr=np.maximum(ends, 0), label=NAMES[name],
                color=PALETTE[n], marker=MARKERS[n], linestyle=LINES[n % len(LINES)],
            )  # fmt: skip
        axes.set_xlabel("Incidence energy (eV)")
        axes.set_ylabel("Probability of a trajectory")
        axes.set_ylim(-0.03, 1.03)
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure
