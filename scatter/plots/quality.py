"""The quality of a campaign: how well energy was conserved, and how long trajectories took."""

import numpy as np
from matplotlib.figure import Figure

from scatter.outcomes import Outcome
from scatter.plots.style import LINES, PALETTE, canvas

meV = 1e3  # from eV


def quality_figure(trajectories: np.ndarray) -> Figure:
    """Distributions of the largest energy error and of the duration, by ending.

    Args:
        trajectories: of /trajectories; failed ones have no place in the left panel.
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
        left.set_xlabel("Largest energy error (meV)")
        left.set_ylabel("Trajectories")
        edges = np.linspace(0, trajectories["time_fs"].max(initial=1.0), 60).tolist()
        for n, outcome in enumerate(Outcome):
            ended = trajectories[trajectories["outcome"] == outcome]
            if len(ended):
                label = f"{outcome.name.lower()}: {len(ended)}"
                right.hist(
                    ended["time_fs"],
                    edges,
                    histtype="step",
                    color=PALETTE[n],
                    linestyle=LINES[n],
                    label=label,
                )
        right.set_xlabel("Duration (fs)")
        right.set_ylabel("Trajectories")
        if len(trajectories):
            right.legend(frameon=False)
    return figure
