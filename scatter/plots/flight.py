"""A time of flight as it was counted, and as it is by the fit."""

import numpy as np
from matplotlib.figure import Figure

from scatter.analysis.flight import Flight, FlightFit
from scatter.plots.style import PALETTE, canvas


def flight_figure(flight: Flight, fitted: FlightFit, title: str = "") -> Figure:
    """Counts with the curve that was fitted to them, and below what is left over.

    Args:
        flight: what was counted.
        fitted: to it.
        title: what it is of.
    """
    left = (flight.counts - fitted.expected) / np.sqrt(fitted.expected)
    words = (
        f"$E_0$ = {fitted.E0_eV:.3f} ({fitted.E0_low_eV:.3f}–{fitted.E0_high_eV:.3f}) eV, "
        f"$W$ = {fitted.W_eV:.3f} ({fitted.W_low_eV:.3f}–{fitted.W_high_eV:.3f}) eV"
    )
    with canvas(1.4, 90) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        upper.plot(
            flight.time_us, flight.counts, "o", markersize=2.5, color=PALETTE[0], label="counts"
        )
        upper.plot(flight.time_us, fitted.expected, color="black", label="fit")
        upper.set_ylabel("Counts")
        upper.set_ylim(bottom=0)
        upper.set_title(f"{title}\n{words}")
        upper.legend(frameon=False)
        lower.axhline(0, color="0.6", linewidth=0.5, zorder=0)
        lower.plot(flight.time_us, left, "o", markersize=2, color=PALETTE[0])
        lower.set_ylabel("Deviation / σ")
        lower.set_xlabel("Time of flight (µs)")
    return figure
