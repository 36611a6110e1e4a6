"""The figure of a regularised fit: errors and evidence against the strength of the prior."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from scatter.plots.style import LINES, PALETTE, COLUMN_mm, paper_style

HEIGHT_mm = 62
COLOURS = {"train": PALETTE[0], "valid": PALETTE[1]}
Curve = Float[np.ndarray, " strength"]


@dataclass(frozen=True)
class Strengths:
    """What comes of every strength of the prior.

    Attributes:
        strengths: λ over the square of the largest singular value.
        errors: RMSE by quantity ("E (meV)") and part ("train", "valid").
        loss: what is minimised, per row, by part.
        evidence: natural logarithm, per row.
        chosen: index of the strength that is taken.
    """

    strengths: Curve
    errors: Mapping[str, Mapping[str, Curve]]
    loss: Mapping[str, Curve]
    evidence: Curve
    chosen: int


def regularisation_figure(fits: Strengths) -> Figure:
    """A panel for each error, one for the loss, and one for the evidence, side by side."""
    panels = {**fits.errors, "mean square of a weighted row": fits.loss}
    with paper_style():
        width = (len(panels) + 1) * 0.62 * COLUMN_mm / 25.4
        figure = Figure(figsize=(width, HEIGHT_mm / 25.4), layout="constrained")
        axes = figure.subplots(1, len(panels) + 1)
        for panel, (name, curves) in zip(axes, panels.items(), strict=False):
            for line, (part, curve) in zip(LINES, curves.items(), strict=False):
                panel.plot(fits.strengths, curve, color=COLOURS[part], ls=line, label=part)
            panel.set(title=name, yscale="log")
        axes[-1].plot(fits.strengths, fits.evidence, color=PALETTE[2], label="train")
        best = int(np.argmax(fits.evidence))
        axes[-1].plot(fits.strengths[best], fits.evidence[best], "o", color=PALETTE[2])
        axes[-1].set(title="ln evidence of a row")
        for panel in axes:
            panel.set(xscale="log", xlabel=r"$\lambda\,/\,s_1^2$")
            panel.axvline(fits.strengths[fits.chosen], color="0.5", lw=0.6, label="chosen")
        axes[0].legend()
    return figure
