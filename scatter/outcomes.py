"""How a trajectory ends, and why one has failed: the codes, and what they are called."""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple


class Outcome(IntEnum):
    """The ending of a trajectory."""

    RUNNING = 0
    DISSOCIATED = 1
    SCATTERED = 2
    UNDECIDED = 3
    FAILED = 4


DESORBED = "desorbed"  # what to scatter is called where the projectile begins on the surface


class OwnEnding(NamedTuple):
    """A custom ending; its code is `len(Outcome)` and its place among them.

    Attributes:
        name: how results call it.
        sticks: whether S0 counts it.
    """

    name: str
    sticks: bool


def ending_names(own: Iterable[OwnEnding] = ()) -> dict[int, str]:
    """What endings are called, by their codes."""
    known = {
        int(ending): ending.name.lower() for ending in Outcome if ending is not Outcome.RUNNING
    }
    return known | {len(Outcome) + n: ending.name for n, ending in enumerate(own)}


def sticking_codes(own: Iterable[OwnEnding] = ()) -> list[int]:
    """Codes of the endings that S0 counts."""
    mine = [len(Outcome) + n for n, ending in enumerate(own) if ending.sticks]
    return [int(Outcome.DISSOCIATED), *mine]


class Reason(IntEnum):
    """Why a trajectory failed."""

    NONE = 0
    ENERGY_ERROR = 1
    NOT_FINITE = 2
    BOND = 3
    DISTANCE = 4
    HEIGHT = 5


REASONS = {
    Reason.NONE: "",
    Reason.ENERGY_ERROR: "energy error",
    Reason.NOT_FINITE: "not finite",
    Reason.BOND: "bond shorter than the domain's",
    Reason.DISTANCE: "closer to an atom of the slab than the domain reaches",
    Reason.HEIGHT: "below the lowest height",
}  # in words, for people

MOST_UNSETTLED = 0.01  # fraction of a point that may be undecided or failed for S0 to be known
SCHEMA = 2
