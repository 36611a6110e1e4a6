"""What a linear ACE is to be, and the design that follows from it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ase.data import atomic_numbers, covalent_radii

from scatter.ace.fitting.basis import Degrees, basis_of
from scatter.ace.fitting.radial import Radial
from scatter.ace.fitting.rows import Design
from scatter.settings import UserError

Pair = tuple[str, str]  # symbols

# Å, where the resolution is best: distances in the crystal, at the walls that H meets, and in H2
R0 = {("Cu", "Cu"): 2.6, ("Cu", "H"): 1.5, ("H", "H"): 0.8}
PAIR_POWERS = (1, 3)  # p and q of the pair potential's transform
MOST_COLUMNS = 20_000  # a triangle of them takes 3 GB


def most_of(atoms: int) -> tuple[int, int]:
    """Factors of a molecule's elements around atoms of the slab and of itself, by its size.

    An atom of a molecule of n has n - 1 others around it, of which products of up to three are
    made: the bond of a diatomic, the angle of water, the pyramid of methane. Around atoms of the
    slab two are enough.
    """
    return 2, min(max(1, atoms - 1), 3)


@dataclass(frozen=True)
class Recipe:
    """How a linear ACE is made.

    Attributes:
        elements: symbols; the first has the finest levels (see `basis.py`). By default the
            commonest element of the training set comes first.
        degrees: D_N, total degrees by order.
        weight_l: w_L.
        cutoff_A: of all pairs, Å.
        cutoffs_A: of some pairs, Å.
        r0_A: of some pairs, Å.
        powers: p and q of the transform.
        inner: power of the envelope at r = 0.
        outer: power of the envelope at the cutoff.
        pair_degree: functions of the pair potential, for each species of the neighbour; 0 for none.
        molecule: elements of the molecule; by default all but the first.
        most: factors of the molecule's elements in a product at most, around atoms of the slab and
            of the molecule; by default those of `most_of`.
    """

    elements: tuple[str, ...] = ()
    degrees: tuple[float, ...] = (18, 12, 10, 8)
    weight_l: float = 1.5
    cutoff_A: float = 6.0
    cutoffs_A: Mapping[Pair, float] = field(default_factory=dict)
    r0_A: Mapping[Pair, float] = field(default_factory=dict)
    powers: tuple[int, int] = (2, 2)
    inner: int = 1
    outer: int = 3
    pair_degree: int = 18
    molecule: tuple[str, ...] = ()
    most: tuple[int, int] | None = None

    @property
    def of_molecule(self) -> tuple[str, ...]:
        """Elements of the molecule."""
        return self.molecule or self.elements[1:]

    def for_molecules_of(self, atoms: int) -> "Recipe":
        """The same, `most` being what it is by default for a molecule of so many atoms."""
        return self if self.most else replace(self, most=most_of(atoms))

    def record(self) -> dict[str, Any]:
        """As plain values."""
        plain = asdict(self)
        for name in ("cutoffs_A", "r0_A"):
            plain[name] = {"-".join(pair): value for pair, value in getattr(self, name).items()}
        return plain

    def of_pair(self, values: Mapping[Pair, float], pair: Pair, default: float) -> float:
        """What is set for a pair, in either order of its elements."""
        return values.get(pair, values.get((pair[1], pair[0]), default))

    def r0(self, pair: Pair) -> float:
        """r_0 of a pair, Å: as set, as known, or the sum of the covalent radii."""
        bond = float(sum(covalent_radii[atomic_numbers[symbol]] for symbol in pair))
        return self.of_pair(self.r0_A, pair, self.of_pair(R0, pair, bond))

    def design(self) -> Design:
        """The basis and its radial functions.

        Raises:
            UserError: an element or a pair is unknown, or there are too many functions.
        """
        _refuse_strangers(self)
        molecule, most = self.of_molecule, self.most or most_of(2)
        species = [n for n, symbol in enumerate(self.elements) if symbol in molecule]
        caps = {symbol: most[symbol in molecule] for symbol in self.elements}
        basis = basis_of(
            len(self.elements),
            tuple(
                Degrees(self.degrees, self.weight_l, dict.fromkeys(species, caps[symbol]))
                for symbol in self.elements
            ),
        )
        count = max(basis.radial, basis.singles)

        def of_pairs(count: int, **shape: Any) -> tuple[tuple[Radial, ...], ...]:
            return tuple(
                tuple(self._radial((i, j), count, shape) for j in self.elements)
                for i in self.elements
            )

        numbers = tuple(atomic_numbers[symbol] for symbol in self.elements)
        paired = of_pairs(self.pair_degree, powers=PAIR_POWERS, inner=0)
        many = of_pairs(count, powers=self.powers, inner=self.inner)
        design = Design(numbers, basis, many, paired)
        if design.columns > MOST_COLUMNS:
            raise UserError(
                f"--degrees {self.degrees}: make {design.columns} functions, and no more than "
                f"{MOST_COLUMNS} can be fitted; lower them, or raise --weight-l"
            )
        return design

    def _radial(self, pair: Pair, count: int, shape: Mapping[str, Any]) -> Radial:
        cutoff = self.of_pair(self.cutoffs_A, pair, self.cutoff_A)
        return Radial(count, self.r0(pair), cutoff, outer=self.outer, **shape)


def _refuse_strangers(recipe: Recipe) -> None:
    known = recipe.elements
    for option, named in (
        ("--elements", known),
        ("--molecule", recipe.molecule),
        ("--pair-cutoff", [symbol for pair in recipe.cutoffs_A for symbol in pair]),
        ("--r0", [symbol for pair in recipe.r0_A for symbol in pair]),
    ):
        for symbol in named:
            if symbol not in atomic_numbers or symbol not in known:
                raise UserError(
                    f"{option}: '{symbol}' is not among the fitted elements, {', '.join(known)}"
                )
    if not 0 < recipe.powers[0] <= recipe.powers[1]:
        raise UserError(f"--powers {recipe.powers}: must be p and q, with 0 < p ≤ q")
    if len(recipe.degrees) > 4 or sorted(recipe.degrees, reverse=True) != [*recipe.degrees]:
        raise UserError(
            f"--degrees {','.join(f'{n:g}' for n in recipe.degrees)}: must be one to four "
            "numbers that do not increase, such as 18,12,10,8"
        )
