"""Sticking curves with the curves fitted to them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from scatter.analysis import Curve, Fit, Undetermined
from scatter.analysis.alignment import OF_STATE, Alignment
from scatter.plots.bounds import brackets
from scatter.plots.conditions import title_and_labels
from scatter.plots.sticking import frame
from scatter.plots.style import LINES, MARKERS, PALETTE, COLUMN_mm, paper_style

FIXED = tuple(name for name in OF_STATE if name != "energy_eV")


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
    with paper_style():
        figure = Figure(figsize=(1.4 * COLUMN_mm / 25.4, 80 / 25.4), layout="constrained")
        axes = figure.add_subplot()
        for n, (curve, text, found) in enumerate(zip(curves, texts, fits, strict=True)):
            color = PALETTE[n % len(PALETTE)]
            ends = np.stack([curve.S0 - curve.low, curve.high - curve.S0])
            axes.errorbar(
                curve.x, curve.S0, yerr=ends, fmt=MARKERS[n % len(MARKERS)], color=color,
                label=text or None, elinewidth=0.7,
            )  # fmt: skip
            gap = curve.open
            brackets(axes, curve.x[gap], curve.lowest[gap], curve.highest[gap], color)
            if isinstance(found, Fit):
                axes.plot(fine, found(fine), color=color, linestyle=LINES[n % len(LINES)])
                axes.fill_between(fine, *found.band(fine), color=color, alpha=0.2, linewidth=0)
        frame(axes, "energy_eV", energies)
        axes.set_title(title)
        if axes.get_legend_handles_labels()[0]:
            figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def alignment_figure(
    found: Sequence[Alignment], surfaces: Mapping[str, str] | None = None
) -> Figure:
    """A0(2) against incidence energy, one curve a state, with 95 % intervals.

    Args:
        found: of `scatter.analysis.alignment`.
        surfaces: what surfaces are called, by facet.
    """
    groups: dict[tuple, list[Alignment]] = {}
    for row in sorted(found, key=lambda row: row.energy_eV):
        groups.setdefault(tuple(getattr(row, name) for name in FIXED), []).append(row)
    title, texts = title_and_labels([_conditions(one[0], surfaces) for one in groups.values()])
    with paper_style():
        figure = Figure(figsize=(1.4 * COLUMN_mm / 25.4, 70 / 25.4), layout="constrained")
        axes = figure.add_subplot()
        for n, group in enumerate(groups.values()):
            rows = [row for row in group if np.isfinite(row.A0_2)]
            A = np.array([row.A0_2 for row in rows])
            ends = np.array([[row.A0_2 - row.A0_2_low, row.A0_2_high - row.A0_2] for row in rows])
            axes.errorbar(
                [row.energy_eV for row in rows], A, yerr=ends.reshape(-1, 2).T,
                color=PALETTE[n % len(PALETTE)], marker=MARKERS[n % len(MARKERS)],
                linestyle=LINES[n % len(LINES)], label=texts[n] or None,
            )  # fmt: skip
        axes.axhline(0, color="0.6", linewidth=0.5, zorder=0)
        axes.set_xlabel("Incidence energy (eV)")
        axes.set_ylabel("Alignment $A_0^{(2)}$ of what sticks")
        axes.set_title(title)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False)
    return figure


def _conditions(row: Alignment, surfaces: Mapping[str, str] | None) -> dict[str, Any]:
    return {
        "surface": (surfaces or {}).get(row.facet, ""),
        **{name: getattr(row, name) for name in FIXED},
    }
