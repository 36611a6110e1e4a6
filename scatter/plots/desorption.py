"""What desorbs: its energies, and when it arrives."""

import numpy as np
from matplotlib.figure import Figure

from scatter.analysis.detailed_balance import Desorption
from scatter.plots.style import PALETTE, canvas

FLIGHT_mm = 100.0


def desorption_figure(desorbing: Desorption) -> Figure:
    """Flux by energy and by time of flight over `FLIGHT_mm`, with 95 % bands.

    Args:
        desorbing: of `scatter.analysis.desorption`.
    """
    energy = np.linspace(0.005, 1.5, 300)
    slow = desorbing.time_of_flight(np.linspace(1.0, 200.0, 4000), FLIGHT_mm)
    last = slow.x[np.nonzero(slow.density > 0.002 * slow.density.max())[0][-1]]
    panels = (
        (desorbing.energy_spectrum(energy), "Translational energy (eV)", "Flux (1/eV)"),
        (
            desorbing.time_of_flight(np.linspace(0.02 * last, last, 400), FLIGHT_mm),
            f"Time of flight over {FLIGHT_mm:g} mm (µs)",
            "Flux (1/µs)",
        ),
    )
    with canvas(2, 62) as figure:
        for axes, (spectrum, name, density) in zip(figure.subplots(1, 2), panels, strict=True):
            axes.plot(spectrum.x, spectrum.density, color=PALETTE[0])
            axes.fill_between(
                spectrum.x, spectrum.low, spectrum.high, color=PALETTE[0], alpha=0.25, linewidth=0
            )
            axes.set_xlabel(name)
            axes.set_ylabel(density)
            axes.set_ylim(bottom=0)
    return figure
