"""Sixteen ranks on however few cores: do they finish, share, agree, and end together?"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from launches import Launch, output, run
from tiny_runs import write_tiny_input

from scatter import store

CHANGES = {"frames__trajectories": 0, "run__slots": 4}
LEAST = 0.2  # of the even share, for the least busy rank
MOST_S = 10.0  # from an error of one rank to the end of all


def shared(path):
    """How many trajectories each rank ran."""
    found = Counter()
    for file in store.block_files(output(path)):
        found[file.name.split("-")[1]] += len(store.read_block(file))
    return found


def raised(path, ranks, folder):
    """Seconds from an error on one rank to the end of all."""
    launch = Launch(path, ranks, folder, ("raise", 5, ranks // 2))
    code, _, err = launch.end()
    ended = time.time()
    assert code not in (0, -9), (code, err)
    said = [line for line in err.splitlines() if not line.startswith("Abort(")]
    assert said[0].startswith("Traceback"), err
    assert sum(line.startswith("Traceback") for line in said) == 1, err
    (last,) = (line for line in said if line.startswith("ZeroDivisionError"))
    span = ended - float(last.rpartition("at ")[2])  # it says when it was raised
    assert span < MOST_S, span
    return span


def agree(folder, ranks, inputs):
    """Run on one rank and on many; the rows of both, and the shares of the many."""
    whole = run(inputs[0], 1, folder)
    began = time.monotonic()
    rows = run(inputs[1], ranks, folder)
    span = time.monotonic() - began
    assert rows.tobytes() == whole.tobytes(), "the ranks do not agree"
    counts = shared(inputs[1])
    mean = len(rows) / ranks
    least, most = min(counts.values()) / mean, max(counts.values()) / mean
    print(
        f"{ranks} ranks on {len(os.sched_getaffinity(0))} cores: {len(rows)} trajectories in "
        f"{span:.0f} s, the bits of one rank; of the even share of {mean:.0f} the least busy rank "
        f"ran {least:.2f}, the busiest {most:.2f}"
    )
    assert len(counts) == ranks
    assert least > LEAST
    return whole, least, most


def main():
    """Attack; print what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, default=16)
    parser.add_argument("--trajectories", type=int, default=4000)
    chosen = parser.parse_args()
    changes = CHANGES | {"sampling__trajectories": chosen.trajectories // 2}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = []
        for part in ("alone", "many", "raising"):
            (folder / part).mkdir()
            inputs.append(write_tiny_input(folder / part, **changes))
        whole, least, most = agree(folder, chosen.ranks, inputs)
        until = raised(inputs[2], chosen.ranks, folder)
        print(f"one rank raised an error: all had ended {until:.1f} s later, with one message")
        assert run(inputs[2], 2, folder).tobytes() == whole.tobytes()
        told = {"ranks": chosen.ranks, "least": least, "most": most, "abort_s": until}
        print(json.dumps({"attack": "ranks", **told}))


if __name__ == "__main__":
    main()
