"""Outcomes -> probabilities with their uncertainty, and the tables that hold them."""

from scatter.statistics.averages import Average, Cover, populations
from scatter.statistics.beam import (
    Beam,
    BeamSticking,
    ThermalSticking,
    beam_sticking,
    thermal_sticking,
)
from scatter.statistics.binning import (
    GAUSSIAN,
    HISTOGRAM,
    PARITY,
    Binned,
    Binning,
    effective_count,
    homonuclear,
    weighted_proportion,
)
from scatter.statistics.boltzmann import (
    SPIN_WEIGHTS,
    boltzmann_populations,
    inverse_temperature,
    temperature,
)
from scatter.statistics.curves import AXES, Curve, curves, scanned
from scatter.statistics.desorption import DesorbedState, Desorption, Spectrum, desorption
from scatter.statistics.estimate import Counts, Doubt, Undetermined
from scatter.statistics.fits import Fit, fit
from scatter.statistics.library import Library
from scatter.statistics.means import mean_interval
from scatter.statistics.per_point import PerPoint, by_point
from scatter.statistics.probability import (
    CONDITIONS,
    Condition,
    Quality,
    Sticking,
    in_turn,
    outcome_counts,
    quality,
    sticking,
    sticking_of_counts,
    wilson,
)
from scatter.statistics.rotation import (
    Levels,
    Population,
    RotationalTemperature,
    rotational_populations,
    rotational_temperatures,
)
from scatter.statistics.scaling import Efficacy, Scaling, efficacy, normal_energy_scaling
from scatter.statistics.states import CHANNELS, Channel, Transition, channels, transitions
from scatter.statistics.tables import HEADER, read_csv, read_curve, write_csv

__all__ = [
    "AXES",
    "CHANNELS",
    "CONDITIONS",
    "GAUSSIAN",
    "HEADER",
    "HISTOGRAM",
    "PARITY",
    "SPIN_WEIGHTS",
    "Average",
    "Beam",
    "BeamSticking",
    "Binned",
    "Binning",
    "Channel",
    "Condition",
    "Counts",
    "Cover",
    "Curve",
    "DesorbedState",
    "Desorption",
    "Doubt",
    "Efficacy",
    "Fit",
    "Levels",
    "Library",
    "PerPoint",
    "Population",
    "Quality",
    "RotationalTemperature",
    "Scaling",
    "Spectrum",
    "Sticking",
    "ThermalSticking",
    "Transition",
    "Undetermined",
    "beam_sticking",
    "boltzmann_populations",
    "by_point",
    "channels",
    "curves",
    "desorption",
    "effective_count",
    "efficacy",
    "fit",
    "homonuclear",
    "in_turn",
    "inverse_temperature",
    "mean_interval",
    "normal_energy_scaling",
    "outcome_counts",
    "populations",
    "quality",
    "read_csv",
    "read_curve",
    "rotational_populations",
    "rotational_temperatures",
    "scanned",
    "sticking",
    "sticking_of_counts",
    "temperature",
    "thermal_sticking",
    "transitions",
    "weighted_proportion",
    "wilson",
    "write_csv",
]
