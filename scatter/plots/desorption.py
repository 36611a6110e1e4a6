"""What desorbs: its energies, and when it arrives."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scatter.analysis.detailed_balance import Desorption, Spectrum
from scatter.plots.fitted import NAMES
from scatter.plots.style import PALETTE, below, canvas

FLIGHT_mm = 100.0
FURTHEST_eV = 0.005, 3.0  # energies that are looked at
SHOWN = 0.005  # of the maximum, below which a spectrum is not drawn
HATCH = "////"
Ends = tuple[float, float]


def desorption_figure(desorbing: Desorption) -> Figure:
    """Flux by energy and by time of flight over `FLIGHT_mm`, with 95 % bands.

    Hatched are the energies beyond the computed points, with the times that belong to them.

    Args:
        desorbing: of `scatter.analysis.desorption`.
    """
    energy = _visible(desorbing.energy_spectrum(np.linspace(*FURTHEST_eV, 600)))
    spectrum = desorbing.energy_spectrum(np.linspace(*energy, 300))
    fastest, slowest = (desorbing.flight_us(E, FLIGHT_mm) for E in FURTHEST_eV[::-1])
    seen = _visible(desorbing.time_of_flight(np.geomspace(fastest, slowest, 600), FLIGHT_mm))
    arrival = desorbing.time_of_flight(np.linspace(*seen, 300), FLIGHT_mm)
    lowest, highest = covered(desorbing)
    times = desorbing.flight_us(highest, FLIGHT_mm), desorbing.flight_us(lowest, FLIGHT_mm)
    with canvas(2, 70) as figure:
        left, right = figure.subplots(1, 2)
        _draw(left, spectrum, (lowest, highest), _curve_words(desorbing))
        _draw(right, arrival, times, "")
        left.set_xlabel("Translational energy (eV)")
        left.set_ylabel("Flux (1/eV)")
        right.set_xlabel(f"Time of flight over {FLIGHT_mm:g} mm (µs)")
        right.set_ylabel("Flux (1/µs)")
        below(figure, ncols=3)
    return figure


def covered(desorbing: Desorption) -> Ends:
    """The energies (eV) at which every curve that is followed has computed points."""
    followed = set(desorbing.sampled.of[desorbing.sampled.known].tolist())
    x = [desorbing.sampled.curves[n].x for n in sorted(followed)]
    return max(float(each[0]) for each in x), min(float(each[-1]) for each in x)


def _curve_words(desorbing: Desorption) -> str:
    fits = [fit for fit in desorbing.sampled.fits if fit is not None]
    if not fits:
        return "$S_0$ linear between points"
    forms = ", ".join(sorted({NAMES[fit.form] for fit in fits}))
    some = f" to {len(fits)} of {len(desorbing.sampled.fits)} curves, else linear"
    return f"$S_0$ fitted ({forms})" + some * (desorbing.fitted < 1)


def _visible(spectrum: Spectrum) -> Ends:
    """Between which energies or times the spectrum is more than `SHOWN` of its maximum."""
    seen = spectrum.x[spectrum.density > SHOWN * spectrum.density.max()]
    return float(seen[0]), float(seen[-1])


def _draw(axes: Axes, spectrum: Spectrum, points: Ends, words: str) -> None:
    """A spectrum with its band, and where no points are."""
    axes.plot(spectrum.x, spectrum.density, color=PALETTE[0], label=words or None)
    band = {"color": PALETTE[0], "alpha": 0.25, "linewidth": 0}
    label = "95 % interval" if words else None
    axes.fill_between(spectrum.x, spectrum.low, spectrum.high, label=label, **band)
    ends = float(spectrum.x[0]), float(spectrum.x[-1])
    label = "no point computed" if words else None
    for low, high in ((ends[0], points[0]), (points[1], ends[1])):
        if low < high:
            how = {"facecolor": "none", "edgecolor": "0.75", "hatch": HATCH, "linewidth": 0}
            axes.axvspan(max(low, ends[0]), min(high, ends[1]), zorder=0, label=label, **how)
            label = None
    axes.set_xlim(*ends)
    most = float(spectrum.density.max())
    axes.set_ylim(0, min(1.1 * float(spectrum.high.max()), 2 * most))
