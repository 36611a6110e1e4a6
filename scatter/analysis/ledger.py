"""Where the energy of each trajectory went: translation, vibration, rotation, the slab.

Every term is the change of an energy that was evaluated at both ends, and none is what the
conservation of energy leaves over; so their sum is the error of the integration.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from scipy.interpolate import make_interp_spline

from scatter.analysis.motion import Motion, PerTrajectory, Species, motion
from scatter.analysis.per_point import Columns, by_point, record_type, records
from scatter.ebk import reduced_mass, vibrational_number
from scatter.outcomes import Outcome

# Terms that add up to the deviation, and the two that the internal energy is made of.
TERMS = (
    *("normal_eV", "parallel_eV", "internal_eV"),
    *("slab_kinetic_eV", "slab_potential_eV", "coupling_eV"),
)
TAKERS = ("bath_eV", "electrons_eV")  # terms more, of campaigns that have a bath, or friction
PARTS = ("vibrational_eV", "rotational_eV")
LEDGER = record_type(
    *("incidence_eV", *TERMS, *TAKERS, *PARTS, "to_slab_eV", "final_kinetic_eV"),
    *("deviation_eV", "energy_error_eV"),
)


class VibrationalEnergy:
    """E(v, J = 0) - V(r_e) for real-valued v: EBK's v(E), tabulated and inverted.

    The table runs along √(E/D), in which E is smooth down to the bottom of the well and up to its
    rim; between its nodes E is good to 1e-6 eV.
    """

    def __init__(self, species: Species, nodes: int = 400):
        curve, mu = species.curve, reduced_mass(*(float(mass) for mass in species.masses))
        rim = float(curve.wells(np.zeros(1)).rim[0]) - curve.minimum
        energy = rim * np.linspace(0, 1, nodes) ** 2 * (1 - 1e-9)
        v = vibrational_number(energy + curve.minimum, np.zeros(nodes), curve, mu)
        v[0] = -0.5
        self.highest = float(v[-1])
        self._energy = make_interp_spline(v + 0.5, energy, k=5)

    def __call__(self, v: PerTrajectory) -> PerTrajectory:
        """E(v, 0) - V(r_e), eV; NaN where v is, or above the rim."""
        inside = (v >= -0.5 - 1e-6) & (v <= self.highest)
        return np.where(inside, self._energy(np.where(inside, v, 0.0) + 0.5), np.nan)


def ledgers(
    points: np.ndarray, trajectories: np.ndarray, species: Mapping[str, Species]
) -> np.ndarray:
    """The energy ledger of every trajectory: records of `LEDGER`, in the order of `points`.

    Terms are final less initial values, eV. With V the velocity of the centre of mass,

        normal      ½ M V_z²              parallel   ½ M (V_x² + V_y²)
        internal    ½ μ |v₂ - v₁|² + V(r), the molecule's own energy
        vibrational E(v, 0) - V(r_e)      rotational E(v, J) - E(v, 0), at real-valued EBK v, J
        slab        kinetic and potential energy of the slab alone
        coupling    potential energy of both together less that of each alone
        bath        what a bath was given; NaN, and no term, where there is none
        electrons   what the electrons were given; NaN, and no term, where there is no friction
        to_slab     what the slab took up, its two energies and the bath

    and `deviation` = normal + parallel + internal + slab + coupling + bath + electrons. The
    vibrational and rotational energies are those of the scattered, and share out `internal`
    exactly, E(v, J) being the molecule's own energy; they are NaN without a bound final state. For
    dissociated trajectories `internal` is that of two atoms far apart, and `final_kinetic_eV` their
    kinetic energy; what was left to the surface by an atom still bound to it is in `coupling`.

    Args:
        points: /points of `results.h5`.
        trajectories: /trajectories; of an unfinished campaign those that are `in_turn`.
        species: masses and bond curve of each molecule, by formula.

    Raises:
        ValueError: the masses are not those of the campaign.
    """
    parts = [np.zeros(0, LEDGER)]
    energies = {formula: VibrationalEnergy(molecule) for formula, molecule in species.items()}
    for conditions, rows in by_point(points, trajectories):
        formula = conditions["molecule"]
        entries = _ledger(rows, species[formula], energies[formula])
        parts.append(records(LEDGER, rows, entries))
    return np.concatenate(parts)


def _ledger(rows: np.ndarray, species: Species, vibrational: VibrationalEnergy) -> Columns:
    initial, final = (motion(rows, when, species.masses) for when in ("initial", "final"))
    before = initial.internal_kinetic + rows["initial_potential_molecule_eV"]
    after = final.internal_kinetic + rows["final_potential_molecule_eV"]
    scattered = rows["outcome"] == Outcome.SCATTERED
    last = vibrational(np.where(scattered, rows["final_v"], np.nan))
    first = vibrational(rows["v"].astype(np.float64))
    taken = {name: rows[name] for name in TAKERS if name in (rows.dtype.names or ())}
    bath = [taken[name] for name in TAKERS[:1] if name in taken]
    terms = {
        "normal_eV": final.normal - initial.normal,
        "parallel_eV": _parallel(final) - _parallel(initial),
        "internal_eV": after - before,
        "slab_kinetic_eV": _change(rows, "kinetic_slab_eV"),
        "slab_potential_eV": _change(rows, "potential_slab_eV"),
        "coupling_eV": _change(rows, "coupling_eV"),
    }
    return {
        **terms,
        **dict.fromkeys(TAKERS, np.full(len(rows), np.nan)),
        **taken,
        "incidence_eV": initial.translational,
        "vibrational_eV": last - first,
        "rotational_eV": (after - last) - (before - first),
        "to_slab_eV": sum([terms["slab_kinetic_eV"], terms["slab_potential_eV"], *bath]),
        "final_kinetic_eV": rows["final_kinetic_molecule_eV"],
        "deviation_eV": sum([*terms.values(), *taken.values()]),
        "energy_error_eV": rows["energy_error_eV"],
    }


def _parallel(motion: Motion) -> Float[np.ndarray, " trajectory"]:
    return motion.translational - motion.normal


def _change(rows: np.ndarray, name: str) -> PerTrajectory:
    return rows[f"final_{name}"] - rows[f"initial_{name}"]
