"""How it happened: orientations of the bond at the lowest point of a trajectory."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scatter.outcomes import Outcome
from scatter.plots.series import FEWEST, few, heading, named, ordered, rows_at
from scatter.plots.style import bars, canvas

KINDS = (Outcome.DISSOCIATED, Outcome.SCATTERED)


def orientation_figure(bins: pd.DataFrame) -> Figure | None:
    """Density over |cos ϑ| of the bond at the lowest point, a panel for each ending that occurs.

    At most four incidence energies, evenly spread; bars are 95 % intervals. An energy at which
    fewer than `FEWEST` ended so is left out, and so is a panel without energies; None is answered
    where no panel is left.

    Args:
        bins: of `orientation_distribution`, for points that differ in their energy alone.
    """
    ended = {kind.name.lower(): _ended(bins, kind.name.lower()) for kind in KINDS}
    ended = {name: rows for name, rows in ended.items() if len(rows)}
    if not ended:
        return None
    with canvas(len(ended), 66) as figure:
        panels = figure.subplots(1, len(ended), squeeze=False)[0]
        for axes, (name, rows) in zip(panels, ended.items(), strict=True):
            _orientations(axes, rows)
            axes.set_title(name)
        panels[0].set_ylabel("Density")
    return figure


def _ended(bins: pd.DataFrame, outcome: str) -> pd.DataFrame:
    return rows_at(bins.query(f"n >= {FEWEST}"), outcome=outcome)


def _orientations(axes: Axes, bins: pd.DataFrame) -> None:
    energies = sorted(set(bins.energy_eV))
    chosen = few(energies)
    for n, energy in enumerate(chosen):
        rows = rows_at(bins, energy_eV=energy)
        middle, width = 0.5 * (rows.from_cos + rows.to_cos), rows.to_cos - rows.from_cos
        style = ordered(n, len(chosen), label=f"{energy:g} eV: {rows.n.iloc[0]}", elinewidth=0.6)
        bars(axes, middle, rows.density, rows.low / width, rows.high / width, **style)
    axes.axhline(1, color="0.4", linewidth=0.8, zorder=1, label="isotropic")
    axes.set_xlabel(r"$|\cos\,\vartheta|$ at the lowest point (0: flat, 1: upright)")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xticks(np.linspace(0, 1, 6))
    named(axes, heading(chosen, energies))
