"""The keys of `[surface]` that say how a slab is built: its crystal, facet, size and lattice."""

from math import prod
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from scatter.facets import CRYSTALS, miller
from scatter.initial.crystals import crystal_of
from scatter.initial.planes import atoms_in_layer
from scatter.settings import OneOrMany, PositiveFloat, Table

MOST_ATOMS = 100_000

Structure = Literal[tuple(CRYSTALS)]


def _shape(value: object) -> str:
    # Told apart here, a wrong value is measured against the one shape it has, not against all.
    return {dict: "table", str: "auto"}.get(type(value), "number")


LatticeConstant = Annotated[
    Annotated[PositiveFloat, Tag("number")]
    | Annotated[dict[str, PositiveFloat], Tag("table")]
    | Annotated[Literal["auto"], Tag("auto")],
    Discriminator(_shape),
]


class Built(Table):
    """What a slab is built of."""

    element: str = Field(default="Cu", description="Chemical symbol of the crystal's element.")
    structure: Structure | None = Field(  # pyright: ignore[reportInvalidTypeForm]
        default=None,
        description="Crystal structure, where it is not the one that the element has in ASE's "
        'reference states: "bcc" iron is built without this key, "fcc" iron with it.',
    )
    facet: OneOrMany[str] = Field(
        default=["111"],
        description='Miller indices of the facet, such as "111", "310", "1-10" or "1,0,-12", or a '
        'list of facets; of a hcp crystal four, such as "0001" or "10-10".',
    )
    size: list[Annotated[int, Field(gt=0, le=1000)]] = Field(
        default=[3, 3, 6],
        min_length=3,
        max_length=3,
        description="Atoms along the two lateral lattice vectors, and layers. On fcc(211) the "
        "first number is a multiple of 3 (the rows of a terrace) and one layer is three rows deep: "
        "[3, 4, 6] has 18 rows of 4 atoms. On all facets but fcc (111), (100), (110), (211), bcc "
        "(110), (100) and hcp (0001) the numbers count primitive surface cells, and one layer is "
        "as many planes as come closest to the spacing of the densest: on bcc(111) two, on "
        "fcc(310) four.",
    )
    lattice_constant_A: LatticeConstant = Field(
        default="auto",
        description='Lattice constant, Å: a number; a table by temperature such as {"300" = 3.66, '
        '"925" = 3.71}; or "auto", where the potential\'s own crystal is free of pressure.',
    )
    c_over_a: LatticeConstant | None = Field(
        default=None,
        description="Of a hcp crystal the ratio of its lattice constants c and a: a number or a "
        'table by temperature where `lattice_constant_A` is one, "auto" where that is.',
    )

    @property
    def crystal(self) -> str:
        """The structure of the crystal that facets are cut from."""
        return crystal_of(self.element, self.structure)

    def atoms_in_layer(self, facet: str) -> int:
        """How many atoms a layer of a facet has that is built.

        Raises:
            ValueError: the crystal has no such facet, or the element no crystal.
        """
        cells, crystal = prod(self.size[:2]), self.crystal
        if facet in CRYSTALS[crystal]:
            return cells * CRYSTALS[crystal][facet].planes
        return cells * atoms_in_layer(crystal, miller(facet, crystal))

    def refuse_unbuildable(self) -> None:
        """Raise ValueError unless these keys say one slab of each facet."""
        for facet in self.facet:
            if (atoms := self.atoms_in_layer(facet) * self.size[2]) > MOST_ATOMS:
                raise ValueError(
                    f"size = {self.size} is a slab of {atoms:,} atoms on ({facet}); at most "
                    f"{MOST_ATOMS:,} are built"
                )
            known = CRYSTALS[self.crystal].get(facet)
            if known and self.size[0] % known.rows:
                raise ValueError(
                    f"size = {self.size}: on ({facet}) the first number must be a multiple of "
                    f"{known.rows}, since a terrace is {known.rows} rows wide; {[*known.usual]} is "
                    "usual"
                )
        self._refuse_half_a_lattice()

    def _refuse_half_a_lattice(self) -> None:
        """Nothing is assumed of c/a: both constants of a hcp crystal are given, or both found."""
        if self.crystal != "hcp":
            if self.c_over_a is not None:
                raise ValueError(
                    f"c_over_a applies to hcp crystals only, and {self.element} is "
                    f"{self.crystal}; leave it out"
                )
        elif (self.lattice_constant_A == "auto") != (self.c_over_a in (None, "auto")):
            raise ValueError(
                "lattice_constant_A and c_over_a of a hcp crystal are both numbers (tables), or "
                'both "auto"; give the other one too'
            )

    def given_lattice(self, temperature_K: float) -> tuple[float, float | None] | None:
        """The lattice constant (Å) and c/a (of hcp) given for a temperature; None for "auto".

        Raises:
            ValueError: a table by temperature has no entry for it.
        """
        a = _given("lattice_constant_A", self.lattice_constant_A, temperature_K)
        if a is None:
            return None
        ratio = "auto" if self.c_over_a is None else self.c_over_a
        return a, _given("c_over_a", ratio, temperature_K)


def _given(key: str, given: float | dict[str, float] | str, temperature_K: float) -> float | None:
    """The number of a key for a temperature; None where it is "auto"."""
    if isinstance(given, str):
        return None
    if not isinstance(given, dict):
        return float(given)
    for kelvin, value in given.items():
        if _number(key, kelvin) == temperature_K:
            return value
    raise ValueError(
        f"{key} has no entry for temperature_K = {temperature_K:g}; it has "
        f'{", ".join(given) or "none"}; add "{temperature_K:g}" = ...'
    )


def _number(key: str, kelvin: str) -> float:
    try:
        return float(kelvin)
    except ValueError as error:
        raise ValueError(f"{key}: the key '{kelvin}' is not a temperature in K") from error
