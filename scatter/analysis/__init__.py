"""Outcomes -> probabilities with their uncertainty, and the tables that hold them."""

from scatter.analysis.alignment import Alignment, alignment, alignment_of_isotropic
from scatter.analysis.angles import ANGLES, angles
from scatter.analysis.angular import AngularBin, Scattering, angular_distribution, scattering
from scatter.analysis.averages import Average, Cover, populations
from scatter.analysis.beam import (
    Beam,
    BeamSticking,
    ThermalSticking,
    beam_sticking,
    thermal_sticking,
)
from scatter.analysis.binning import (
    GAUSSIAN,
    HISTOGRAM,
    PARITY,
    Binned,
    Binning,
    effective_count,
    weighted_proportion,
)
from scatter.analysis.boltzmann import (
    boltzmann_populations,
    inverse_temperature,
    temperature,
)
from scatter.analysis.curves import AXES, Curve, curves, scanned
from scatter.analysis.desorption import DesorbedState, Desorption, Spectrum, desorption
from scatter.analysis.estimate import Counts, Doubt, Undetermined
from scatter.analysis.fits import Fit, fit
from scatter.analysis.ledger import LEDGER, Species, VibrationalEnergy, ledgers
from scatter.analysis.ledger_tables import LedgerBin, LedgerMean, ledger_histograms, ledger_means
from scatter.analysis.library import Library
from scatter.analysis.means import Mean, mean_interval, mean_of
from scatter.analysis.mechanism import (
    MECHANISM,
    Bounces,
    Orientation,
    OrientationBin,
    Pathway,
    bounces,
    mechanisms,
    orientation_distribution,
    orientations,
    pathways,
)
from scatter.analysis.motion import Masses, Motion, motion
from scatter.analysis.per_point import PerPoint, by_outcome, by_point
from scatter.analysis.probability import (
    Quality,
    Sticking,
    in_turn,
    outcome_counts,
    quality,
    sticking,
    sticking_of_counts,
    wilson,
)
from scatter.analysis.rotation import (
    Levels,
    Population,
    RotationalTemperature,
    rotational_populations,
    rotational_temperatures,
)
from scatter.analysis.scaling import Efficacy, Scaling, efficacy, normal_energy_scaling
from scatter.analysis.sites import (
    IMPACT,
    SiteSticking,
    folded,
    impact_sites,
    site_sticking,
    surface_cell,
)
from scatter.analysis.spins import homonuclear, spin_weights
from scatter.analysis.states import CHANNELS, Channel, Transition, channels, transitions
from scatter.analysis.tables import HEADER, read_csv, read_curve, write_csv

__all__ = [
    "ANGLES",
    "AXES",
    "CHANNELS",
    "GAUSSIAN",
    "HEADER",
    "HISTOGRAM",
    "IMPACT",
    "LEDGER",
    "MECHANISM",
    "PARITY",
    "Alignment",
    "AngularBin",
    "Average",
    "Beam",
    "BeamSticking",
    "Binned",
    "Binning",
    "Bounces",
    "Channel",
    "Counts",
    "Cover",
    "Curve",
    "DesorbedState",
    "Desorption",
    "Doubt",
    "Efficacy",
    "Fit",
    "LedgerBin",
    "LedgerMean",
    "Levels",
    "Library",
    "Masses",
    "Mean",
    "Motion",
    "Orientation",
    "OrientationBin",
    "Pathway",
    "PerPoint",
    "Population",
    "Quality",
    "RotationalTemperature",
    "Scaling",
    "Scattering",
    "SiteSticking",
    "Species",
    "Spectrum",
    "Sticking",
    "ThermalSticking",
    "Transition",
    "Undetermined",
    "VibrationalEnergy",
    "alignment",
    "alignment_of_isotropic",
    "angles",
    "angular_distribution",
    "beam_sticking",
    "boltzmann_populations",
    "bounces",
    "by_outcome",
    "by_point",
    "channels",
    "curves",
    "desorption",
    "effective_count",
    "efficacy",
    "fit",
    "folded",
    "homonuclear",
    "impact_sites",
    "in_turn",
    "inverse_temperature",
    "ledger_histograms",
    "ledger_means",
    "ledgers",
    "mean_interval",
    "mean_of",
    "mechanisms",
    "motion",
    "normal_energy_scaling",
    "orientation_distribution",
    "orientations",
    "outcome_counts",
    "pathways",
    "populations",
    "quality",
    "read_csv",
    "read_curve",
    "rotational_populations",
    "rotational_temperatures",
    "scanned",
    "scattering",
    "site_sticking",
    "spin_weights",
    "sticking",
    "sticking_of_counts",
    "surface_cell",
    "temperature",
    "thermal_sticking",
    "transitions",
    "weighted_proportion",
    "wilson",
    "write_csv",
]
