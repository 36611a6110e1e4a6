"""Kill campaigns at random moments and in the midst of writing, and go on, until they are done.

After every kill each trajectory on the disk must have, to the bit, the row that it has in a
campaign that nobody disturbed; none may be lost; and so must the final table.
"""

import argparse
import json
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

from launches import Launch, known, output, run, same_bits
from tiny_runs import write_tiny_input

# Where a rank dies, and at the how manieth event at most.
PLACES = {"block": 12, "lock": 1, "manifest": 1, "slab": 1, "merge": 3, "figure": 1, "kernel": 3}
MOMENTS = ("rank", "all", "launcher")  # who is killed, at random moments
WARNINGS = {"SIGTERM": signal.SIGTERM, "SIGUSR1": signal.SIGUSR1, "SIGINT": signal.SIGINT}
FATES = (*MOMENTS, *PLACES, *WARNINGS)


class Attack:
    """One campaign after another, each disturbed until it is done."""

    def __init__(self, folder, trajectories, seed, tell=print):
        """Run the undisturbed campaign first.

        Args:
            folder: for all of them.
            trajectories: of a campaign, on two points.
            seed: of what is done when.
            tell: takes lines.
        """
        self.folder, self.chance, self.tell = folder, random.Random(seed), tell
        self.changes = {
            "sampling__trajectories": trajectories // 2,
            "frames__trajectories": 0,
            "run__slots": 4,  # few, so that it takes a while
        }
        self.campaigns, self.counts, self.slowest = 0, Counter(), 0.0
        self._input("undisturbed")
        run(self.path, 2, folder)  # compiles, and fills the cache of slabs
        self._input("again")
        began = time.monotonic()
        self.whole = run(self.path, 2, folder)
        self.span = time.monotonic() - began
        self._input("first")

    def _input(self, name):
        (self.folder / name).mkdir()
        self.path = write_tiny_input(self.folder / name, **self.changes)
        self.found = 0

    def disturb(self, fate):
        """Start or go on with the campaign, and disturb it; begin another where it is done."""
        ranks = self.chance.choice((1, 2, 3))
        code, err = self._end(fate, ranks)
        rows = known(self.path)
        assert same_bits(rows, self.whole), f"{fate}: rows of other bits"
        assert len(rows) >= self.found, f"{fate}: {self.found - len(rows)} trajectories are lost"
        self.found = len(rows)
        self.tell(
            f"{sum(self.counts.values()) + 1:4d}  {fate:9s} {ranks} rank(s)  "
            f"{len(rows):5d} of {len(self.whole)} kept  {err.strip().splitlines()[:1]}"
        )
        if code:
            self.counts[fate] += 1
        if code == 0 or len(rows) == len(self.whole):
            self.finish()

    def _end(self, fate, ranks):
        """Exit code and errors of a launch that meets its fate."""
        if fate in PLACES:
            return self._die(fate, ranks)
        launch = Launch(self.path, ranks, self.folder)
        self._wait(launch)
        number, whom = WARNINGS.get(fate, signal.SIGKILL), [launch.process.pid]
        if fate == "rank" or (fate in WARNINGS and self.chance.random() < 0.5):
            whom = self.chance.sample(launch.ranks(), 1) if launch.ranks() else []
        if fate == "all":
            whom = launch.everyone()
        launch.kill(whom, number)
        sent = time.monotonic()
        code, _, err = launch.end()
        if fate in WARNINGS and code:
            self.slowest = max(self.slowest, time.monotonic() - sent)
            self._warned(code, err)
        return code, err

    def _wait(self, launch):
        """A random moment: of the whole launch, or after its first trajectories have been kept."""
        if self.chance.random() < 0.5:
            time.sleep(self.chance.random() * self.span)
            return
        while launch.process.poll() is None and len(known(self.path)) <= self.found:
            time.sleep(0.05)
        time.sleep(self.chance.random())

    def _warned(self, code, err):
        """A warning is answered by one sentence and exit code 130, where it could be heard."""
        if code in (130, 130 - 256):
            assert "and the same command" in err, err
            assert "Traceback" not in err, err

    def _die(self, place, ranks):
        """A launch of which one rank kills itself at a place."""
        more = {}
        if place in ("slab", "kernel"):
            more["SCATTER_CACHE"] = tempfile.mkdtemp(dir=self.folder)
        if place == "kernel":
            more["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(dir=self.folder)
        rank = 0 if place != "block" else self.chance.randrange(ranks)
        when = self.chance.randint(1, PLACES[place])
        if place == "merge":  # where there is something to be merged
            assert Launch(self.path, ranks, self.folder).end()[0] == 0
        code, _, err = Launch(self.path, ranks, self.folder, (place, when, rank), **more).end()
        assert "Traceback" not in err, err
        if place == "slab":  # what was left in the cache must not mislead the next
            assert Launch(self.path, ranks, self.folder, **more).end()[0] == 0
        return code, err

    def _finished(self):
        """The campaign is done: its table must be that of the undisturbed one. Begin another."""
        from scatter.results.read import read_results

        rows = read_results(output(self.path))[1]
        assert rows.tobytes() == self.whole.tobytes(), "the final table has other bits"
        leftovers = [path for path in output(self.path).glob("**/.*.part")]
        assert not (output(self.path) / "lock").exists()
        self.campaigns += 1
        self.tell(f"      campaign {self.campaigns} done: same bits ({len(leftovers)} leftovers)")
        self._input(f"campaign {self.campaigns}")

    def finish(self):
        """Let the campaign be done undisturbed."""
        code, _, err = Launch(self.path, 2, self.folder).end()
        assert code == 0, err
        self._finished()


def main():
    """Attack as long as asked for; print what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--trajectories", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        attack = Attack(Path(folder), chosen.trajectories, chosen.seed)
        print(f"undisturbed: {len(attack.whole)} trajectories in {attack.span:.1f} s on two ranks")
        while sum(attack.counts.values()) < chosen.kills:
            # every fate comes in turn, so that none is left out by chance
            attack.disturb(FATES[sum(attack.counts.values()) % len(FATES)])
        attack.finish()
        print(f"{chosen.kills} kills and warnings over {attack.campaigns} campaigns, "
              f"every row of the same bits, none lost; slowest end after a warning "
              f"{attack.slowest:.1f} s")  # fmt: skip
        print(json.dumps({"attack": "kill", **attack.counts}))


if __name__ == "__main__":
    main()
