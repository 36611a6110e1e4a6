"""A million trajectories through the whole engine on two ranks.

The analytic potential, a small slab and long steps: what is tried is the engine, not the physics.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

from launches import BIN, Launch, environment, output
from tiny_runs import write_tiny_input

from scatter import store

CHANGES = {
    "frames__trajectories": 0,
    "run__slots": 128,
    "incidence__energy_eV": [0.9, 1.2, 1.5, 2.0],
    "dynamics__timestep_fs": 1.0,
}
MOST_GROWTH = 0.15  # of a rank's memory, from a tenth of the way on


def memory(pid):
    """Resident memory of a process now, and at its worst, MB."""
    try:
        lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
    return float(found.get("VmRSS", 0)) / 1000, float(found.get("VmHWM", 0)) / 1000


def watched(launch, path, total):
    """Memory of every rank (now, worst) each few seconds: (fraction done, {pid: MB})."""
    seen = []
    blocks, done = 0, 0
    while launch.process.poll() is None:
        files = store.block_files(output(path))
        done += sum(
            len(store.read_block(file)) for file in files[blocks:]
        )  # by rank, so an estimate
        blocks = len(files)
        seen.append((time.monotonic(), done / total, {pid: memory(pid) for pid in launch.ranks()}))
        if len(seen) % 20 == 1:
            held = ", ".join(f"{now:.0f} MB" for now, _ in seen[-1][2].values())
            print(f"  {done:9,d} trajectories; {held}", flush=True)
        time.sleep(3)
    return seen


def timed(folder, *command):
    """Seconds and worst memory (MB) of a verb."""
    began = time.monotonic()
    program = ["/usr/bin/env", "python3", "-c", MEASURED, BIN / "scatter", *command]
    ended = subprocess.run(program, capture_output=True, text=True, env=environment(folder))
    assert ended.returncode == 0, ended.stderr
    return time.monotonic() - began, int(ended.stderr.splitlines()[-1]) / 1000


MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def campaign(folder, trajectories, ranks):
    """Run it and watch; what was measured."""
    path = write_tiny_input(folder, sampling__trajectories=trajectories // 4, **CHANGES)
    text = path.read_text().replace("[dynamics]", "[dynamics]\nenergy_tolerance_eV = 2.0")
    path.write_text(text)
    launch = Launch(path, ranks, folder)
    seen = watched(launch, path, trajectories)
    code, out, err = launch.end()
    assert code == 0, err
    print(out.strip())
    running = [held for _, part, held in seen if 0.1 < part < 0.99 and held]
    growth = max(held[pid][0] / running[0][pid][0] for held in running for pid in held) - 1
    return {
        "trajectories": trajectories,
        "growth": growth,
        "worst_MB": max(high for _, _, held in seen for _, high in held.values()),
        "results_MB": (output(path) / "results.h5").stat().st_size / 1e6,
        "blocks": len(store.block_files(output(path))),
    }


def main():
    """Attack; print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trajectories", type=int, default=1_000_000)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="to keep it, or to go on in it")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.folder or Path(name)
        folder.mkdir(exist_ok=True)
        told = campaign(folder, chosen.trajectories, chosen.ranks)
        print(
            f"memory of a rank grew by {told['growth']:.1%} from a tenth of the way to the end; at "
            f"worst {told['worst_MB']:.0f} MB, merge and figure included; results.h5 has "
            f"{told['results_MB']:.0f} MB from {told['blocks']} blocks"
        )
        for verb in (("status",), ("status", "--check"), ("analyse",)):
            span, held = timed(folder, verb[0], folder / "out", *verb[1:])
            print(f"scatter {' '.join(verb)}: {span:.1f} s, {held:.0f} MB")
            told[" ".join(verb)] = span
        print(json.dumps({"attack": "load", **told}))
        assert told["growth"] < MOST_GROWTH


if __name__ == "__main__":
    main()
