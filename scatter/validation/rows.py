"""One property on two potentials: the row that every piece of a validation reports."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A quantity on the potential that is tried and on the reference, both in `unit`.

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
