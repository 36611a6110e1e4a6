"""Sticking curves with the curves fitted to them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from scatter.analysis.curve import Curve
from scatter.analysis.estimate import Undetermined
from scatter.analysis.fits import Fit
from scatter.analysis.words import conditions_of
from scatter.conditions import tables_of
from scatter.plots.bounds import brackets
from scatter.plots.conditions import title_and_labels
from scatter.plots.sticking import frame
from scatter.plots.style import bars, below, canvas, look


def fit_figure(curves: Sequence[Curve], fits: Sequence[Fit | Undetermined]) -> Figure:
    """S0 with 95 % intervals, and the fitted curves with their 95 % bands.

    Brackets stand for the bounds of points whose S0 is not known; the fits leave these out.

    Args:
        curves: along the incidence energy.
        fits: of each; none is drawn where points could not tell.
    """
    energies = np.concatenate([curve.x for curve in curves])
    title, texts = title_and_labels([curve.conditions for curve in curves])
    fine = np.linspace(max(0.0, energies.min() - 0.1), energies.max() + 0.1, 300)
    with canvas(1.4, 80) as figure:
        axes = figure.add_subplot()
        for n, (curve, text, fitted) in enumerate(zip(curves, texts, fits, strict=True)):
            style, gap = look(n), curve.open
            line = style.pop("linestyle")
            bars(
                axes,
                curve.x,
                curve.S0,
                curve.low,
                curve.high,
                linestyle="none",
                label=text or None,
                elinewidth=0.7,
                **style,
            )
            brackets(axes, curve.x[gap], curve.lowest[gap], curve.highest[gap], style["color"])
            if isinstance(fitted, Fit):
                axes.plot(fine, fitted(fine), color=style["color"], linestyle=line)
                band = fitted.band(fine)
                axes.fill_between(fine, *band, color=style["color"], alpha=0.2, linewidth=0)
        frame(axes, "energy_eV", energies)
        axes.set_title(title)
        below(figure, ncols=2)
    return figure


def alignment_figure(table: pd.DataFrame, surfaces: Mapping[str, str] | None = None) -> Figure:
    """A0(2) against incidence energy, one curve a state, with 95 % intervals.

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
            bars(axes, rows.energy_eV, rows.A0_2, *ends, label=text or None, **look(n))
        axes.axhline(0, color="0.6", linewidth=0.5, zorder=0)
        axes.set_xlabel("Incidence energy (eV)")
        axes.set_ylabel("Alignment $A_0^{(2)}$ of what sticks")
        axes.set_title(title)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False)
    return figure
