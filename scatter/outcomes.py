"""How a trajectory ends, and what is measured of it: one row of `/trajectories` each.

`COLUMNS` is the schema: name, type, unit, meaning. Changing it means a new `SCHEMA` number and a
line in CHANGELOG.md.
"""

from enum import IntEnum

import numpy as np

from scatter.shapes import Float
from scatter.units import degree, fs


class Outcome(IntEnum):
    """The ending of a trajectory."""

    RUNNING = 0
    DISSOCIATED = 1
    SCATTERED = 2
    UNDECIDED = 3
    FAILED = 4


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
# What a guard (`scatter.potentials.base.Guard`) may measure: column of the largest value of a
# trajectory -> column of the time when that was.
MEASURES = {"disagreement_eV_per_A": "disagreement_time_fs", "leverage": "leverage_time_fs"}


def _vectors(when: str, what: str, letter: str, unit: str) -> list[tuple[str, str, str, str]]:
    suffix = {"Å": "A", "Å/fs": "A_per_fs"}[unit]
    return [
        (f"{when}_{letter}{axis}{atom}_{suffix}", "f8", unit, f"{what} of atom {atom}, {when}")
        for atom in (1, 2)
        for axis in "xyz"
    ]


def _ledger(when: str) -> list[tuple[str, str, str, str]]:
    return [
        (f"{when}_kinetic_molecule_eV", "f8", "eV", f"kinetic energy of the molecule, {when}"),
        (f"{when}_kinetic_slab_eV", "f8", "eV", f"kinetic energy of the slab, {when}"),
        (f"{when}_potential_molecule_eV", "f8", "eV", f"the molecule alone at its bond, {when}"),
        (f"{when}_potential_slab_eV", "f8", "eV", f"the slab alone at its positions, {when}"),
        (f"{when}_coupling_eV", "f8", "eV", f"energy of both together less each alone, {when}"),
    ]


COLUMNS: list[tuple[str, str, str, str]] = [
    ("point", "u4", "", "row of /points"),
    ("number", "u4", "", "number of the trajectory in its point"),
    ("outcome", "u1", "", "1 dissociated, 2 scattered, 3 undecided, 4 failed"),
    (
        "reason",
        "u1",
        "",
        "of a failure: "
        + ", ".join(f"{int(reason)} {words}" for reason, words in REASONS.items() if words),
    ),
    ("time_fs", "f8", "fs", "when it ended"),
    ("steps", "u4", "", "time steps until it ended"),
    ("energy_error_eV", "f8", "eV", "largest |E(t) - E(0)| along the way"),
    (
        "disagreement_eV_per_A",
        "f8",
        "eV/Å",
        "largest spread of a committee's forces on the molecule; NaN where none watched",
    ),
    ("disagreement_time_fs", "f8", "fs", "when that was; or NaN"),
    (
        "leverage",
        "f8",
        "",
        "largest measure of extrapolation that the potential has; NaN where it has none",
    ),
    ("leverage_time_fs", "f8", "fs", "when that was; or NaN"),
    ("v", "u2", "", "initial vibrational quantum number"),
    ("J", "u2", "", "initial rotational quantum number"),
    ("m_J", "f8", "", "initial projection of J on the surface normal, real-valued"),
    ("bond_A", "f8", "Å", "initial bond length"),
    ("theta_deg", "f8", "°", "initial angle of the bond to the surface normal"),
    ("phi_deg", "f8", "°", "initial azimuth of the bond, from x"),
    ("impact_x_A", "f8", "Å", "where the straight approach meets the top plane"),
    ("impact_y_A", "f8", "Å", "where the straight approach meets the top plane"),
    ("snapshot", "u4", "", "thermal snapshot of the slab it started on"),
    ("initial_top_A", "f8", "Å", "z of the top plane, initial"),
    *_vectors("initial", "position", "", "Å"),
    *_vectors("initial", "velocity", "v", "Å/fs"),
    *_ledger("initial"),
    ("lowest_x_A", "f8", "Å", "centre of mass at the molecule's lowest point"),
    ("lowest_y_A", "f8", "Å", "centre of mass at the molecule's lowest point"),
    ("lowest_Z_A", "f8", "Å", "height of the centre of mass above the top plane there"),
    ("lowest_r_A", "f8", "Å", "bond length there"),
    ("lowest_theta_deg", "f8", "°", "angle of the bond to the surface normal there"),
    ("lowest_phi_deg", "f8", "°", "azimuth of the bond there, from x"),
    ("lowest_time_fs", "f8", "fs", "when that was"),
    ("turning_points", "u4", "", "sign changes of the centre of mass's vertical velocity"),
    ("first_below_fs", "f8", "fs", "first time the centre of mass was below [stop] near_A; or NaN"),
    ("last_below_fs", "f8", "fs", "last time the centre of mass was below [stop] near_A; or NaN"),
    ("final_top_A", "f8", "Å", "z of the top plane, final"),
    *_vectors("final", "position", "", "Å"),
    *_vectors("final", "velocity", "v", "Å/fs"),
    *_ledger("final"),
    ("final_v", "f8", "", "of the scattered: real-valued vibrational quantum number; or NaN"),
    ("final_J", "f8", "", "of the scattered: real-valued rotational quantum number; or NaN"),
    (
        "final_translational_eV",
        "f8",
        "eV",
        "of the scattered: kinetic energy of its centre of mass",
    ),
    ("final_polar_deg", "f8", "°", "of the scattered: angle of its velocity to the normal"),
    ("final_azimuth_deg", "f8", "°", "of the scattered: azimuth of its velocity, from x"),
]

OF_THE_SCATTERED = [name for name, _, _, meaning in COLUMNS if meaning.startswith("of the scat")]

ROW = np.dtype([(name, kind) for name, kind, _, _ in COLUMNS])
ADDED = {*MEASURES, *MEASURES.values()}  # since schema 1
ROW_1 = np.dtype([(name, kind) for name, kind, _, _ in COLUMNS if name not in ADDED])
UNITS = {name: unit for name, _, unit, _ in COLUMNS}
MEANINGS = {name: meaning for name, _, _, meaning in COLUMNS}


def completed(rows: np.ndarray, wanted: np.dtype = ROW) -> np.ndarray:
    """Rows of schema 1 as rows of this one: what guards measure, they did not, and it is NaN.

    Args:
        rows: of this schema or of schema 1; of others, they are answered as they are.
        wanted: the columns that they should have.
    """
    before = np.dtype([(name, wanted[name]) for name in wanted.names or () if name not in ADDED])
    if rows.dtype != before or before == wanted:
        return rows
    found = np.zeros(rows.shape, wanted)
    for name in wanted.names or ():
        found[name] = np.nan if name in ADDED else rows[name]
    return found


def orientation(bond: Float[np.ndarray, "3"]) -> tuple[float, float]:
    """Angle to the surface normal (+z) and azimuth from x of a vector, degrees."""
    theta = np.arctan2(np.hypot(bond[0], bond[1]), bond[2])
    return float(theta / degree), float(np.arctan2(bond[1], bond[0]) / degree)


def motion(
    row: np.ndarray,
    when: str,
    positions: Float[np.ndarray, "2 3"],
    momenta: Float[np.ndarray, "2 3"],
    masses: Float[np.ndarray, "2"],
) -> None:
    """Write where the molecule's atoms are and how fast they move into a row.

    Args:
        row: a record of `ROW`.
        when: "initial" or "final".
        positions: Å.
        momenta: amu Å / time unit.
        masses: amu.
    """
    for atom in (0, 1):
        for axis, letter in enumerate("xyz"):
            row[f"{when}_{letter}{atom + 1}_A"] = positions[atom, axis]
            velocity = momenta[atom, axis] / masses[atom] * fs
            row[f"{when}_v{letter}{atom + 1}_A_per_fs"] = velocity


def ledger(
    row: np.ndarray,
    when: str,
    momenta: Float[np.ndarray, "atom 3"],
    masses: Float[np.ndarray, " atom"],
    total: float,
    molecule: float,
    slab: float,
) -> None:
    """Write the kinetic and potential energies of molecule, slab and coupling into a row.

    The coupling is the potential energy of both together less that of each alone; all three are
    evaluated, and no term is what is left over from the conservation of energy.

    Args:
        row: a record of `ROW`.
        when: "initial" or "final".
        momenta: of all atoms, the molecule's last, amu Å / time unit.
        masses: amu.
        total: potential energy of all atoms, eV.
        molecule: potential energy of the molecule alone, eV.
        slab: potential energy of the slab alone, eV.
    """
    kinetic = (momenta**2).sum(axis=1) / (2 * masses)
    row[f"{when}_kinetic_molecule_eV"] = kinetic[-2:].sum()
    row[f"{when}_kinetic_slab_eV"] = kinetic[:-2].sum()
    row[f"{when}_potential_molecule_eV"] = molecule
    row[f"{when}_potential_slab_eV"] = slab
    row[f"{when}_coupling_eV"] = total - molecule - slab


def departure(
    row: np.ndarray, momenta: Float[np.ndarray, "2 3"], masses: Float[np.ndarray, "2"]
) -> None:
    """Write translational energy and direction of a scattered molecule into a row."""
    momentum = momenta.sum(axis=0)
    row["final_translational_eV"] = (momentum**2).sum() / (2 * masses.sum())
    row["final_polar_deg"], row["final_azimuth_deg"] = orientation(momentum)
