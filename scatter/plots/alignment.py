"""How the sticking depends on which way the molecule turns."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from scatter.analysis.words import conditions_of
from scatter.conditions import tables_of
from scatter.plots.conditions import title_and_labels
from scatter.plots.style import bars, canvas, look


def alignment_figure(table: pd.DataFrame, surfaces: Mapping[str, str] | None = None) -> Figure:
    """A0(2) against incidence energy, one series of points a state, with 95 % intervals.

    Args:
        table: of `scatter.analysis.alignment`.
        surfaces: what surfaces are called, by facet.
    """
    groups = tables_of(table.sort_values("energy_eV", kind="stable"), "energy_eV")
    described = [conditions_of(next(iter(group.itertuples())), surfaces) for group in groups]
    title, texts = title_and_labels(described, "energy_eV")
    with canvas(1.4, 70) as figure:
        axes = figure.add_subplot()
        for n, (group, text) in enumerate(zip(groups, texts, strict=True)):
            rows = group[np.isfinite(group.A0_2)]
            ends = rows.A0_2_low, rows.A0_2_high
            bars(
                axes,
                rows.energy_eV,
                rows.A0_2,
                *ends,
                label=text or None,
                **look(n, linestyle="none"),
            )
        axes.axhline(0, color="0.6", linewidth=0.5, zorder=0)
        axes.set_xlabel("Incidence energy (eV)")
        axes.set_ylabel("Alignment $A_0^{(2)}$ of what sticks")
        axes.set_title(title)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False)
    return figure
