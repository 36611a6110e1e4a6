"""The points of a campaign that are split: pilot, replicates, and their files.

A point is worked on by all ranks, round by round: a round is one move of every start of all of its
replicates that are underway. After each round rank 0 writes where they stand, so that a kill loses
no more than the round that was underway; the numbers are the same whatever happened in between.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

import numpy as np
from rich.console import Console

from scatter import store
from scatter.analysis import pilots
from scatter.analysis import splitting as climbing
from scatter.analysis.pilots import Pilot
from scatter.analysis.repeated import Passage, further, passages
from scatter.analysis.splitting import Climb, Ladder
from scatter.campaign.climbers import Climbers
from scatter.campaign.reactive import keep_reactive
from scatter.config import Input
from scatter.report.splitting import passage_in_words
from scatter.report.terminal import say
from scatter.saved import Whole
from scatter.settings import UserError

MAKER = "scatter run"
Kept = TypeVar("Kept", bound="Whole")


@dataclass(frozen=True)
class KeptPilot(Whole):
    """A pilot, and what it and all replicates of its point have in common."""

    noun: ClassVar[str] = "pilot"
    maker: ClassVar[str] = MAKER
    layout: ClassVar[int] = 3  # 1: other moves of the slab; 2: one step for all, N whole chains

    version: int
    trajectories: int
    moves: int
    product: str
    pilot: Pilot


@dataclass(frozen=True)
class KeptClimb(Whole):
    """Replicates that are underway."""

    noun: ClassVar[str] = "climb"
    maker: ClassVar[str] = MAKER
    layout: ClassVar[int] = 2  # 1: the last starts of chains alone

    version: int
    climb: Climb


@dataclass(frozen=True)
class Splitting:
    """One point that is split.

    Attributes:
        input: of the campaign.
        folder: of its results.
        explorer: draws, moves and scores its starts.
        point: its number.
        name: what people call it.
        console: where to speak.
    """

    input: Input
    folder: Path
    explorer: Climbers
    point: int
    name: str
    console: Console

    def run(self) -> None:
        """Its pilot, and replicates until there are enough; every rank must call this.

        Raises:
            Stopped: the user wants it to end.
            UserError: files of it are damaged, or of other settings.
        """
        pilot = self._piloted()
        if not pilot.reached:
            best = pilot.climb.score[np.isfinite(pilot.climb.score)].max(initial=-np.inf)
            self._say(
                f"too few starts came to the event within {len(pilot.levels)} levels (P below "
                f"{pilots.PASSING ** len(pilot.levels):.0e}, largest score {best:.4g}); its "
                "probability is not known"
            )
            return
        while (count := self._wanted()) > (known := self._known()):
            self._climb(pilot.ladder, range(known + 1, count + 1))
        self._say(passage_in_words(self._passage()))

    def _piloted(self) -> Pilot:
        """The pilot at its end, run as far as that is missing."""
        path = self._file("pilot.npz")
        kept = self._kept(KeptPilot, path)
        self._refuse_other(kept)
        N = min(self.input.sampling.trajectories, pilots.MOST_STARTS)
        if kept is None:
            self._watch(f"{self.name}: pilot, level 1", N)
        pilot = kept.pilot if kept else pilots.begin_pilot(self.explorer, N)
        if kept is None:
            self._keep(path, self._of_pilot(pilot))
        while not pilot.over:
            self._watch(f"{self.name}: pilot, level {len(pilot.levels) + 1}", pilot.chains)
            pilot = next(pilots.piloting(pilot, self.explorer))
            self._keep(path, self._of_pilot(pilot))
            if pilot.over or pilot.climb.move == pilots.PILOT_MOVES:
                self._say(_pilots_words(pilot))
        if not len(self._table()):
            self._tell(pilot.climb.told)
        return pilot

    def _of_pilot(self, pilot: Pilot) -> KeptPilot:
        sampling = self.input.sampling
        product = sampling.target_product or ""
        return KeptPilot(3, sampling.trajectories, sampling.most_moves, product, pilot)

    def _refuse_other(self, kept: KeptPilot | None) -> None:
        """Raise UserError if replicates before were of other settings."""
        if kept is None:
            return
        now = self._of_pilot(kept.pilot)
        for key, name in (("trajectories",) * 2, ("moves",) * 2, ("product", "target_product")):
            was, here = getattr(kept, key), getattr(now, key)
            if was != here:
                raise UserError(
                    f"{self.folder}: replicates there have [sampling] {name} = {was!r}, and now it "
                    f"is {here!r}; set it back, or choose another output folder"
                )

    def _climb(self, ladder: Ladder, numbers: range) -> None:
        """Run some replicates to their end, from where they stand."""
        path, N = self._file("climb.npz"), self.input.sampling.trajectories
        kept = self._kept(KeptClimb, path)
        if kept is None:
            self._watch(self._where(0, 0, ladder), N * len(numbers))
            first = float(ladder.levels[0])
            climb = climbing.begin(self.explorer, numbers, N, first)
            self._keep(path, KeptClimb(2, climb))
        else:
            climb = kept.climb
        moves = self.input.sampling.most_moves
        each = climbing.chains_of(N, moves)
        rounds = climbing.production(climb, self.explorer, ladder, N, moves)
        self._watch(self._where(climb.level, climb.move, ladder), each * climb.replicates)
        for climb in rounds:
            self._keep(path, KeptClimb(2, climb))
            if climb.move == moves:
                self._say(_climbs_words(climb, ladder))
            self._watch(self._where(climb.level, climb.move, ladder), each * climb.replicates)
        keep_reactive(self.explorer, self.folder, climb)
        self._tell(climb.told)
        self.explorer.ranks.share(path.unlink)

    def _where(self, level: int, move: int, ladder: Ladder) -> str:
        return f"{self.name}: level {level + 1} of {len(ladder.levels)}, move {move + 1}"

    def _known(self) -> int:
        """Replicates that have come to their end."""
        table = self._table()
        return int(table["replicate"].max(initial=0))

    def _wanted(self) -> int:
        """Replicates that there are to be."""
        sampling = self.input.sampling
        if not self._known():
            return sampling.first_replicates
        first, most = sampling.first_replicates, sampling.most_replicates
        error, relative = sampling.target_error, sampling.target_relative_error
        return further(self._passage().probability, first, most, error, relative)

    def _passage(self) -> Passage:
        return passages(self._table())[self.point]

    def _table(self) -> np.ndarray:
        return self.explorer.ranks.share(lambda: store.replicates_of(self.folder, self.point))

    def _tell(self, told: dict[str, np.ndarray]) -> None:
        """Add replicates to the table of this point."""
        rows = np.zeros(len(told["replicate"]), store.REPLICATE)
        rows["point"] = self.point
        for name, values in told.items():
            rows[name] = values
        rows = np.concatenate([self._table(), rows])
        self.explorer.ranks.share(lambda: store.write_replicates(self.folder, self.point, rows))

    def _file(self, ending: str) -> Path:
        return store.splitting_file(self.folder, self.point, ending)

    def _kept(self, kind: type[Kept], path: Path) -> Kept | None:
        """What a file holds, on every rank; None where there is none."""
        return self.explorer.ranks.share(lambda: kind.read(path) if path.exists() else None)

    def _keep(self, path: Path, kept: Whole) -> None:
        if self.explorer.ranks.first:
            path.parent.mkdir(parents=True, exist_ok=True)
            kept.write(path)

    def _watch(self, words: str, size: int) -> None:
        self.explorer.watch.open(words, size)

    def _say(self, text: str) -> None:
        say(self.console, f"{self.name}: {text}")


def _pilots_words(pilot: Pilot) -> str:
    """How far a pilot is."""
    if not pilot.over:
        return f"pilot at level {len(pilot.levels)} (score {pilot.levels[-1]:.4g})"
    told = pilot.climb.told
    P = climbing.products(told)[0]
    return f"pilot: {len(pilot.levels)} levels, P about {P:.1e}"


def _climbs_words(climb: Climb, ladder: Ladder) -> str:
    """How far replicates are, and what they say so far."""
    ratios = climb.told["survivors"] / climb.told["starts"]
    P = climbing.products(climb.told)
    spread = P.std(ddof=1) / P.mean() if len(P) > 1 and P.mean() else np.nan
    return (
        f"level {climb.level} of {len(ladder.levels)} passed by {ratios[-len(P) :].mean():.0%}, "
        f"P so far {P.mean():.2e}, replicates differ by {spread:.0%}"
    )
