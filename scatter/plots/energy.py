"""Where the energy went: means of the ledger against incidence energy, and distributions."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from scatter.analysis.ledger_tables import LedgerBin, LedgerMean
from scatter.plots.style import LINES, MARKERS, PALETTE, COLUMN_mm, paper_style

TERMS = {
    "normal": "normal translation",
    "parallel": "parallel translation",
    "vibrational": "vibration",
    "rotational": "rotation",
    "to_slab": "slab",
}


def ledger_figure(found: Sequence[LedgerMean]) -> Figure:
    """Mean change of each energy of scattered molecules, with 95 % intervals.

    Args:
        found: means of points that differ in their energy alone.
    """
    with paper_style():
        figure = Figure(figsize=(1.4 * COLUMN_mm / 25.4, 75 / 25.4), layout="constrained")
        axes = figure.add_subplot()
        for n, (term, name) in enumerate(TERMS.items()):
            rows = sorted(
                (row for row in found if row.term == term and row.outcome == "scattered" and row.n),
                key=lambda row: row.energy_eV,
            )
            mean = np.array([row.mean_eV for row in rows])
            ends = np.array([[row.mean_eV - row.low_eV, row.high_eV - row.mean_eV] for row in rows])
            axes.errorbar(
                [row.energy_eV for row in rows], mean,
                yerr=np.nan_to_num(ends.reshape(-1, 2).T), label=name,
                color=PALETTE[n], marker=MARKERS[n], linestyle=LINES[n],
            )  # fmt: skip
        axes.axhline(0, color="0.6", linewidth=0.5, zorder=0)
        axes.set_xlabel("Incidence energy (eV)")
        axes.set_ylabel("Mean change (eV)")
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def transfer_figure(found: Sequence[LedgerBin]) -> Figure:
    """Distributions of the energy given to the slab by the scattered, one line an energy.

    Args:
        found: bins of the term `to_slab` of points that differ in their energy alone.
    """
    energies = sorted({row.energy_eV for row in found})
    shades = np.linspace(0.7, 0.0, len(energies))
    with paper_style():
        figure = Figure(figsize=(1.4 * COLUMN_mm / 25.4, 70 / 25.4), layout="constrained")
        axes = figure.add_subplot()
        for n, energy in enumerate(energies):
            rows = [row for row in found if row.energy_eV == energy and row.outcome == "scattered"]
            if rows:
                edges = [row.from_eV for row in rows] + [rows[-1].to_eV]
                axes.stairs([row.density_per_eV for row in rows], edges, label=f"{energy:g} eV",
                            color=str(shades[n]), linestyle=LINES[n % len(LINES)])  # fmt: skip
        axes.set_xlabel("Energy given to the slab (eV)")
        axes.set_ylabel("Density (1/eV)")
        axes.legend(frameon=False, title="Incidence energy")
    return figure
