"""Several values of an ordered quantity in one figure: which are drawn, how each looks, how far."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import matplotlib as mpl
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scatter.plots.style import look

MOST = 4  # lines in one panel, or panels of one figure; more cannot be told apart
FEWEST = 10  # trajectories of which a distribution is drawn
CENTRAL = 0.99  # of all trajectories, that an axis reaches over
HEADROOM = 1.5  # of what is drawn, for a legend above it
LIGHTEST = 0.75  # of the colour map; lighter is lost on white

Value = TypeVar("Value")
PerBin = Float[np.ndarray, " bin"]


def few(values: Sequence[Value], most: int = MOST) -> list[Value]:
    """So many of them, evenly spread, the first and the last among them."""
    chosen = np.unique(np.linspace(0, len(values) - 1, min(most, len(values))).round().astype(int))
    return [values[n] for n in chosen.tolist()]


def drawn_of(sizes: Mapping[Value, int]) -> list[Value]:
    """Of values with their numbers of trajectories, a `few` of those with `FEWEST` or more.

    Where none has as many, all that there are stand for them.
    """
    enough = [value for value, size in sizes.items() if size >= FEWEST]
    return few(enough or [*sizes])


def ordered(n: int, of: int, **changes: Any) -> dict[str, Any]:
    """Colour, marker and line of the n-th of so many, from dark to light also in grey."""
    colour = mpl.colormaps["viridis"](LIGHTEST * n / max(1, of - 1))
    return look(n, color=colour, **changes)


def heading(drawn: Sequence[Any], of: Sequence[Any], what: str = "Incidence energy") -> str:
    """What stands above a legend: the quantity, and how many of its values are drawn if not all."""
    return what if len(drawn) == len(of) else f"{what}\n({len(drawn)} of {len(of)} drawn)"


def central(
    low: PerBin, high: PerBin, weight: PerBin, share: float = CENTRAL
) -> tuple[float, float]:
    """Ends of the bins that hold the central share of the weight, whatever order they are in.

    A single trajectory far from all others would otherwise set the scale of an axis.
    """
    order = np.argsort(low, kind="stable")
    rising = np.cumsum(weight[order]) / weight.sum()
    first = int(np.searchsorted(rising, 0.5 * (1 - share), side="right"))
    last = int(np.searchsorted(rising, 1 - 0.5 * (1 - share), side="left"))
    top = len(order) - 1
    return float(low[order[min(first, top)]]), float(high[order[min(last, top)]])


def angle_reach(polar_deg: Float[np.ndarray, " trajectory"], step_deg: float) -> float:
    """The angle, in whole steps, that `CENTRAL` of all are within; three steps at the least."""
    within = np.quantile(polar_deg, CENTRAL) if len(polar_deg) else 90.0
    return float(min(90.0, max(3 * step_deg, step_deg * np.ceil(within / step_deg))))


def rows_at(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The rows in which columns have these values."""
    member = np.ones(len(table), bool)
    for name, value in values.items():
        member &= (table[name] == value).to_numpy(bool)
    return cast(pd.DataFrame, table.loc[member])


def named(axes: Axes, title: str) -> None:
    """A legend with a title at the top of axes, which are given room for it."""
    axes.set_ylim(0, HEADROOM * axes.get_ylim()[1])
    axes.legend(frameon=False, title=title, title_fontsize=7, ncols=2, loc="upper right")


def named_below(figure: Figure, axes: Axes, title: str) -> None:
    """A legend with a title below the figure, of what one of its panels shows."""
    handles, texts = axes.get_legend_handles_labels()
    title = title.replace("\n", " ")
    how = {"frameon": False, "ncols": 5, "title": title, "title_fontsize": 7}
    figure.legend(handles, texts, loc="outside lower center", **how)
