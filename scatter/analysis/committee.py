"""Sticking on every member of a committee -> an error band that holds the potential's share too."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, isnan, nan, sqrt

from scipy.special import stdtrit

from scatter.analysis.probability import Sticking


@dataclass(frozen=True)
class CommitteeSticking:
    """One point on all members, from trajectories that begin alike.

    The spread of the M members' S0 is s, their standard deviation with M - 1 degrees of freedom.
    Around the S0 of the potential itself, with the halves h of its Wilson interval, the band is

        S0 ± √(h² + (t s)²),    t the 97.5 % point of Student's law with M - 1 degrees of freedom,

    cut at 0 and 1. Where that S0 is not known, the band reaches from `lowest` to `highest` in its
    place; where that of a member is not, the spread is NaN, and the band is all from 0 to 1.
    The spread still holds a little sampling: that of the trajectories that end
    otherwise on another member; the band is wider for it, not narrower.

    Attributes:
        members: the potential itself first.
    """

    members: tuple[Sticking, ...]

    @property
    def own(self) -> Sticking:
        """On the potential itself."""
        return self.members[0]

    @property
    def spread(self) -> float:
        """Standard deviation of S0 over the members; NaN for fewer than two, or an unknown one."""
        values, M = [member.S0 for member in self.members], len(self.members)
        if M < 2:
            return nan
        mean = sum(values) / M
        return sqrt(sum((value - mean) ** 2 for value in values) / (M - 1))

    @property
    def model(self) -> float:
        """Half of the 95 % interval that the spread alone would give, t s."""
        return float(stdtrit(len(self.members) - 1, 0.975)) * self.spread

    @property
    def low(self) -> float:
        """Lower end of the band of sampling and model."""
        own = self.own
        end = own.lowest - hypot(own.lowest - own.low, self.model)
        return 0.0 if isnan(end) else max(0.0, end)

    @property
    def high(self) -> float:
        """Upper end of the band."""
        own = self.own
        highest = own.S0 if own.known else own.highest
        end = highest + hypot(own.high - highest, self.model)
        return 1.0 if isnan(end) else min(1.0, end)


def committee_sticking(members: Sequence[Sequence[Sticking]]) -> list[CommitteeSticking]:
    """One row for each point from the rows of every member, the potential itself first.

    Raises:
        ValueError: the members do not have the same points.
    """
    return [CommitteeSticking(tuple(each)) for each in zip(*members, strict=True)]
