"""Chains of shots under an umbrella, in which molecules leave slowly as often as fast.

A chain of Metropolis moves (`walkers`) has the law π(x) W(how the molecule leaves), W of
`initial.umbrella`: a proposal is taken with the probability min(1, W'/W), and a start from which
nothing leaves has no weight. First rounds find W; then it stays as it is, and every few moves a
chain tells how its molecule left. All ranks meet after each round, and rank 0 writes where the
chains stand: numbers are the same on any ranks, and a kill loses no more than a round.

Source: Metropolis et al., J. Chem. Phys. 21, 1087 (1953), for starts of trajectories in place of
configurations; Dellago et al., J. Chem. Phys. 108, 1964 (1998), for such chains.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int
from rich.console import Console

from scatter import store
from scatter.analysis.under_umbrella import Left
from scatter.campaign.ranks import Ranks
from scatter.campaign.walkers import Walkers
from scatter.initial.crossings import Crossings
from scatter.initial.umbrella import Umbrella, UmbrellaTable
from scatter.report.terminal import say
from scatter.report.umbrellas import UMBRELLAS, progress_in_words
from scatter.saved import Whole
from scatter.settings import UserError
from scatter.store.umbrellas import LEFT

CHAINS, MOVES, EVERY = 64, 32, 8  # chains; moves of a round; moves between two that are told
WINDOWS = (2, 4, 7, 11, 16)  # rounds, at whose ends W is found anew from those since the last
SETTLE = 2  # rounds after these of which nothing is told
PILOT = WINDOWS[-1]
TRIES = 200  # starts of a chain, of which the first from which a molecule leaves is taken


@dataclass(frozen=True)
class Walk(Whole):
    """Where the chains of a point stand.

    Attributes:
        version: of the layout.
        rounds: that have ended.
        umbrella: W of the next round.
        seen: E_n, v, J and E_∥ after each move since W is this, while it is to be found.
        positions: of each start, Å.
        momenta: amu Å / time unit.
        words: that name its random numbers on the way.
        leaving: how its molecule leaves.
        accepted: moves that were taken since W has stayed.
    """

    noun: ClassVar[str] = "umbrella"
    maker: ClassVar[str] = "scatter run"

    version: int
    rounds: int
    umbrella: Umbrella
    seen: Float[np.ndarray, "move 4"]
    positions: Float[np.ndarray, "walker atom 3"]
    momenta: Float[np.ndarray, "walker atom 3"]
    words: Int[np.ndarray, "walker 3"]
    leaving: Float[np.ndarray, "walker 5"]
    accepted: int

    @property
    def record(self) -> dict[str, Any]:
        """As a results file keeps it."""
        numbers = ("T_K", "v", "J", "low_eV", "high_eV")
        return {
            **{name: getattr(self.umbrella, name) for name in numbers},
            **{name: getattr(self.umbrella, name).tolist() for name in ("u", "a")},
            "moves": max(0, self.rounds - PILOT - SETTLE) * MOVES * CHAINS,
            "accepted": self.accepted,
        }

    def having_seen(self, points: Float[np.ndarray, "some 4"]) -> "Walk":
        """The same with these seen; at the end of a window, with the W that follows."""
        seen = np.concatenate([self.seen, points])
        if self.rounds not in WINDOWS:
            return replace(self, seen=seen)
        return replace(self, umbrella=self.umbrella.evened(seen), seen=seen[:0])

    def some(self, which: slice) -> "Walk":
        """Some of the chains, which have accepted nothing yet."""
        own = ("positions", "momenta", "words", "leaving")
        return replace(self, accepted=0, **{name: getattr(self, name)[which] for name in own})


@dataclass(frozen=True)
class Chained:
    """The chains of one point.

    Attributes:
        table: what is wanted.
        folder: of the results.
        walkers: move starts and run them.
        crossings: canonical ones, on which chains begin.
        point: its number.
        name: what people call it.
        ranks: all of them.
        console: where to speak.
    """

    table: UmbrellaTable
    folder: Path
    walkers: Walkers
    crossings: Crossings
    point: int
    name: str
    ranks: Ranks
    console: Console

    @property
    def mine(self) -> slice:
        """Chains of this rank."""
        return slice(self.ranks.rank, CHAINS, self.ranks.size)

    @property
    def wanted(self) -> int:
        """Rounds in all."""
        return PILOT + SETTLE + ceil(self.table.shots / (CHAINS * MOVES))

    def run(self) -> None:
        """All rounds that have not ended yet.

        Raises:
            UserError: chains there are of another umbrella.
        """
        path = store.umbrella_file(self.folder, self.point, "npz")
        kept = self.ranks.share(lambda: Walk.read(path) if path.exists() else None)
        if kept is None:
            self.walkers.watch.open(f"{self.name}: first starts", CHAINS)
        walk = self._begun() if kept is None else kept
        self._refuse_another(walk.umbrella)
        before, began = walk.rounds, time.monotonic()
        rows_before = self.ranks.share(lambda: self._told(before))
        while walk.rounds < self.wanted:
            self.walkers.watch.open(self._words(walk), CHAINS * MOVES)
            walk, rows = self._round(walk)
            rows_before = np.concatenate([rows_before, rows])
            if self.ranks.first:
                store.write_left(self.folder, self.point, rows_before)
                walk.write(path)
                self._record(walk)
            self._speak(walk, rows_before, (time.monotonic() - began) / (walk.rounds - before))

    def _refuse_another(self, umbrella: Umbrella) -> None:
        """Raise UserError where the chains are of another umbrella than the input's."""
        fresh = Umbrella.flat(self.table, self.walkers.chains.T_K).wanted
        for key, was in umbrella.wanted.items():
            if was != fresh[key]:
                raise UserError(
                    f"{self.folder}: chains there have [incidence.umbrella] {key} = {was}, and now "
                    f"it is {fresh[key]}; set it back, or choose another output folder"
                )

    def _record(self, walk: Walk) -> None:
        """Say in the folder what the chains are, so that results tell of them."""
        manifest = store.read_manifest(self.folder)
        made = {**manifest.get(UMBRELLAS, {}), str(self.point): walk.record}
        store.write_manifest(self.folder, {**manifest, UMBRELLAS: made})

    def _told(self, rounds: int) -> np.ndarray:
        """What was told before, of rounds that have ended."""
        rows = store.left_of(self.folder, self.point)
        return rows[rows["move"] <= max(0, rounds - PILOT - SETTLE) * MOVES]

    def _words(self, walk: Walk) -> str:
        kind = "finding weights" if walk.rounds < PILOT else "moving"
        return f"{self.name}: {kind}, round {walk.rounds + 1} of {self.wanted}"

    def _speak(self, walk: Walk, rows: np.ndarray, round_s: float) -> None:
        """Say that the weights are there, and ten times what the chains have done since."""
        moved, due = walk.rounds - PILOT - SETTLE, self.wanted - PILOT - SETTLE
        if walk.rounds == PILOT:
            say(self.console, f"{self.name}: weights found, e^{-walk.umbrella.u[0]:.1f} in all")
        if moved > 0 and moved * 10 // due > (moved - 1) * 10 // due:
            left, taken = Left(walk.umbrella, rows), walk.accepted / walk.record["moves"]
            words = progress_in_words(left, moved / due, taken, (due - moved) * round_s)
            say(self.console, f"{self.name}: {words}")

    def _streams(self, round: int) -> list[np.random.Generator]:
        """Of each chain of this rank, in a round."""
        seed, key = self.walkers.chains.seed, self.walkers.chains.key
        return [
            np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key, chain, round)))
            for chain in range(CHAINS)[self.mine]
        ]

    def _begun(self) -> Walk:
        """Chains at canonical starts from which a molecule leaves.

        Raises:
            UserError: from none.
        """
        streams, walkers = self._streams(0), self.walkers
        size = len(streams)
        shape = (size, *self.crossings.positions.shape[1:])
        positions, momenta = np.zeros(shape), np.zeros(shape)
        words, leaving = np.zeros((size, 3), np.int64), np.full((size, 5), np.nan)
        for _ in range(TRIES):
            lost = np.flatnonzero(np.isnan(leaving[:, 0]))
            if not len(lost):
                break
            own = [streams[n] for n in lost]
            at = [int(rng.integers(len(self.crossings))) for rng in own]
            positions[lost] = self.crossings.positions[at]
            momenta[lost] = walkers.crossing(positions[lost], own)
            words[lost] = [_words(rng) for rng in own]
            leaving[lost] = walkers.left(positions[lost], momenta[lost], words[lost])
        walkers.watch.meet()
        parts = self.ranks.gather((self.mine, positions, momenta, words, leaving))
        where, *columns = zip(*parts, strict=True)
        positions, momenta, words, leaving = (_joined(where, each) for each in columns)
        if np.isnan(leaving).any():
            raise UserError(
                f"{self.name}: from none of {TRIES} starts on the dividing surface does a molecule "
                "leave; choose a shorter [incidence] divide_A, nearer to the barrier"
            )
        umbrella = Umbrella.flat(self.table, self.walkers.chains.T_K)
        return Walk(1, 0, umbrella, np.zeros((0, 4)), positions, momenta, words, leaving, 0)

    def _round(self, walk: Walk) -> tuple[Walk, np.ndarray]:
        """The chains after one round, and what they tell of it."""
        mine, rows, points, taken = walk.some(self.mine), [], [], 0
        streams = self._streams(walk.rounds + 1)
        first = (walk.rounds - PILOT - SETTLE) * MOVES
        came = None
        for move in range(1, MOVES + 1):
            mine, accepted = moved(mine, self.walkers, streams)
            points.append(mine.leaving[:, :4])
            taken += int(accepted.sum())
            if first >= 0 and move % EVERY == 0:
                came = self.walkers.came(mine.positions, mine.momenta, mine.words ^ 1)
                rows.append(self._rows(mine, came, first + move))
        self.walkers.watch.meet()
        here = np.concatenate(rows) if rows else np.zeros(0, LEFT)
        parts = self.ranks.gather((self.mine, mine, here, np.concatenate(points), taken))
        where, walks, tables, every, counts = zip(*parts, strict=True)
        joined = {
            name: _joined(where, [getattr(each, name) for each in walks])
            for name in ("positions", "momenta", "words", "leaving")
        }
        after = replace(walk, rounds=walk.rounds + 1, **joined)
        if first >= 0:
            after = replace(after, accepted=walk.accepted + sum(counts))
        if walk.rounds < PILOT:
            after = after.having_seen(np.concatenate(every))
        table = np.concatenate(tables)
        return after, table[np.lexsort((table["chain"], table["move"]))]

    def _rows(self, mine: Walk, came: np.ndarray, move: int) -> np.ndarray:
        rows = np.zeros(len(came), LEFT)
        rows["point"], rows["move"], rows["came"] = self.point, move, came
        rows["chain"] = range(CHAINS)[self.mine]
        for name, values in zip(
            ("energy_eV", "v", "J", "lateral_eV"), mine.leaving.T, strict=False
        ):
            rows[name] = values
        return rows


def moved(
    walk: Walk, walkers: Walkers, streams: list[np.random.Generator]
) -> tuple[Walk, np.ndarray]:
    """Chains after one move, and which of them took it."""
    positions, momenta = walkers.moved(walk.positions, walk.momenta, streams)
    words = np.array([_words(rng) for rng in streams])
    leaving = walkers.left(positions, momenta, words)
    least = np.log([rng.random() for rng in streams])
    gain = walk.umbrella.log_weight(leaving) - walk.umbrella.log_weight(walk.leaving)
    taken = least < gain
    proposed = {"positions": positions, "momenta": momenta, "words": words, "leaving": leaving}
    return replace(
        walk,
        **{
            name: np.where(taken.reshape(-1, *[1] * (new.ndim - 1)), new, getattr(walk, name))
            for name, new in proposed.items()
        },
    ), taken


def _joined(where: Sequence[slice], parts: Sequence[np.ndarray]) -> np.ndarray:
    """Rows of all ranks, in the order of the chains."""
    whole = np.zeros((CHAINS, *parts[0].shape[1:]), parts[0].dtype)
    for place, part in zip(where, parts, strict=True):
        whole[place] = part
    return whole


def _words(rng: np.random.Generator) -> np.ndarray:
    """Three words of 32 bits that name the random numbers of a trajectory on its way."""
    return rng.integers(0, 2**32, 3)
