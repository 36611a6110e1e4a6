"""Orders of diffraction in the reciprocal lattice."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from scatter.plots.style import PALETTE, canvas

PANELS = 6
LARGEST = 500.0  # area of P = 1, points²


def diffraction_figure(table: pd.DataFrame) -> Figure:
    """P of the orders at up to six energies, spread over those that there are.

    Args:
        table: of `scatter.analysis.diffraction_orders`, of points that differ in energy alone.
    """
    energies = np.unique(table.energy_eV)
    chosen = energies[np.unique(np.linspace(0, len(energies) - 1, PANELS).round().astype(int))]
    columns = min(len(chosen), 3)
    lines = -(-len(chosen) // columns)
    reach = 1.25 * max(float(abs(table[["Gx_per_A", "Gy_per_A"]]).to_numpy().max()), 1.0)
    with canvas(2 if columns > 1 else 1, 12 + 55 * lines) as figure:
        axes = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
        for panel, energy in zip(axes.flat, chosen, strict=False):
            mine = table[table.energy_eV == energy]
            specular = (mine.n1 == 0) & (mine.n2 == 0)
            panel.scatter(
                mine.Gx_per_A,
                mine.Gy_per_A,
                s=LARGEST * mine.P,
                facecolors=np.where(specular, PALETTE[0], "none"),
                edgecolors=PALETTE[0],
            )
            share = float(mine.P[specular].sum())
            panel.set_title(f"{energy:g} eV: specular {share:.2f}", fontsize="small")
            panel.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        for panel in axes.flat[len(chosen) :]:
            panel.set_visible(False)
        for panel in axes[-1]:
            panel.set_xlabel("$G_x$ (1/Å)")
        for panel in axes[:, 0]:
            panel.set_ylabel("$G_y$ (1/Å)")
    return figure
