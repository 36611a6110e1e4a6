"""Where the energy went: means of the ledger against incidence energy, and distributions."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scatter.plots.series import central, drawn_of, heading, rows_at
from scatter.plots.style import PALETTE, bars, below, canvas, look

TERMS = {
    "normal": "normal translation",
    "parallel": "parallel translation",
    "vibrational": "vibration",
    "rotational": "rotation",
    "to_slab": "slab",
}
FEWEST = 5  # a mean of fewer trajectories is not drawn: its bar would set the scale of the axis
PANEL_mm, REST_mm = 24, 16  # heights
HEADROOM = 1.2  # of what is drawn, for its name


def ledger_figure(means: pd.DataFrame) -> Figure:
    """Mean change of each energy of scattered molecules, with 95 % intervals.

    Args:
        means: of `ledger_means`, for points that differ in their energy alone.
    """
    scattered = means.query("outcome == 'scattered' and n >= @FEWEST").sort_values("energy_eV")
    with canvas(1.4, 75) as figure:
        axes = figure.add_subplot()
        for n, (term, name) in enumerate(TERMS.items()):
            rows = scattered.query(f"term == '{term}'")
            bars(
                axes, rows.energy_eV, rows.mean_eV, rows.low_eV, rows.high_eV, label=name, **look(n)
            )
        axes.axhline(0, color="0.6", linewidth=0.5, zorder=0)
        axes.set_xlabel("Incidence energy (eV)")
        axes.set_ylabel("Mean change on scattering (eV)")
        below(figure, ncols=3)
    return figure


def transfer_figure(bins: pd.DataFrame) -> Figure:
    """Distributions of the energy given to the slab by the scattered, a panel for each energy.

    At most four energies, evenly spread; the axis reaches over the central 99 % of all, and each
    panel says how many lie beyond. Bars are 95 % intervals of each bin.

    Args:
        bins: of `ledger_histograms`, of the term `to_slab`, for points that differ in their energy
            alone.
    """
    scattered = bins.query("outcome == 'scattered' and n > 0").sort_values("energy_eV")
    energies = scattered.groupby("energy_eV").n.first().to_dict()
    chosen = drawn_of(energies)
    drawn = pd.concat([rows_at(scattered, energy_eV=energy) for energy in chosen])
    low, high, count = (drawn[name].to_numpy(float) for name in ("from_eV", "to_eV", "count"))
    ends = central(low, high, count)
    with canvas(1, REST_mm + PANEL_mm * len(chosen)) as figure:
        panels = figure.subplots(len(chosen), 1, sharex=True, squeeze=False)[:, 0]
        for axes, energy in zip(panels, chosen, strict=True):
            _transfer(axes, rows_at(drawn, energy_eV=energy), f"{energy:g} eV", ends)
        panels[0].set_title(heading(chosen, [*energies]).replace("\n", " "), fontsize=7)
        panels[-1].set_xlim(*ends)
        panels[-1].set_xlabel("Energy given to the slab (eV)")
        figure.supylabel("Density (1/eV)", fontsize=9)
    return figure


def _transfer(axes: Axes, bins: pd.DataFrame, name: str, ends: tuple[float, float]) -> None:
    """One distribution, with the number of trajectories and of those beyond the axis."""
    edges = np.array([*bins.from_eV, bins.to_eV.iloc[-1]])
    middle, width = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    axes.stairs(bins.density_per_eV, edges, fill=True, color=PALETTE[5], alpha=0.5)
    axes.stairs(bins.density_per_eV, edges, color=PALETTE[0], linewidth=0.8)
    how = {"fmt": "none", "ecolor": "0.3", "elinewidth": 0.5, "capsize": 0}
    full = (bins["count"] > 0).to_numpy()
    intervals = (bins.density_per_eV, bins.low / width, bins.high / width)
    bars(axes, middle[full], *(np.asarray(each)[full] for each in intervals), **how)
    beyond = (bins.to_eV <= ends[0]) | (bins.from_eV >= ends[1])
    outside = int(bins["count"].to_numpy()[beyond.to_numpy()].sum())
    words = [name, f"$n$ = {bins.n.iloc[0]}", *([f"{outside} beyond the axis"] if outside else [])]
    where = {"transform": axes.transAxes, "ha": "right", "va": "top", "fontsize": 7}
    axes.text(0.98, 0.95, ", ".join(words), **where)
    axes.set_ylim(0, HEADROOM * axes.get_ylim()[1])
