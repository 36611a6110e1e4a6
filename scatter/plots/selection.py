"""The figure of a selection: what was kept of which frames, and how well it covers them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scatter.plots.style import PALETTE, COLUMN_mm, paper_style

Places = tuple[np.ndarray, np.ndarray]  # how far molecules are apart, and their heights, Å
NAMES = "training", "validation", "test"


def selection_figure(
    pool: Places, kept: Places, parts: np.ndarray, distances: dict[str, np.ndarray]
) -> Figure:
    """Kept frames on the density of all of them, and the pool's distances to the nearest kept.

    Args:
        pool: bond lengths (of polyatomics: the longest bond that holds the molecule together; NaN
            of atoms) and heights of all frames, Å; where one is NaN, none is drawn.
        kept: those of the frames chosen.
        parts: of each frame kept, 0, 1, 2 for training, validation, test.
        distances: for each choice, the distance of each frame of the pool to the nearest chosen.
    """
    with paper_style():
        figure = Figure(
            figsize=(2 * COLUMN_mm / 25.4, 0.8 * COLUMN_mm / 25.4), layout="constrained"
        )
        left, right = figure.subplots(1, 2)
        if np.isnan(pool[0]).all():
            _heights(left, pool[1], kept[1], parts)
        else:
            _kept(left, pool, kept, parts)
        _coverage(right, distances)
    return figure


def _kept(axes: Axes, pool: Places, kept: Places, parts: np.ndarray) -> None:
    known = np.isfinite(pool[1])
    if known.any():
        r, Z = pool[0][known], pool[1][known]
        axes.hexbin(r, Z, gridsize=60, bins="log", cmap="Greys", linewidths=0.1)
    for part, name in enumerate(NAMES):
        mine = parts == part
        axes.plot(
            kept[0][mine],
            kept[1][mine],
            ".",
            ms=1.5,
            mew=0,
            color=PALETTE[part],
            label=f"{name}: {mine.sum()}",
            rasterized=True,
        )
    axes.set_xlabel("bond length (Å)")
    axes.set_ylabel("height of the centre of mass (Å)")
    axes.legend(title=f"kept of {len(pool[0])} frames", markerscale=5, loc="upper right")


def _heights(axes: Axes, pool: np.ndarray, kept: np.ndarray, parts: np.ndarray) -> None:
    """Heights alone, of atoms."""
    known = pool[np.isfinite(pool)]
    edges = np.histogram_bin_edges(known, 40).tolist()
    axes.hist(known, edges, color="0.8", label=f"{len(pool)} frames")
    for part, name in enumerate(NAMES):
        mine = kept[parts == part]
        color = PALETTE[part]
        axes.hist(mine, edges, histtype="step", color=color, label=f"{name}: {len(mine)}")
    axes.set_yscale("log")
    axes.set_xlabel("height (Å)")
    axes.set_ylabel("frames")
    axes.legend(loc="upper right")


def _coverage(axes: Axes, distances: dict[str, np.ndarray]) -> None:
    highest = max(values.max() for values in distances.values())
    bins = np.linspace(0, highest or 1.0, 60)
    for color, (name, values) in zip(PALETTE, distances.items(), strict=False):
        label = f"{name}: mean {values.mean():.3f}, largest {values.max():.3f}"
        axes.hist(values, bins.tolist(), histtype="step", color=color, label=label, log=True)
    axes.set_xlabel("distance to the nearest kept frame")
    axes.set_ylabel("frames of the pool")
    axes.legend(loc="upper right")
