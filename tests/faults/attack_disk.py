"""Campaigns on disks that fill up, turn read-only or damage what they hold; as root.

Every failure must be one sentence and exit code 2, and once the disk is mended the same command
must end with the bits of a campaign that nothing befell. Every flipped bit and every missing byte
of a block must be found.
"""

import argparse
import json
import random
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from launches import Launch, known, output, run, same_bits
from processes import wait_until
from tiny_runs import write_tiny_input

from scatter import store
from scatter.results.read import read_results
from scatter.settings import UserError

CHANGES = {"sampling__trajectories": 150, "frames__trajectories": 1, "run__slots": 4}
ROOM = "64m"


class Mount:
    """A small file system in memory."""

    def __init__(self, folder, size):
        folder.mkdir()
        self.folder = folder
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)

    def remount(self, options):
        """Change its size, or its rights."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=True)


def one_sentence(ended, what):
    """The user's mistake or the disk's, as it must be said; which."""
    code, out, err = ended
    lines = [line for line in err.splitlines() if not line.startswith("Abort(")]
    assert code == 2, (what, code, out, err)
    assert "Traceback" not in out + err, (what, err)
    assert len(lines) == 1, (what, err)
    assert lines[0].startswith("scatter: "), (what, err)
    return lines[0]


def full(folder, whole, sizes):
    """Disks of growing size, each filled up by a campaign, then given room."""
    sentences = Counter()
    for size in sizes:
        with Mount(folder / f"full{size}", f"{size}k") as disk:
            path = write_tiny_input(folder, **CHANGES, run__output=str(disk.folder / "out"))
            launch = Launch(path, 2, folder)
            ended = launch.end()
            if ended[0] == 0:
                break
            said = one_sentence(ended, f"{size} kB")
            print(f"  {size:5d} kB: {said[:150]}")
            sentences[said.split("(")[0].split(": ")[-1][:40]] += 1
            disk.remount(f"size={ROOM}")
            rows = run_on(path, disk.folder / "out", folder)
            assert rows.tobytes() == whole.tobytes()
    return sentences


def run_on(path, out, folder):
    """Rows of the campaign once the same command has been given again."""
    ended = Launch(path, 1, folder).end()
    assert ended[0] == 0, ended
    return read_results(out)[1]


def read_only(folder, whole):
    """A disk that turns read-only in the midst of a campaign, and one that is from the start."""
    with Mount(folder / "ro", ROOM) as disk:
        path = write_tiny_input(folder, **CHANGES, run__output=str(disk.folder / "out"))
        launch = Launch(path, 2, folder)
        wait_until(lambda: store.block_files(disk.folder / "out"), launch.process)
        disk.remount("ro")
        print("  in the midst:", one_sentence(launch.end(), "read-only in the midst")[:150])
        print("  at the start:", one_sentence(Launch(path, 2, folder).end(), "read-only")[:150])
        disk.remount("rw")
        assert run_on(path, disk.folder / "out", folder).tobytes() == whole.tobytes()


def damage(folder, whole, times, chance):
    """Blocks with flipped bits and missing ends: each must be refused."""
    path = write_tiny_input(folder, **CHANGES)
    files = store.block_files(output(path))
    missed = 0
    for _ in range(times):
        file = chance.choice(files)
        content = file.read_bytes()
        if chance.random() < 0.5:
            wrong = content[: chance.randrange(len(content))]
        else:
            place, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
            wrong = content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]
        file.write_bytes(wrong)
        try:
            store.read_block(file)
            missed += 1
        except UserError:
            pass
        file.write_bytes(content)
    assert not missed, f"{missed} of {times} damages were not seen"
    assert same_bits(known(path), whole)


def main():
    """Attack; print what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--damages", type=int, default=2000)
    parser.add_argument("--step-kB", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = run(write_tiny_input(folder, **CHANGES), 2, folder)
        print(f"{chosen.damages} damaged blocks")
        damage(folder, whole, chosen.damages, random.Random(chosen.seed))
        print("a disk that turns read-only")
        read_only(folder, whole)
        print("full disks")
        sentences = full(folder, whole, range(8, 4000, chosen.step_kB))
        told = {"damages": chosen.damages, "full": sum(sentences.values())}
        print("every damage was found; every failure was one sentence, exit code 2, and the same "
              "command went on to the same bits")  # fmt: skip
        print(json.dumps({"attack": "disk", **told}))


if __name__ == "__main__":
    main()
