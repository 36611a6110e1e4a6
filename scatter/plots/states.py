"""Final states of scattered molecules: populations, Boltzmann plots, the fate of the vibration."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf, isfinite, isnan
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from scatter.analysis.boltzmann import boltzmann_p_value
from scatter.analysis.fits import UNLIKELY
from scatter.analysis.words import FATES
from scatter.plots.series import FEWEST, drawn_of, few, heading, named_below, rows_at
from scatter.plots.style import PALETTE, bars, below, canvas, look

COLUMNS, PANEL_mm, REST_mm = 2, 44, 22
HATCHES = ("", "////", "xxxx", "....", "||||")
LOG_WEIGHT = r"$\ln\,[P(J'\,|\,v')\,/\,(2J' + 1)]$"


def state_bars(transitions: pd.DataFrame) -> Figure:
    """P(v', J') among the scattered as bars by J', grouped by v', a panel for each energy.

    At most four incidence energies, evenly spread; error bars are 95 % intervals.

    Args:
        transitions: of points of one initial state that differ in their energy alone.
    """
    bound = transitions.dropna(subset=["v_final", "J_final"])
    every = bound[bound.scattered > 0].groupby("energy_eV").scattered.first().to_dict()
    chosen = drawn_of(every)
    reached = bound[(bound["count"] > 0) & bound.energy_eV.isin(chosen)]
    vibrations = sorted(set(reached.v_final.astype(int)))
    with _panels(chosen, sharey=True) as (figure, panels):
        for axes, energy in panels:
            here = rows_at(bound, energy_eV=energy)
            for n, v in enumerate(vibrations):
                _bars(axes, rows_at(here, v_final=v), v, n, len(vibrations))
            axes.set_title(f"{energy:g} eV, $n$ = {here.scattered.iloc[0]}")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_ylim(bottom=0)
        _below_the_last(panels, "Final rotational state $J'$")
        figure.supylabel("$P(v', J')$ of the scattered", fontsize=9)
        named_below(figure, figure.axes[0], heading(chosen, [*every]))
    return figure


def _bars(axes: Axes, rows: pd.DataFrame, v: int, n: int, of: int) -> None:
    """The bars of one v', beside those of the others; told apart by colour and hatch alike."""
    J, P = rows.J_final.to_numpy(float), rows.P_scattered.to_numpy(float)
    width = 0.8 / of
    x = J + (n - 0.5 * (of - 1)) * width
    how: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.4}
    how |= {"facecolor": PALETTE[n % len(PALETTE)], "hatch": HATCHES[n % len(HATCHES)]}
    axes.bar(x, P, width, **how)
    axes.add_patch(Rectangle((0, 0), 0, 0, label=f"$v'$ = {v}", **how))  # also where none is drawn
    ends = rows.low_scattered.to_numpy(float), rows.high_scattered.to_numpy(float)
    bars(axes, x, P, *ends, fmt="none", ecolor="black", elinewidth=0.6, capsize=1)


def boltzmann_figure(populations: pd.DataFrame, temperatures: pd.DataFrame) -> Figure | None:
    """ln[P(J')/(2J'+1)] within each v' against the rotational energy, a panel for each energy.

    A line with its temperature is drawn only where the populations may be those of a Boltzmann law
    (`boltzmann_p_value` of at least `UNLIKELY`); elsewhere the points stand alone, and are said not
    to be thermal where there are enough to tell. At most four
    incidence energies, evenly spread; error bars are 95 % intervals. None where no v' has `FEWEST`.

    Args:
        populations: of `rotational_populations`, of points that differ in their energy alone.
        temperatures: of `rotational_temperatures`, of the same points.
    """
    counted = populations.query(f"scattered >= {FEWEST}")
    every = sorted(set(counted.energy_eV))
    if not every:
        return None
    with _panels(few(every), sharey=False) as (figure, panels):
        for axes, energy in panels:
            here = rows_at(counted, energy_eV=energy)
            for n, v in enumerate(sorted(set(here.v_final))):
                thermal = rows_at(temperatures, energy_eV=energy, v_final=v).iloc[0]
                _boltzmann(axes, rows_at(here, v_final=v), thermal, n)
            axes.set_title(f"{energy:g} eV")
            low, high = axes.get_ylim()
            axes.set_ylim(low, high + 0.25 * (high - low))  # room for the legend
            axes.legend(frameon=False, fontsize=6, loc="upper right")
        drawn = heading(few(every), every).replace("\n", " ")
        _below_the_last(panels, "Rotational energy (eV)")
        figure.supxlabel(drawn, fontsize=7)
        figure.supylabel(LOG_WEIGHT, fontsize=9)
    return figure


def _boltzmann(axes: Axes, rows: pd.DataFrame, thermal: pd.Series, n: int) -> None:
    """The points of one v', and the line of its temperature where that means something."""
    full = rows.query("P > 0").sort_values("rotational_eV")
    x, weight = full.rotational_eV, full.degeneracy
    P, low, high = (np.log(full[name] / weight) for name in ("P", "low", "high"))
    text, line = f"$v'$ = {int(thermal.v_final)}", "none"
    likely = boltzmann_likely(rows, thermal)
    if likely is False:
        text += ": not thermal"
    if likely:
        line = look(n)["linestyle"]
        law = np.log(full.boltzmann / weight)
        axes.plot(x, law, color=look(n)["color"], linestyle=line)
        text += f": {thermal.temperature_K:.0f} ({thermal.low_K:.0f}–{thermal.high_K:.0f}) K"
    bars(axes, x, P, low, high, **look(n, linestyle="none", elinewidth=0.7))
    axes.plot([], [], **look(n, linestyle=line), label=text)


def boltzmann_likely(populations: pd.DataFrame, thermal: pd.Series) -> bool | None:
    """Whether the populations of one v' may be those of a Boltzmann law of finite temperature.

    None where too few levels are populated to tell.

    Args:
        populations: rows of `rotational_populations` of one point and v'.
        thermal: the row of `rotational_temperatures` of the same.
    """
    if not (0 < thermal.temperature_K < inf and isfinite(thermal.high_K)):
        return None
    counts = populations.P.to_numpy(float) * float(thermal.effective)
    p = boltzmann_p_value(counts, populations.boltzmann.to_numpy(float))
    return None if isnan(p) else p >= UNLIKELY


@contextmanager
def _panels(
    energies: list[float], sharey: bool
) -> Iterator[tuple[Figure, list[tuple[Axes, float]]]]:
    """A figure with a panel for each energy, and nothing where a panel is missing."""
    columns = min(COLUMNS, len(energies))
    lines = -(-len(energies) // COLUMNS)
    with canvas(2 if columns > 1 else 1, REST_mm + PANEL_mm * lines) as figure:
        grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=sharey)
        for axes in grid.flat[len(energies) :]:
            axes.set_visible(False)
            grid[-2, -1].xaxis.set_tick_params(labelbottom=True)
        yield figure, [*zip(grid.flat, energies, strict=False)]


def _below_the_last(panels: list[tuple[Axes, float]], label: str) -> None:
    """The name of the x axis, below the last panel of each column."""
    for axes, _ in panels[-COLUMNS:]:
        axes.set_xlabel(label)


def channels_figure(channels: pd.DataFrame) -> Figure:
    """Survival, vibrationally elastic scattering and (de)excitation against incidence energy.

    Args:
        channels: of points that differ in their energy alone.
    """
    counted = channels.query("n > 0").sort_values("energy_eV")
    with canvas(1.4, 75) as figure:
        axes = figure.add_subplot()
        for n, (channel, name) in enumerate(FATES.items()):
            rows = counted.query(f"channel == '{channel}'")
            if rows.P.any():
                bars(axes, rows.energy_eV, rows.P, rows.low, rows.high, label=name, **look(n))
        axes.set_xlabel("Incidence energy (eV)")
        axes.set_ylabel("Probability of a trajectory")
        axes.set_ylim(-0.03, 1.03)
        below(figure, ncols=3)
    return figure
