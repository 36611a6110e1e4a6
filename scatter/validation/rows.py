"""One property on two potentials: the row that every part of a validation reports."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from operator import attrgetter


@dataclass(frozen=True)
class Row:
    """A quantity on the tested potential and on the reference, both in `unit`.

    Where the reference has no value it is NaN, and so is the difference.
    """

    quantity: str
    unit: str
    potential: float
    reference: float

    @property
    def difference(self) -> float:
        """Potential minus reference, in `unit`."""
        return self.potential - self.reference

    @property
    def piece(self) -> dict[str, str | float]:
        """As a piece holds it, with the difference."""
        return {**asdict(self), "difference": self.difference}


def compared(ours: object, theirs: object, quantities: Iterable[tuple[str, str, str]]) -> list[Row]:
    """Rows of attributes that two results have: (quantity, unit, name of the attribute) each."""
    return [
        Row(quantity, unit, attrgetter(name)(ours), attrgetter(name)(theirs))
        for quantity, unit, name in quantities
    ]
