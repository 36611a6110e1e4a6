"""Outcomes -> probabilities with their uncertainty, and the tables that hold them."""

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
from scatter.statistics.estimate import Counts, Doubt, Undetermined
from scatter.statistics.fits import Fit, fit
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
    "Binned",
    "Binning",
    "Channel",
    "Condition",
    "Counts",
    "Curve",
    "Doubt",
    "Efficacy",
    "Fit",
    "Levels",
    "PerPoint",
    "Population",
    "Quality",
    "RotationalTemperature",
    "Scaling",
    "Sticking",
    "Transition",
    "Undetermined",
    "boltzmann_populations",
    "by_point",
    "channels",
    "curves",
    "effective_count",
    "efficacy",
    "fit",
    "homonuclear",
    "in_turn",
    "inverse_temperature",
    "mean_interval",
    "normal_energy_scaling",
    "outcome_counts",
    "quality",
    "read_csv",
    "read_curve",
    "rotational_populations",
    "rotational_temperatures",
    "scanned",
    "sticking",
    "sticking_of_counts",
    "temperature",
    "transitions",
    "weighted_proportion",
    "wilson",
    "write_csv",
]
