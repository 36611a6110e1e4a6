"""The files of a campaign that runs elsewhere: what it starts from, and what came of it.

NumPy alone reads and writes them. Units: Å, eV, amu, and fs where a name says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from scatter.gpu.checks import MOST, refuse_odd_identity, refuse_other_words
from scatter.gpu.endings import Endings
from scatter.gpu.legs import Limits, PreparedLeg
from scatter.saved import Misfit, Whole

VERSION = 7


@dataclass(frozen=True)
class PreparedCampaign(Whole):
    """All that a campaign's trajectories start from, in one file.

    Attributes:
        limits: of every trajectory.
        identity: of the campaign: its conditions as JSON.
        model_sha256: of the model that it was prepared on.
        precision: of the forces.
        guards_every: steps of a trajectory from one look of the guards to the next.
        legs: trajectories that share a slab.
        version: of this layout.
    """

    layout, noun, maker = VERSION, "prepared campaign", "scatter prepare INPUT OUT.npz"

    limits: Limits
    identity: str
    model_sha256: str
    precision: str
    guards_every: int
    legs: list[PreparedLeg]
    version: int = VERSION

    def refuse(self, sizes: Mapping[str, int]) -> None:
        """Raise Misfit unless it names a campaign, and says how often its guards look."""
        refuse_odd_identity(self.identity)
        refuse_other_words("precision", self.precision, "float32", "float64")
        if not 1 <= self.guards_every < MOST:
            raise Misfit("its 'guards_every' is not a number from 1 on")


@dataclass(frozen=True)
class Results(Whole):
    """What came out of a prepared campaign so far.

    Attributes:
        identity: of the campaign.
        potential: identity of the potential, with its precision and device.
        device: that it ran on.
        legs: what has ended of each.
        version: of this layout.
    """

    layout, noun = VERSION, "file of results from elsewhere"
    maker = "python -m scatter.gpu PREPARED RESULTS"

    identity: str
    potential: str
    device: str
    legs: list[Endings]
    version: int = VERSION

    def refuse(self, sizes: Mapping[str, int]) -> None:
        """Raise Misfit unless it names a campaign."""
        refuse_odd_identity(self.identity)
        refuse_other_words("device", self.device, "cuda", "cpu")
