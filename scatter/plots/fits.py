"""Sticking curves with the curves fitted to them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from scatter.plots.sticking import frame, legends_of
from scatter.plots.style import LINES, MARKERS, PALETTE, COLUMN_mm, paper_style
from scatter.statistics import Curve, Fit, Undetermined


def fit_figure(curves: Sequence[Curve], fits: Sequence[Fit | Undetermined]) -> Figure:
    """S0 with 95 % intervals, and the fitted curves with their 95 % bands.

    Args:
        curves: along the incidence energy.
        fits: of each; none is drawn where points could not tell.
    """
    energies = np.concatenate([curve.x for curve in curves])
    fine = np.linspace(max(0.0, energies.min() - 0.1), energies.max() + 0.1, 300)
    with paper_style():
        figure = Figure(figsize=(1.4 * COLUMN_mm / 25.4, 80 / 25.4), layout="constrained")
        axes = figure.add_subplot()
        for n, (curve, text, found) in enumerate(
            zip(curves, legends_of(curves), fits, strict=True)
        ):
            color = PALETTE[n % len(PALETTE)]
            ends = np.stack([curve.S0 - curve.low, curve.high - curve.S0])
            axes.errorbar(
                curve.x, curve.S0, yerr=ends, fmt=MARKERS[n % len(MARKERS)], color=color,
                label=text or None, elinewidth=0.7,
            )  # fmt: skip
            if isinstance(found, Fit):
                axes.plot(fine, found(fine), color=color, linestyle=LINES[n % len(LINES)])
                axes.fill_between(fine, *found.band(fine), color=color, alpha=0.2, linewidth=0)
        frame(axes, "energy_eV", energies)
        if axes.get_legend_handles_labels()[0]:
            figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure
