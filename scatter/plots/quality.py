"""The quality of a campaign: how well energy was conserved, and how long trajectories took."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from scatter.outcomes import Outcome
from scatter.plots.style import LINES, PALETTE, canvas

meV = 1e3  # from eV


def quality_figure(trajectories: np.ndarray, names: Mapping[int, str]) -> Figure:
    """Distributions of the largest energy error and of the duration, by ending.

    Args:
        trajectories: of /trajectories; failed ones have no place in the left panel.
        names: of the endings, by code.
    """
    with canvas(2, 60) as figure:
        left, right = figure.subplots(1, 2)
        sound = trajectories[trajectories["outcome"] != Outcome.FAILED]
        error = meV * sound["energy_error_eV"]
        bins = np.geomspace(
            max(1e-3, error.min(initial=1.0)), max(2e-3, error.max(initial=1.0)), 50
        )
        left.hist(error, bins.tolist(), histtype="stepfilled", color="0.7", edgecolor="black")
        left.set_xscale("log")
        left.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        left.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        left.xaxis.set_minor_formatter(NullFormatter())
        left.set_xlabel("Largest energy error (meV)")
        left.set_ylabel("Trajectories")
        edges = np.linspace(0, trajectories["time_fs"].max(initial=1.0), 60).tolist()
        for code, name in names.items():
            ended = trajectories[trajectories["outcome"] == code]
            if len(ended):
                label = f"{name}: {len(ended)}"
                right.hist(
                    ended["time_fs"],
                    edges,
                    histtype="step",
                    color=PALETTE[code % len(PALETTE)],
                    linestyle=LINES[code % len(LINES)],
                    label=label,
                )
        right.set_xlabel("Duration (fs)")
        right.set_ylabel("Trajectories")
        if len(trajectories):
            right.legend(frameon=False)
    return figure
