"""Outcomes -> probabilities with their uncertainty, and the tables that hold them.

The names below are loaded when they are asked for: what draws a table needs pandas, and what fits a
curve scipy's statistics, neither of which a run needs.
"""

from importlib import import_module
from typing import Any

# The public names, each with the file that it stands in.
PUBLIC = {
    name: module
    for module, names in {
        "quadrupole": ("alignment", "alignment_of_isotropic"),
        "diffraction": ("diffraction_orders",),
        "directions": ("angles", "angular_distribution", "scattering"),
        "averages": ("Cover", "populations"),
        "beam": ("Beam", "BeamSticking", "ThermalSticking", "beam_sticking", "thermal_sticking"),
        "binning": ("GAUSSIAN", "HISTOGRAM", "PARITY", "Binning"),
        "curve": ("AXES", "Curve", "curves", "scanned"),
        "detailed_balance": ("Desorption", "desorption"),
        "estimate": ("Counts", "Doubt", "Undetermined"),
        "factor": ("Factor", "factor_to"),
        "fits": ("Fit", "best_fits", "fit"),
        "flight": ("Detector", "Flight", "FlightFit", "fit_flight"),
        "ledger": ("ledgers",),
        "motion": ("Species",),
        "ledger_tables": ("ledger_histograms", "ledger_means"),
        "library": ("Library",),
        "mechanism": ("mechanisms", "orientation_distribution", "pathways"),
        "probability": (
            *("Sticking", "in_turn", "outcome_counts", "sticking", "sticking_of_counts", "wilson"),
        ),
        "accuracy": ("Quality", "quality"),
        "rotation": ("rotational_populations", "rotational_temperatures"),
        "scaling": ("Efficacy", "Scaling", "efficacy", "normal_energy_scaling"),
        "sites": ("impact_sites", "site_sticking"),
        "spins": ("homonuclear", "spin_weights"),
        "states": ("channels", "transitions"),
        "measured": ("read_curve", "read_flight"),
        "tables": ("HEADER", "read_csv", "write_csv"),
    }.items()
    for name in names
}


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'scatter.analysis' has no attribute '{name}'")
    return getattr(import_module(f"scatter.analysis.{PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
