"""What watches a trajectory besides its energy: bounds of distances, and guards that measure."""

from itertools import combinations
from typing import Annotated

import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from pydantic import AfterValidator, Field

from scatter.dynamics.bounds import Bounds
from scatter.dynamics.stop import Stop
from scatter.outcomes import MOST_UNSETTLED
from scatter.potentials.domain import Domain
from scatter.settings import PositiveFloat, PositiveInt, Table, UserError
from scatter.state import System


def _pairs(bounds: dict[str, float]) -> dict[str, float]:
    for pair in bounds:
        names = pair.split("-")
        if len(names) != 2 or not all(name in atomic_numbers for name in names):
            raise ValueError(
                f"'{pair}' is not a pair of elements; write it as in {{\"H-Cu\" = 1.1}}"
            )
    return bounds


class Guards(Table):
    """Table `[guards]`: when a trajectory is not to be trusted.

    A potential's file may say which distances it was trained on, and a trajectory that leaves them
    has failed; the bounds given here replace the file's, one by one.
    """

    domain: bool = Field(
        default=True, description="Whether the bounds in the potential's own file apply."
    )
    shortest_bond_A: PositiveFloat | None = Field(
        default=None, description="Failed: the molecule's bond is shorter than this."
    )
    longest_bond_A: PositiveFloat | None = Field(
        default=None,
        description="Longest bond for which the potential is valid; `[stop] dissociated_A` may "
        "not be longer.",
    )
    shortest_A: Annotated[dict[str, PositiveFloat], AfterValidator(_pairs)] = Field(
        default_factory=dict,
        description='Failed: an atom of the molecule is closer to one of the slab, as in {"H-Cu" '
        "= 1.1}.",
    )
    lowest_A: float | None = Field(
        default=None,
        description="Failed: an atom of the molecule is lower than this above the top plane.",
    )
    every: PositiveInt = Field(
        default=20,
        description="Time steps between checks by a committee, or by another guard that measures.",
    )
    disagreement_eV_per_A: PositiveFloat = Field(
        default=0.2,
        description="Where a committee disagrees by more, the trajectory's worst frame is written "
        "to `uncertain.extxyz`.",
    )
    leverage: PositiveFloat | None = Field(
        default=None,
        description="Where the potential extrapolates by more, the trajectory's worst frame is "
        "written there too.",
    )
    coupling_eV: PositiveFloat = Field(
        default=0.001,
        description="Largest coupling energy of molecule and slab at the start and where it "
        "counts as scattered; more is refused before anything runs.",
    )
    most_failed: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.01,
        description="If a larger fraction of a campaign has failed, it says so and exits with 3.",
    )
    most_unsettled: Annotated[float, Field(ge=0, le=1)] = Field(
        default=MOST_UNSETTLED,
        description="If a larger fraction of a point is undecided or failed, it has no S0 but "
        "bounds, and the campaign exits with 3.",
    )

    def threshold(self, column: str) -> float:
        """The value of a measure above which a frame is kept; infinite for none."""
        chosen = getattr(self, column)
        return np.inf if chosen is None else chosen


def bounds_of(domain: Domain | None, guards: Guards, stop: Stop | None, system: System) -> Bounds:
    """The bounds of a system: the domain's, replaced one by one by those of the input.

    Args:
        domain: of the potential, if it has one.
        guards: of the input.
        stop: of the input; None where trajectories do not end at a bond of it.
        system: slab and molecule.

    Raises:
        UserError: trajectories are to go on beyond the longest bond that the potential knows.
    """
    own = domain if guards.domain else None
    numbers = system.alone.numbers.tolist()
    pairs = [*combinations(numbers, 2)]
    longest = min((own.longest_of(*pair) for pair in pairs), default=np.inf) if own else np.inf
    longest = guards.longest_bond_A or longest
    if stop is not None and len(numbers) == 2 and stop.dissociated_A > longest:
        raise UserError(
            f"[stop] dissociated_A = {stop.dissociated_A:g}: the potential is valid for bonds "
            f"up to {longest:.4g} Å; choose at most that, or correct it in [guards] longest_bond_A"
        )
    shortest = min((own.closest_of(*pair) for pair in pairs), default=0.0) if own else 0.0
    closest = np.array(
        [[_closest(own, guards, z, int(other)) for other in system.slab.numbers] for z in numbers]
    ).reshape(len(numbers), -1)
    lowest = -np.inf if guards.lowest_A is None else guards.lowest_A
    shortest = guards.shortest_bond_A or shortest
    return Bounds(shortest, closest, lowest, system.cell, system.pbc)


def _closest(domain: Domain | None, guards: Guards, first: int, second: int) -> float:
    atom, neighbour = chemical_symbols[first], chemical_symbols[second]
    given = guards.shortest_A.get(
        f"{atom}-{neighbour}", guards.shortest_A.get(f"{neighbour}-{atom}")
    )
    return given or (domain.closest_of(first, second) if domain else 0.0)
