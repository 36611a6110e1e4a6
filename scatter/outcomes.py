"""How a trajectory ends, and what is measured of it: one row of `/trajectories` each.

A row is the join of what the parts of a campaign write. Those of every campaign stand here; parts
of one's own add theirs behind them (`Observer.columns`). Changing these means a new `SCHEMA` number
and a line in CHANGELOG.md.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from scatter.shapes import Float
from scatter.units import degree


class Outcome(IntEnum):
    """The ending of a trajectory."""

    RUNNING = 0
    DISSOCIATED = 1
    SCATTERED = 2
    UNDECIDED = 3
    FAILED = 4


class OwnEnding(NamedTuple):
    """An ending of one's own; its code is `len(Outcome)` and its place among them.

    Attributes:
        name: how results call it.
        sticks: whether S0 counts it.
    """

    name: str
    sticks: bool


def ending_names(own: Iterable[OwnEnding] = ()) -> dict[int, str]:
    """What endings are called, by their codes."""
    known = {
        int(ending): ending.name.lower() for ending in Outcome if ending is not Outcome.RUNNING
    }
    return known | {len(Outcome) + n: ending.name for n, ending in enumerate(own)}


def sticking_codes(own: Iterable[OwnEnding] = ()) -> list[int]:
    """Codes of the endings that S0 counts."""
    mine = [len(Outcome) + n for n, ending in enumerate(own) if ending.sticks]
    return [int(Outcome.DISSOCIATED), *mine]


class Reason(IntEnum):
    """Why a trajectory failed."""

    NONE = 0
    ENERGY_ERROR = 1
    NOT_FINITE = 2
    BOND = 3
    DISTANCE = 4
    HEIGHT = 5


REASONS = {
    Reason.NONE: "",
    Reason.ENERGY_ERROR: "energy error",
    Reason.NOT_FINITE: "not finite",
    Reason.BOND: "bond shorter than the domain's",
    Reason.DISTANCE: "closer to an atom of the slab than the domain reaches",
    Reason.HEIGHT: "below the lowest height",
}  # in words, for people

MOST_UNSETTLED = 0.01  # fraction of a point that may be undecided or failed for S0 to be known
SCHEMA = 2


class Column(NamedTuple):
    """A column of `/trajectories`.

    Attributes:
        name: with the unit, as in `time_fs`.
        kind: of NumPy: "f8", "u4", "u2", "u1" or "i8".
        unit: "" where there is none.
        meaning: in words.
    """

    name: str
    kind: str
    unit: str
    meaning: str


def _vectors(when: str, what: str, letter: str, unit: str, atoms: int) -> list[Column]:
    suffix = {"Å": "A", "Å/fs": "A_per_fs"}[unit]
    return [
        Column(
            f"{when}_{letter}{axis}{atom}_{suffix}", "f8", unit, f"{what} of atom {atom}, {when}"
        )
        for atom in range(1, atoms + 1)
        for axis in "xyz"
    ]


def vectors(atoms: int) -> list[Column]:
    """The columns of the first and last positions and velocities of so many atoms."""
    return [
        column
        for when in ("initial", "final")
        for column in (
            *_vectors(when, "position", "", "Å", atoms),
            *_vectors(when, "velocity", "v", "Å/fs", atoms),
        )
    ]


def _at(when: str, atoms: int) -> list[Column]:
    """Where the projectile's atoms are, how fast they move, and the ledger of energies."""
    return [
        *_vectors(when, "position", "", "Å", atoms),
        *_vectors(when, "velocity", "v", "Å/fs", atoms),
        Column(
            f"{when}_kinetic_molecule_eV", "f8", "eV", f"kinetic energy of the molecule, {when}"
        ),
        Column(f"{when}_kinetic_slab_eV", "f8", "eV", f"kinetic energy of the slab, {when}"),
        Column(
            f"{when}_potential_molecule_eV", "f8", "eV", f"the molecule alone at its bond, {when}"
        ),
        Column(f"{when}_potential_slab_eV", "f8", "eV", f"the slab alone at its positions, {when}"),
        Column(
            f"{when}_coupling_eV", "f8", "eV", f"energy of both together less each alone, {when}"
        ),
    ]


# What each part of a campaign writes of a trajectory. A row is the join of its parts.
TRAJECTORY = [
    Column("point", "u4", "", "row of /points"),
    Column("number", "u4", "", "number of the trajectory in its point"),
    Column("outcome", "u1", "", "1 dissociated, 2 scattered, 3 undecided, 4 failed"),
    Column(
        "reason",
        "u1",
        "",
        "of a failure: "
        + ", ".join(f"{int(reason)} {words}" for reason, words in REASONS.items() if words),
    ),
    Column("time_fs", "f8", "fs", "when it ended"),
    Column("steps", "u4", "", "time steps until it ended"),
]
FAULTS = [Column("energy_error_eV", "f8", "eV", "largest |E(t) - E(0)| along the way")]
DISAGREEMENT = [
    Column(
        "disagreement_eV_per_A",
        "f8",
        "eV/Å",
        "largest spread of a committee's forces on the molecule; NaN where none watched",
    ),
    Column("disagreement_time_fs", "f8", "fs", "when that was; or NaN"),
]
LEVERAGE = [
    Column(
        "leverage",
        "f8",
        "",
        "largest measure of extrapolation that the potential has; NaN where it has none",
    ),
    Column("leverage_time_fs", "f8", "fs", "when that was; or NaN"),
]
# What a guard (`scatter.potentials.base.Guard`) may measure: its column -> the largest value of a
# trajectory, and the time when that was.
GUARDED = {"disagreement_eV_per_A": DISAGREEMENT, "leverage": LEVERAGE}
DIATOMIC = [
    Column("v", "u2", "", "initial vibrational quantum number"),
    Column("J", "u2", "", "initial rotational quantum number"),
    Column("m_J", "f8", "", "initial projection of J on the surface normal, real-valued"),
    Column("bond_A", "f8", "Å", "initial bond length"),
    Column("theta_deg", "f8", "°", "initial angle of the bond to the surface normal"),
    Column("phi_deg", "f8", "°", "initial azimuth of the bond, from x"),
]
INCIDENCE = [
    Column("impact_x_A", "f8", "Å", "where the straight approach meets the top plane"),
    Column("impact_y_A", "f8", "Å", "where the straight approach meets the top plane"),
    Column("snapshot", "u4", "", "thermal snapshot of the slab it started on"),
    Column("initial_top_A", "f8", "Å", "z of the top plane, initial"),
]
LOWEST = [
    Column("lowest_x_A", "f8", "Å", "centre of mass at the molecule's lowest point"),
    Column("lowest_y_A", "f8", "Å", "centre of mass at the molecule's lowest point"),
    Column("lowest_Z_A", "f8", "Å", "height of the centre of mass above the top plane there"),
    Column("lowest_r_A", "f8", "Å", "bond length there"),
    Column("lowest_theta_deg", "f8", "°", "angle of the bond to the surface normal there"),
    Column("lowest_phi_deg", "f8", "°", "azimuth of the bond there, from x"),
    Column("lowest_time_fs", "f8", "fs", "when that was"),
]
TURNS = [
    Column("turning_points", "u4", "", "sign changes of the centre of mass's vertical velocity")
]
RESIDENCE = [
    Column(
        "first_below_fs",
        "f8",
        "fs",
        "first time the centre of mass was below [stop] near_A; or NaN",
    ),
    Column(
        "last_below_fs", "f8", "fs", "last time the centre of mass was below [stop] near_A; or NaN"
    ),
]
END = [Column("final_top_A", "f8", "Å", "z of the top plane, final")]
SCATTERED = [
    Column("final_v", "f8", "", "of the scattered: real-valued vibrational quantum number; or NaN"),
    Column("final_J", "f8", "", "of the scattered: real-valued rotational quantum number; or NaN"),
    Column(
        "final_translational_eV",
        "f8",
        "eV",
        "of the scattered: kinetic energy of its centre of mass",
    ),
    Column("final_polar_deg", "f8", "°", "of the scattered: angle of its velocity to the normal"),
    Column("final_azimuth_deg", "f8", "°", "of the scattered: azimuth of its velocity, from x"),
]

# What a sampler may write of its own accord; where a column is absent, it is 0, or 1, throughout.
BRANCH = Column("branch", "u4", "", "which of the trajectories of its number; 0 for the first")
WEIGHT = Column("weight", "f8", "", "for how many trajectories drawn at random it stands")


def usual_columns(atoms: int) -> list[Column]:
    """The columns that every campaign writes whose largest projectile has so many atoms."""
    return [
        *(*TRAJECTORY, *FAULTS, *DISAGREEMENT, *LEVERAGE, *DIATOMIC),
        *(*INCIDENCE, *_at("initial", atoms), *LOWEST, *TURNS, *RESIDENCE),
        *(*END, *_at("final", atoms), *SCATTERED),
    ]


ATOMS = 2  # of the largest projectile, where a campaign does not say otherwise
COLUMNS = usual_columns(ATOMS)
OF_THE_SCATTERED = [column.name for column in SCATTERED]


def row_type(columns: Iterable[Column]) -> np.dtype:
    """The type of a row of these columns."""
    return np.dtype([(column.name, column.kind) for column in columns])


ROW = row_type(COLUMNS)
ADDED = {column.name for pair in GUARDED.values() for column in pair}  # since schema 1
ROW_1 = row_type(column for column in COLUMNS if column.name not in ADDED)
UNITS = {column.name: column.unit for column in COLUMNS}
MEANINGS = {column.name: column.meaning for column in COLUMNS}


def completed(rows: np.ndarray, wanted: np.dtype = ROW) -> np.ndarray:
    """Rows of schema 1 as rows of this one: what guards measure, they did not, and it is NaN.

    Args:
        rows: of this schema or of schema 1; of others, they are answered as they are.
        wanted: the columns that they should have.
    """
    before = np.dtype([(name, wanted[name]) for name in wanted.names or () if name not in ADDED])
    if rows.dtype != before or before == wanted:
        return rows
    whole = np.zeros(rows.shape, wanted)
    for name in wanted.names or ():
        whole[name] = np.nan if name in ADDED else rows[name]
    return whole


def orientation(bond: Float[np.ndarray, "3"]) -> tuple[float, float]:
    """Angle to the surface normal (+z) and azimuth from x of a vector, degrees."""
    theta = np.arctan2(np.hypot(bond[0], bond[1]), bond[2])
    return float(theta / degree), float(np.arctan2(bond[1], bond[0]) / degree)
