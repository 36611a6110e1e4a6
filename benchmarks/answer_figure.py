"""Draw what a sticking probability costs: force calls of a trajectory, and seconds of the answer.

    python benchmarks/answer.py --model MODEL.model --output answer.json
    python benchmarks/answer_figure.py answer.json [--output docs/answer]

All numbers are those of the first command's file.
"""

import argparse
import json
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scatter.plots.style import PALETTE, COLUMN_mm, paper_style, save

PANELS = {"calls": "force calls a trajectory", "answer_s": "s of one core for $S_0$ ± 0.01"}


def bars(axes: Axes, values: list[float], title: str) -> None:
    """A bar for each way, from top to bottom, on a logarithmic scale, with its number."""
    places = [-place for place in range(len(values))]
    axes.barh(places, values, height=0.6, color=PALETTE[0], log=True)
    for place, value in zip(places, values, strict=True):
        axes.annotate(
            f" {value:,.0f}", (value, place), verticalalignment="center", fontsize="small"
        )
    axes.set_xlim(0.5 * min(values), 12 * max(values))
    axes.set_xlabel(title)
    axes.tick_params(axis="y", length=0)


def drawn(rows: list[dict], path: Path) -> None:
    """Write the figure, `path`.png and .pdf."""
    with paper_style():
        size = 2 * COLUMN_mm / 25.4, (12 + 7 * len(rows)) / 25.4
        figure = Figure(figsize=size, layout="constrained")
        both = figure.subplots(1, 2, sharey=True)
        for axes, (name, title) in zip(both, PANELS.items(), strict=True):
            bars(axes, [row[name] for row in rows], title)
        both[0].set_yticks([-place for place in range(len(rows))], [row["way"] for row in rows])
        save(figure, path)


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("file", type=Path, help="what `answer.py --output` wrote")
    reader.add_argument("--output", type=Path, default=Path("answer"), help="without .png")
    given = reader.parse_args()
    drawn(json.loads(given.file.read_text())["rows"], given.output)
