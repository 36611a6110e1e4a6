"""Where the energy went: means of the ledger against incidence energy, and distributions."""

import pandas as pd
from matplotlib.figure import Figure

from scatter.plots.style import bars, below, canvas, look, steps_by_energy

TERMS = {
    "normal": "normal translation",
    "parallel": "parallel translation",
    "vibrational": "vibration",
    "rotational": "rotation",
    "to_slab": "slab",
}


def ledger_figure(means: pd.DataFrame) -> Figure:
    """Mean change of each energy of scattered molecules, with 95 % intervals.

    Args:
        means: of `ledger_means`, for points that differ in their energy alone.
    """
    scattered = means.query("outcome == 'scattered' and n > 0").sort_values("energy_eV")
    with canvas(1.4, 75) as figure:
        axes = figure.add_subplot()
        for n, (term, name) in enumerate(TERMS.items()):
            rows = scattered.query(f"term == '{term}'")
            bars(
                axes, rows.energy_eV, rows.mean_eV, rows.low_eV, rows.high_eV, label=name, **look(n)
            )
        axes.axhline(0, color="0.6", linewidth=0.5, zorder=0)
        axes.set_xlabel("Incidence energy (eV)")
        axes.set_ylabel("Mean change (eV)")
        below(figure, ncols=3)
    return figure


def transfer_figure(bins: pd.DataFrame) -> Figure:
    """Distributions of the energy given to the slab by the scattered, one line an energy.

    Args:
        bins: of `ledger_histograms`, of the term `to_slab`, for points that differ in their energy
            alone.
    """
    with canvas(1.4, 70) as figure:
        axes = figure.add_subplot()
        steps_by_energy(axes, bins, "scattered", "eV", "density_per_eV", "{energy:g} eV")
        axes.set_xlabel("Energy given to the slab (eV)")
        axes.set_ylabel("Density (1/eV)")
        axes.legend(frameon=False, title="Incidence energy")
    return figure
