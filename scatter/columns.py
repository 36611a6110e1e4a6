"""What is measured of a trajectory: the columns of `/trajectories`, a row for each.

A row is the join of what the parts of a campaign write. Those of every campaign are here; custom
parts add theirs behind them (`Observer.columns`). Changing these means a new `SCHEMA` number
and a line in CHANGELOG.md.
"""

from typing import NamedTuple

from scatter.outcomes import REASONS


class Column(NamedTuple):
    """A column of `/trajectories`.

    Attributes:
        name: with the unit, as in `time_fs`.
        kind: of NumPy: "f8", "u4", "u2", "u1" or "i8"; "S80" is text of at most 80 letters.
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


def at_an_end(when: str, atoms: int) -> list[Column]:
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
ON_THE_SURFACE = INCIDENCE[2:]  # of what begins adsorbed
LOWEST_PLACE = [
    Column("lowest_x_A", "f8", "Å", "centre of mass at the molecule's lowest point"),
    Column("lowest_y_A", "f8", "Å", "centre of mass at the molecule's lowest point"),
    Column("lowest_Z_A", "f8", "Å", "height of the centre of mass above the top plane there"),
]
LOWEST_BOND = [
    Column("lowest_r_A", "f8", "Å", "bond length there"),
    Column("lowest_theta_deg", "f8", "°", "angle of the bond to the surface normal there"),
    Column("lowest_phi_deg", "f8", "°", "azimuth of the bond there, from x"),
]
LOWEST_TIME = [Column("lowest_time_fs", "f8", "fs", "when that was")]
LOWEST = [*LOWEST_PLACE, *LOWEST_BOND, *LOWEST_TIME]
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
REACTED = [
    Column(
        "products",
        "S80",
        "",
        "what there is at the end: * on the surface, (g) in the gas, (sub) below the top plane, "
        "(t) beyond the slab",
    ),
    Column("first_bond", "S16", "", "which bond of the projectile broke first; empty if none"),
    Column("first_bond_fs", "f8", "fs", "when that was; or NaN"),
    Column("first_bond_Z_A", "f8", "Å", "height of the centre of mass above the top plane then"),
    Column("first_bond_theta_deg", "f8", "°", "angle of that bond to the surface normal then"),
]
QUANTA = [
    Column("final_v", "f8", "", "of the scattered: real-valued vibrational quantum number; or NaN"),
    Column("final_J", "f8", "", "of the scattered: real-valued rotational quantum number; or NaN"),
]
LOSS = [
    Column(
        "energy_loss_eV",
        "f8",
        "eV",
        "of the scattered: incidence energy less the final kinetic energy of its centre of mass",
    )
]
DEPARTED = [
    Column(
        "final_translational_eV",
        "f8",
        "eV",
        "of the scattered: kinetic energy of its centre of mass",
    ),
    Column("final_polar_deg", "f8", "°", "of the scattered: angle of its velocity to the normal"),
    Column("final_azimuth_deg", "f8", "°", "of the scattered: azimuth of its velocity, from x"),
]
SCATTERED = [*QUANTA, *DEPARTED]
# What is written where [dynamics] has a bath, behind the columns of every campaign.
BATH = [
    Column(
        "bath_eV",
        "f8",
        "eV",
        "energy given to the bath, negative where the bath gave; energy_error_eV is then that of "
        "the energy of all atoms and this",
    )
]
# What is written where [friction] has a kind, and behind that of diatomics.
ELECTRONS = [
    Column(
        "electrons_eV",
        "f8",
        "eV",
        "energy given to the electrons, negative where they gave; energy_error_eV is then that of "
        "the energy of all atoms and this",
    ),
    Column("electrons_dissipated_eV", "f8", "eV", "of it, what friction has taken"),
    Column("electrons_noise_eV", "f8", "eV", "of it, what noise has taken, negative if it gave"),
    Column(
        "electrons_centre_eV", "f8", "eV", "what friction has taken of the motion of the centre"
    ),
    Column("densities_clipped", "u4", "", "densities below zero on the way, taken as zero"),
]
ELECTRONS_OF_A_BOND = [
    Column("electrons_bond_eV", "f8", "eV", "what friction has taken of the motion along the bond")
]

# What is written of molecules that begin on a dividing surface.
CROSSING = [
    Column("bond_A", "f8", "Å", "initial bond length"),
    Column("theta_deg", "f8", "°", "initial angle of the bond to the surface normal"),
    Column("phi_deg", "f8", "°", "initial azimuth of the bond, from x"),
    Column("chain", "u4", "", "chain of constrained dynamics that the start was drawn from"),
]
CROSSED = [
    Column("crossing_x_A", "f8", "Å", "centre of mass, initial"),
    Column("crossing_y_A", "f8", "Å", "centre of mass, initial"),
    Column("crossing_Z_A", "f8", "Å", "height of it above the top plane, initial"),
    Column("initial_top_A", "f8", "Å", "z of the top plane, initial"),
]
BACK = [
    Column(
        "back_outcome",
        "u1",
        "",
        "how the part backwards in time ended, as outcomes; 0 where it was not run",
    ),
    Column("back_time_fs", "f8", "fs", "how long that was; or NaN"),
]

# What a sampler may write of its own accord; where a column is absent, it is 0, or 1, throughout.
BRANCH = Column("branch", "u4", "", "which of the trajectories of its number; 0 for the first")
WEIGHT = Column("weight", "f8", "", "for how many trajectories drawn at random it stands")

# What is told of each replicate of a point that is split, at each of its levels: /replicates.
REPLICATES = [
    Column("point", "u4", "", "number of the point"),
    Column("replicate", "u4", "", "number of the replicate from 1 on; 0 is the pilot"),
    Column("level", "u4", "", "number of the level from 1 on"),
    Column("threshold", "f8", "", "score that passes the level; infinite for the event itself"),
    Column("step", "f8", "", "step of the last moves before it; NaN for fresh starts"),
    Column("starts", "u4", "", "that came to the level"),
    Column("survivors", "u4", "", "of these, that passed it"),
    Column("ancestors", "u4", "", "fresh starts that the survivors descend from"),
    Column("trajectories", "u8", "", "that were run since the level before"),
    Column("accepted", "u8", "", "of these, that were kept"),
    Column("steps", "u8", "", "time steps of these trajectories"),
    Column("unsettled", "u8", "", "of these trajectories, that were undecided or failed"),
]
# What rows of starts that came to the event hold before those of trajectories: /reactive.
REACTIVE = [
    Column("replicate", "u4", "", "number of the replicate that it is of"),
    Column("probability", "f8", "", "its part of the P of its replicate"),
]
NOT_REACTIVE = "snapshot"  # a column of trajectories: what has been moved is not one any more
