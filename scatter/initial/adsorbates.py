"""Table `[surface.adsorbates]`: atoms or molecules that lie on a slab that is built."""

from typing import Annotated

from ase.data import atomic_numbers
from pydantic import Field, model_validator

from scatter.initial.formulas import atom_symbols
from scatter.settings import Table

NEARLY = 0.01  # of an atom, by which a rounded coverage such as 0.333 may miss a whole number
Cell = Annotated[list[Annotated[int, Field(ge=0, le=1000)]], Field(min_length=2, max_length=2)]


class Adsorbates(Table):
    """Table `[surface.adsorbates]`: what lies on sites of the facet, at the height it relaxes to.

    They are thermalised with the slab and belong to it: the projectile is fired at both.
    """

    species: str | None = Field(
        default=None,
        description="Chemical symbol of adsorbed atoms, or formula of adsorbed molecules, such as "
        '"CO" or "OH", which stand on the atom that is named first; without it there are none.',
    )
    site: str | None = Field(
        default=None,
        description='Kind of site that they occupy: "top", "bridge", "fcc" or "hcp" on fcc(111) '
        'and hcp(0001); "top", "bridge" or "hollow" on (100); "top", "long bridge", "short bridge" '
        'or "hollow" on (110); "top", "shallow hollow" or "deep hollow" on bcc(111).',
    )
    coverage: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None,
        description="Fraction of all such sites of the cell that are occupied; which of them is "
        "drawn by the seed, once for the campaign. Their number must be whole.",
    )
    cells: list[Cell] | None = Field(
        default=None,
        min_length=1,
        description="Surface cells [i, j], counted from 0 along the two lattice vectors, whose "
        "site (of several alike the first) is occupied; in place of coverage.",
    )

    @model_validator(mode="after")
    def _rules(self) -> "Adsorbates":
        if self.species is None:
            if given := sorted(self.model_fields_set - {"species"}):
                raise ValueError(
                    f"species is missing, but {', '.join(given)} applies to adsorbates only; add it"
                )
            return self
        self._refuse_unknown_species(self.species)
        if self.site is None:
            raise ValueError(f"site is missing; say where {self.species} is adsorbed")
        if (self.coverage is None) == (self.cells is None):
            raise ValueError("give either coverage, or the cells that are occupied")
        if self.cells and len({(i, j) for i, j in self.cells}) < len(self.cells):
            raise ValueError("cells names a cell twice; name each once")
        return self

    def _refuse_unknown_species(self, species: str) -> None:
        if species in atomic_numbers and species != "X":
            return
        try:
            if heavy := {"D", "T"} & {*atom_symbols(species)}:
                raise ValueError(f"{heavy.pop()} is an isotope; a file can have masses of its own")
        except ValueError as error:
            raise ValueError(
                f"species = {species!r} is neither a chemical symbol, such as 'H', nor the formula "
                f"of a molecule, such as 'CO': {error}"
            ) from error

    @property
    def atoms(self) -> tuple[str, ...]:
        """Symbols of the atoms of one adsorbate; none where there are none."""
        if self.species is None or self.species in atomic_numbers:
            return (self.species,) if self.species else ()
        return atom_symbols(self.species)

    def count(self, sites: int) -> int:
        """How many adsorbates a coverage of so many sites is.

        Raises:
            ValueError: that is not a whole number, or is zero.
        """
        atoms = (self.coverage or 0.0) * sites
        if abs(atoms - round(atoms)) > NEARLY or round(atoms) == 0:
            whole = sorted({max(1, int(atoms)), min(sites, int(atoms) + 1)})
            what = "atoms" if len(self.atoms) == 1 else "molecules"
            near = " or ".join(f"{n / sites:.4f} for {n}" for n in whole)
            raise ValueError(
                f"coverage = {self.coverage:g} of the {sites} {self.site} sites of the cell is "
                f"{atoms:.3g} {what}; give {near}, or another size"
            )
        return round(atoms)
