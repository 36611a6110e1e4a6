"""What came out of shots on a dividing surface: energies, angles, states, and thermal sticking."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scatter.analysis.clustered import Known
from scatter.analysis.desorbed import Desorbed
from scatter.plots.series import angle_reach
from scatter.plots.style import PALETTE, bars, canvas, look
from scatter.units import K

BINS, PER_BIN = (8, 24), 20  # at least and at most; molecules that a bin holds on average
ANGLES = np.linspace(0.0, 90.0, 19)
LARGEST = 0.995  # of the energies that are drawn, the rest lies beyond

Curves = Mapping[str, Sequence[tuple[float, float, float, float]]]  # x, value, low, high by name


def desorbed_figure(desorbed: Desorbed) -> Figure:
    """Flux by normal energy, by polar angle and by state; bars are √n.

    Beside the energies is the flux of a gas in equilibrium, beside the angles the law cosⁿ ϑ.
    """
    with canvas(2, 62) as figure:
        energies, angles, states = figure.subplots(1, 3)
        _energies(energies, desorbed)
        _angles(angles, desorbed)
        _states(states, desorbed)
    return figure


def _energies(axes: Axes, desorbed: Desorbed) -> None:
    values, kT = desorbed.energies["normal"], K * desorbed.T_K
    bins = int(np.clip(len(values) // PER_BIN, *BINS))
    edges = np.linspace(0.0, float(np.quantile(values, LARGEST)), bins + 1)
    count, width = np.histogram(values, edges)[0], edges[1]
    middle, scale = 0.5 * (edges[1:] + edges[:-1]), len(values) * width
    _points(axes, middle, count, np.full(bins, scale))
    E = np.linspace(0, edges[-1], 200)
    axes.plot(E, np.exp(-E / kT) / kT, color="0.5", linestyle="--", label="equilibrium")
    axes.set_ylim(0, 1.4 * float((count / scale).max()))
    axes.set_xlabel("Normal energy (eV)")
    axes.set_ylabel("Flux (1/eV)")
    axes.legend(frameon=False)


def _angles(axes: Axes, desorbed: Desorbed) -> None:
    count = np.histogram(desorbed.out["final_polar_deg"], ANGLES)[0]
    cos, n = np.cos(np.deg2rad(ANGLES)), desorbed.exponent.value
    middle = 0.5 * (ANGLES[1:] + ANGLES[:-1])
    # cosⁿ ϑ is 1 at the normal where the flux per solid angle is (n + 1)/2π of the whole
    scale = len(desorbed.out) * (cos[:-1] - cos[1:]) * (n + 1)
    _points(axes, middle, count, scale)
    fine = np.linspace(0.0, 90.0, 181)
    label = rf"$\cos^{{{n:.1f}}}\theta$"
    axes.plot(fine, np.cos(np.deg2rad(fine)) ** n, color="0.5", linestyle="--", label=label)
    axes.set_xlabel("Polar angle (°)")
    axes.set_ylabel("Flux per solid angle")
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, angle_reach(desorbed.out["final_polar_deg"].astype(float), 10.0))
    axes.legend(frameon=False)


def _points(axes: Axes, x: np.ndarray, count: np.ndarray, scale: np.ndarray) -> None:
    error = np.sqrt(count)
    how = {"color": PALETTE[0], "marker": "o", "linestyle": "none"}
    bars(axes, x, count / scale, (count - error) / scale, (count + error) / scale, **how)


def _states(axes: Axes, desorbed: Desorbed) -> None:
    rows = desorbed.states()
    for place, v in enumerate(sorted({row["v"] for row in rows})):
        mine = [row for row in rows if row["v"] == v]
        J, P, low, high = (
            np.array([row[name] for row in mine]) for name in ("J", "P", "P_low", "P_high")
        )
        bars(axes, J, P, low, high, **look(place, label=f"$v$ = {v:g}"))
    axes.set_xlabel("$J$")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("Share of the flux")
    axes.set_ylim(bottom=0)
    if rows:
        axes.legend(frameon=False)


def sticking_figure(curves: Sequence[tuple[str, Sequence[tuple[float, Known]]]]) -> Figure:
    """Thermal sticking against 1000/T on a logarithmic axis, a curve for each surface.

    Args:
        curves: name, and temperature (K) with S_th of each point.
    """
    drawn = {
        name: [(1000 / T, S.value, S.low, S.high) for T, S in points if S.value > 0]
        for name, points in curves
    }
    return _on_a_logarithmic_axis(drawn, "1000/T (1/K)", "Thermal sticking probability")


def resolved_figure(curves: Curves) -> Figure:
    """S0 of states at normal incidence against energy (eV) on a logarithmic axis.

    Args:
        curves: by name; intervals of 95 %.
    """
    figure = _on_a_logarithmic_axis(curves, "Normal energy (eV)", "$S_0$")
    figure.axes[0].set_ylim(top=1.0)
    return figure


def _on_a_logarithmic_axis(curves: Curves, x_label: str, y_label: str) -> Figure:
    """Curves with their intervals."""
    with canvas(1, 66) as figure:
        axes = figure.subplots()
        for place, (name, points) in enumerate(curves.items()):
            x, value, low, high = np.array(points, float).reshape(-1, 4).T
            bars(axes, x, value, low, high, **look(place, label=name))
        axes.set_yscale("log")
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        if curves:
            axes.legend(frameon=False)
    return figure
