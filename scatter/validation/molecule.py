"""The lone molecule: its curve V(r) and its rovibrational levels."""

from collections.abc import Mapping
from dataclasses import dataclass

from scatter import ebk
from scatter.initial.molecule import bond_curve, isotopes
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.validation.rows import Row

V_MAX, J_MAX = 2, 1


@dataclass(frozen=True)
class LoneMolecule:
    """A diatomic far from everything.

    Attributes:
        formula: such as "H2".
        curve: V(r), on the potential's own scale.
        ground: EBK energy of (0, 0) above the minimum, eV.
        spacings: EBK energy of each bound level (v, J) above (0, 0), eV.
    """

    formula: str
    curve: ebk.Curve
    ground: float
    spacings: Mapping[tuple[int, int], float]

    def rows(self, reference: "LoneMolecule") -> list[Row]:
        """Bond, energy and levels beside those of a reference; NaN for a level it does not hold.

        Energies are on each potential's own scale, so that the difference of two scales shows.
        """
        mine, theirs, name = self.curve, reference.curve, self.formula
        levels = sorted({*self.spacings, *reference.spacings} - {(0, 0)})
        nan = float("nan")
        return [
            Row(f"bond length of {name}", "Å", mine.r_e, theirs.r_e),
            Row(f"energy of {name} at rest", "eV", mine.minimum, theirs.minimum),
            Row(f"zero-point energy of {name}", "eV", self.ground, reference.ground),
            *(
                Row(
                    f"(v, J) = ({v}, {J}) above (0, 0) of {name}", "eV",
                    self.spacings.get((v, J), nan), reference.spacings.get((v, J), nan),
                )
                for v, J in levels
            ),
        ]  # fmt: skip


def lone_molecule(
    potential: Potential, formula: str = "H2", masses_amu: Mapping[str, float] | None = None
) -> LoneMolecule:
    """The curve and the levels up to v = 2, J = 1 of a diatomic on a potential.

    L² = J(J+1) ħ². Levels are those of the inner well, whatever V(r) does beyond.

    Args:
        potential: must know the elements.
        formula: such as "H2" or "HD".
        masses_amu: what replaces the isotopes' own masses, by symbol, amu.

    Raises:
        UserError: it is no diatomic, or the potential does not bind it.
    """
    try:
        (first, m1), (second, m2) = isotopes(formula, masses_amu or {})
    except ValueError as error:
        raise UserError(f"lone molecule: {error}") from error
    curve = bond_curve(potential, first, second)
    try:
        found = ebk.level_rows(V_MAX, J_MAX, curve, ebk.reduced_mass(m1, m2))
    except ebk.Unbound as error:
        raise UserError(
            f"lone molecule: {potential.description} holds no level of {formula}: {error}"
        ) from error
    spacings = {(int(row["v"]), int(row["J"])): row["spacing_eV"] for row in found}
    return LoneMolecule(formula, curve, found[0]["energy_eV"], spacings)
