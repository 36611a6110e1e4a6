"""The lone molecule: a diatomic's curve V(r) and rovibrational levels, a polyatomic's modes."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

from scatter import ebk
from scatter.initial.bond_curve import bond_curve
from scatter.initial.formulas import isotopes
from scatter.initial.lone_molecule import from_formula
from scatter.initial.normal_modes import NormalModes, normal_modes
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.validation.rows import Row, compared

V_MAX, J_MAX = 2, 1


@dataclass(frozen=True)
class LoneMolecule:
    """An isolated diatomic."""

    formula: str  # such as "H2"
    curve: ebk.Curve  # V(r), on the potential's own scale
    ground: float  # EBK energy of (0, 0) above the minimum, eV
    # EBK energy of each bound level (v, J) above (0, 0), eV
    spacings: Mapping[tuple[int, int], float]

    def rows(self, reference: "LoneMolecule") -> list[Row]:
        """Bond, energy and levels beside those of a reference; NaN for a level that is not bound.

        Energies are on each potential's own scale, so a difference in scale shows.
        """
        name = self.formula
        quantities = (
            (f"bond length of {name}", "Å", "curve.r_e"),
            (f"energy of {name} at rest", "eV", "curve.minimum"),
            (f"zero-point energy of {name}", "eV", "ground"),
        )
        rows = compared(self, reference, quantities)
        for v, J in sorted({*self.spacings, *reference.spacings} - {(0, 0)}):
            ours = self.spacings.get((v, J), nan)
            theirs = reference.spacings.get((v, J), nan)
            rows.append(Row(f"(v, J) = ({v}, {J}) above (0, 0) of {name}", "eV", ours, theirs))
        return rows


def lone_molecule(
    potential: Potential, formula: str = "H2", masses_amu: Mapping[str, float] | None = None
) -> LoneMolecule:
    """The curve and the levels up to v = 2, J = 1 of a diatomic on a potential.

    L² = J(J+1) ħ². Levels are those of the inner well alone.

    `masses_amu` replaces the masses of isotopes, by symbol.

    Raises:
        UserError: it is not a diatomic, or the potential does not bind it.
    """
    try:
        (first, m1), (second, m2) = isotopes(formula, masses_amu or {})
    except ValueError as error:
        raise UserError(f"lone molecule: {error}") from error
    curve = bond_curve(potential, first, second)
    try:
        levels = ebk.level_rows(V_MAX, J_MAX, curve, ebk.reduced_mass(m1, m2))
    except ebk.Unbound as error:
        raise UserError(
            f"lone molecule: {potential.description} binds no level of {formula}: {error}"
        ) from error
    spacings = {(int(row["v"]), int(row["J"])): row["spacing_eV"] for row in levels}
    return LoneMolecule(formula, curve, levels[0]["energy_eV"], spacings)


@dataclass(frozen=True)
class Vibrations:
    """A polyatomic at rest, and its normal modes."""

    formula: str  # such as "H2O"
    modes: NormalModes

    @property
    def zero_point_eV(self) -> float:
        """Harmonic zero-point energy, Σ ħω / 2."""
        return 0.5 * float(self.modes.quanta_eV.sum())

    def rows(self, reference: "Vibrations") -> list[Row]:
        """Energy and harmonic frequencies beside those of a reference, in order of frequency.

        Energies are on each potential's own scale, so a difference in scale shows.
        """
        name = self.formula
        quantities = (
            (f"energy of {name} at rest", "eV", "modes.energy"),
            (f"zero-point energy of {name}, harmonic", "eV", "zero_point_eV"),
        )
        waves = zip(self.modes.wavenumbers, reference.modes.wavenumbers, strict=True)
        return compared(self, reference, quantities) + [
            Row(f"mode {k} of {name}", "cm⁻¹", float(ours), float(theirs))
            for k, (ours, theirs) in enumerate(waves, 1)
        ]


def vibrations(
    potential: Potential, formula: str, masses_amu: Mapping[str, float] | None = None
) -> Vibrations:
    """Normal modes of a polyatomic on a potential.

    `masses_amu` replaces the masses of isotopes, by symbol.

    Raises:
        UserError: there is no start geometry for it, or the potential does not hold it.
    """
    return Vibrations(formula, normal_modes(from_formula(formula, masses_amu), potential))
