"""How near several potentials are to a reference, by category."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from scatter.plots.style import PALETTE, canvas

HEIGHT_mm = 75
TOGETHER = 0.8  # width of a category's bars


@dataclass(frozen=True)
class Bars:
    """One potential, or the members of a committee.

    Attributes:
        label: in the legend.
        scores: S of each category, 0 to 100, of every member.
    """

    label: str
    scores: Mapping[str, Sequence[float]]


def merit_figure(bars: Sequence[Bars]) -> Figure:
    """A group of bars for each category; bars are means over members, with their spread."""
    categories = [*dict.fromkeys(name for each in bars for name in each.scores)]
    width = TOGETHER / len(bars)
    with canvas(2, HEIGHT_mm) as figure:
        axes = figure.subplots()
        for n, each in enumerate(bars):
            there = [name for name in categories if name in each.scores]
            x = np.array([categories.index(name) for name in there])
            values = [np.array(each.scores[name]) for name in there]
            spread = [value.std(ddof=1) if len(value) > 1 else np.nan for value in values]
            axes.bar(
                x + (n + 0.5) * width - TOGETHER / 2,
                [value.mean() for value in values],
                width,
                yerr=spread,
                color=PALETTE[n % len(PALETTE)],
                label=each.label,
                error_kw={"linewidth": 0.8},
            )
        axes.set_xticks(range(len(categories)), [name.replace(" ", "\n") for name in categories])
        axes.set(ylabel="Score", ylim=(0, 110))
        axes.grid(visible=False, axis="x")
        figure.legend(loc="outside upper center", ncols=len(bars), frameon=False)
    return figure
