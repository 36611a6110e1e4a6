"""How many threads a rank uses."""

from typing import Literal

from scatter import cores
from scatter.campaign.ranks import Ranks
from scatter.phrases import counted
from scatter.potentials import sharing


def use_threads(wanted: int | Literal["auto"], ranks: Ranks) -> int:
    """Set and answer the threads of this rank: as wanted, or its fair share of this host's cores.

    All ranks must call this. There are never more threads than cores.

    Raises:
        UserError: the environment limits threads by what is not a number.
    """
    if wanted == "auto":
        everyone = ranks.on_host(cores.affinity())
        wanted = ranks.agree(lambda: cores.automatic(everyone))
    return sharing.use_threads(wanted)


def threads_in_words(threads: int, wanted: int | Literal["auto"]) -> str:
    """The threads of a rank in words, with why they are fewer than it was told to use."""
    fewer = wanted != "auto" and threads < wanted
    return counted(threads, "thread") + (f" (not {wanted}: it has no more cores)" if fewer else "")
