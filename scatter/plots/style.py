"""How every figure looks, and how it is written.

Figures are objects of their own: no window, no global state, and the same bytes from the same
rows whatever the user's matplotlibrc says.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from scatter.files import replacing

COLUMN_mm = 86  # width of one column of a paper
# Okabe & Ito, Color Universal Design (2008), without the yellow that is lost on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
LINES = ("-", "--", "-.", (0, (1, 1)), (0, (6, 2)))
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "legend.fontsize": 7,
    "lines.linewidth": 1.0,
    "lines.markersize": 4,
    "lines.markeredgewidth": 0.8,
    "errorbar.capsize": 2,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "pdf.fonttype": 42,  # journals want fonts that stay text
}


def save(figure: Figure, path: Path) -> None:
    """Write `path`.png (300 dpi) and `path`.pdf, each whole or not at all."""
    formats = {
        "png": {"dpi": 300, "metadata": {"Software": None}},
        "pdf": {"metadata": {"CreationDate": None}},  # the same bytes every time
    }
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it wonders at dates of fonts
    with paper_style():
        for suffix, options in formats.items():
            # Not with_suffix: it would take the end of "0.5eV" for one.
            with replacing(path.with_name(f"{path.name}.{suffix}")) as temporary:
                figure.savefig(temporary, format=suffix, **options)


@contextmanager
def canvas(width: float, height_mm: float) -> Iterator[Figure]:
    """A figure of so many columns of a paper and this height, in our style while it is drawn."""
    with paper_style():
        yield Figure(figsize=(width * COLUMN_mm / 25.4, height_mm / 25.4), layout="constrained")


def look(n: int, **changes: Any) -> dict[str, Any]:
    """Colour, marker and line of the n-th curve, any of which tells it from its neighbours."""
    colour, marker = PALETTE[n % len(PALETTE)], MARKERS[n % len(MARKERS)]
    return {"color": colour, "marker": marker, "linestyle": LINES[n % len(LINES)], **changes}


def bars(axes: Axes, x: Any, middle: Any, low: Any, high: Any, **how: Any) -> None:
    """Points with error bars from low to high; no bar where an end is not known."""
    ends = np.array([np.subtract(middle, low), np.subtract(high, middle)], float)
    axes.errorbar(x, middle, yerr=np.maximum(np.nan_to_num(ends), 0), **how)


def colours_of(scale: str, n: int) -> list[str]:
    """So many colours of one of matplotlib's scales, from its low to its high end, as #rrggbb."""
    return [to_hex(colour) for colour in mpl.colormaps[scale](np.linspace(0, 1, n))]


def below(figure: Figure, **how: Any) -> None:
    """A legend below the axes, if there is anything to tell apart."""
    if figure.axes[0].get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", frameon=False, **how)


@contextmanager
def paper_style() -> Iterator[None]:
    """Our settings on matplotlib's defaults, for the length of a block."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield
