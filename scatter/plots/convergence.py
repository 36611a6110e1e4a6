"""S0, or another probability, and mean energies against the size of the slab."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from scatter.plots.conditions import plain
from scatter.plots.style import bars, below, canvas, look

PANELS = {
    "": ("value", "low", "high"),
    "Loss of the\nscattered (eV)": ("loss_eV", "loss_low_eV", "loss_high_eV"),
    "Gain of\nthe slab (eV)": ("slab_gain_eV", "slab_gain_low_eV", "slab_gain_high_eV"),
}
SPREAD = 0.3  # of the distance of two slabs, over which points at one slab are spread


def convergence_figure(table: pd.DataFrame, slabs: Sequence[str], points: Sequence[str]) -> Figure:
    """A panel each for a probability and two mean energies, with 95 % intervals.

    Args:
        table: of `analysis.convergence`: for each point in turn all slabs, the largest last.
        slabs: names of the slabs.
        points: names of the points.
    """
    x = np.arange(len(slabs))
    with canvas(1.4, 50 + 35 * len(PANELS)) as figure:
        every = figure.subplots(len(PANELS), 1, sharex=True)
        for axes, (label, columns) in zip(every, PANELS.items(), strict=True):
            for n, name in enumerate(points):
                rows = table.iloc[n * len(slabs) : (n + 1) * len(slabs)]
                aside = SPREAD * ((n + 0.5) / len(points) - 0.5) if len(points) > 1 else 0.0
                how = look(n, linestyle="-", linewidth=0.6)
                middle, low, high = (rows[column].to_numpy() for column in columns)
                bars(
                    axes,
                    x + aside,
                    middle,
                    low,
                    high,
                    label=plain(name) if not label else None,
                    **how,
                )
            quantity = str(table["quantity"].iloc[0])
            axes.set_ylabel(label or (quantity if quantity == "S0" else f"P({quantity})"))
        every[-1].set_xticks(x, [name.replace(", ", "\n") for name in slabs])
        every[-1].set_xlabel("Slab: cells, layers, frozen layers")
        if len(points) > 1:
            below(figure, ncols=2)
    return figure
