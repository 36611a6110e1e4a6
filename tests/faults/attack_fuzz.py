"""The full attack on all that reads: `python tests/faults/attack_fuzz.py --inputs 100000`.

Each target runs in a process of its own, under a limit of memory, with an alarm for each input, so
that a hang, a fault of a library or a blow-up is a finding like any other. With `atheris` (extra
`attack`) and `--guided`, the inputs are led by the coverage of our code and of ASE's readers.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

MEMORY = 6 * 2**30  # address space of a target, bytes
PER_INPUT_S = 20  # of its own processor time
SHARES = {"results.h5": 0.02, "command line": 0.05, "potential": 0.5, "model": 0.3, "cache": 0.5,
          "toml": 2.0, "frames": 2.0}  # fmt: skip
KEPT = 20  # findings that are told in full
ROOM = Path(__file__).parent
ARGUMENTS = "command line"
UNGUIDED = (ARGUMENTS, "results.h5", "model", "potential", "cache")  # slow, or all in C


class TooLong(BaseException):
    """An input has used up its time."""


@dataclass
class Record:
    """What became of one target."""

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    broken: int = 0
    slowest_s: float = 0.0
    peak_MiB: float = 0.0
    findings: dict[str, str] = field(default_factory=dict)

    def add(self, told: dict[str, Any]) -> None:
        """Take in what a worker has said."""
        for name in ("inputs", "accepted", "refused", "broken"):
            setattr(self, name, getattr(self, name) + told[name])
        for name in ("slowest_s", "peak_MiB"):
            setattr(self, name, max(getattr(self, name), told[name]))
        self.findings |= told["findings"]


# The worker: one target


def limit() -> None:
    """Bound the memory of this process, and make its alarm an exception."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def too_long(*_: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, too_long)
    warnings.simplefilter("ignore")


def attempt(record: Record, number: str, judge: Callable[[], bool]) -> None:
    """Try one input and write down how it went."""
    began = time.process_time()
    record.inputs += 1
    signal.setitimer(signal.ITIMER_PROF, PER_INPUT_S)
    try:
        accepted = judge()
        record.accepted += accepted
        record.refused += not accepted
    except (Exception, TooLong) as error:
        record.broken += 1
        place = traceback.extract_tb(error.__traceback__)[-1]
        name = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        record.findings.setdefault(name, f"input {number}: {str(error)[:300]}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    record.slowest_s = max(record.slowest_s, time.process_time() - began)
    record.peak_MiB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(record: Record, at: int) -> None:
    """Hand over what was found since the last time, and how far it went."""
    print(json.dumps({**vars(record), "at": at}), flush=True)


def judge_of(name: str, folder: Path) -> tuple[Callable[[Random], bool], Callable[[bytes], bool]]:
    """The law of a target, for an input made of random numbers and for one of given bytes."""
    if name == ARGUMENTS:
        from fuzz_arguments import arguments, broken, furnish

        furnish(folder)

        def typed(rng: Random) -> bool:
            words = arguments(rng)
            if wrong := broken(words, folder):
                raise AssertionError(f"{words}: {wrong}")
            return False

        return typed, lambda content: typed(Random(content))
    from fuzz_targets import TARGETS, made, obeys, put

    target = TARGETS[name]
    seeds = target.seeds()
    return (
        lambda rng: obeys(target, put(target, folder, made(target, seeds, rng))),
        lambda content: obeys(target, put(target, folder, content)),
    )


def worker(name: str, first: int, last: int, seed: int) -> None:
    """Try the inputs from one number to another."""
    limit()
    with TemporaryDirectory() as place:
        judge, _ = judge_of(name, Path(place))
        record, told = Record(), time.monotonic()
        for number in range(first, last):
            rng = Random(f"{seed} {name} {number}")
            attempt(record, str(number), lambda rng=rng: judge(rng))
            if time.monotonic() - told > 1 or number == last - 1:
                say(record, number + 1)
                record, told = Record(), time.monotonic()


def lead(name: str, first: int, last: int, seed: int) -> None:
    """Let the coverage of our code and of what parses for it choose the inputs (libFuzzer)."""
    import atheris

    with atheris.instrument_imports(
        include=["scatter", "tomllib", "ase.io", "numpy.lib", "zipfile"]
    ):
        import fuzz_targets
    limit()
    with TemporaryDirectory() as place:
        corpus = Path(place) / "corpus"
        corpus.mkdir()
        for number, content in enumerate(fuzz_targets.TARGETS[name].seeds()):
            (corpus / str(number)).write_bytes(content)
        _, judge = judge_of(name, Path(place))
        record, told = Record(), [time.monotonic(), first]

        def one(content: bytes) -> None:
            nonlocal record
            told[1] += 1
            attempt(record, f"{told[1]} (guided)", lambda: judge(content))
            if time.monotonic() - told[0] > 1 or told[1] == last:
                say(record, told[1])
                record, told[0] = Record(), time.monotonic()

        runs = [f"-runs={last - first}", f"-seed={seed + 1}", "-rss_limit_mb=0", "-max_len=20000"]
        atheris.Setup(
            [sys.argv[0], *runs, "-verbosity=0", "-print_final_stats=0", str(corpus)], one
        )
        atheris.Fuzz()


# The one who watches


def watched(name: str, count: int, seed: int, until: float, guided: bool) -> Record:
    """Have a target tried in processes of its own, a new one after each that died or hung."""
    record, at = Record(), 0
    while at < count and time.monotonic() < until:
        command = [sys.executable, __file__, "--target", name, "--seed", str(seed),
                   "--from", str(at), "--inputs", str(count)]  # fmt: skip
        command += ["--guided"] if guided else []
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOM
        ) as running:
            reached, ending = followed(running, record, at, until)
        if reached >= count or ending == "no time left":
            break
        record.broken += 1
        record.findings[f"the process {ending}"] = f"about input {reached}"
        at = reached + 1
    return record


def followed(running: subprocess.Popen, record: Record, at: int, until: float) -> tuple[int, str]:
    """Listen to a worker; answer how far it came, and how it ended."""
    assert running.stdout is not None
    assert running.stderr is not None
    os.set_blocking(running.stderr.fileno(), False)
    patience = threading.Timer(max(1.0, until - time.monotonic()), running.kill)
    patience.start()
    for line in running.stdout:
        if line.startswith("{"):
            told = json.loads(line)
            at = told.pop("at")
            record.add(told)
    patience.cancel()
    code = running.wait()
    if time.monotonic() >= until:
        return at, "no time left"
    last = (running.stderr.read() or "").strip().splitlines()[-1:]
    return at, f"ended with {code} {' '.join(last)}"


def table(records: dict[str, Record]) -> str:
    """One line for each target."""
    head = ("target", "inputs", "accepted", "refused", "tracebacks", "slowest s", "peak MiB")
    lines = [f"{head[0]:16}" + "".join(f"{word:>11}" for word in head[1:])]
    total = Record()
    for name, one in [*records.items(), ("all", total)]:
        lines.append(
            f"{name:16}{one.inputs:11,}{one.accepted:11,}{one.refused:11,}{one.broken:11,}"
            f"{one.slowest_s:11.2f}{one.peak_MiB:11.0f}"
        )
        total.add({**vars(one), "findings": {}}) if one is not total else None
    return "\n".join(lines)


def main(words: list[str] | None = None) -> int:
    """Attack every reader; answer 0 if all obeyed."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--inputs", type=int, default=100_000, help="in all")
    ask.add_argument("--seconds", type=float, default=3600.0, help="at most, in all")
    ask.add_argument("--seed", type=int, default=0)
    ask.add_argument("--guided", action="store_true", help="led by coverage (needs atheris)")
    ask.add_argument("--only", action="append", help="a target; may be repeated")
    ask.add_argument("--target", help=argparse.SUPPRESS)
    ask.add_argument("--from", type=int, default=0, dest="first", help=argparse.SUPPRESS)
    asked = ask.parse_args(words)
    if asked.target:
        (lead if asked.guided else worker)(asked.target, asked.first, asked.inputs, asked.seed)
        return 0
    records = attack(asked)
    print(table(records))
    for name, record in records.items():
        for where, what in [*record.findings.items()][:KEPT]:
            print(f"{name}: {where}: {what}")
    return 1 if any(record.broken for record in records.values()) else 0


def attack(asked: argparse.Namespace) -> dict[str, Record]:
    """Try all targets, one after another, each with its share of the inputs and of the time."""
    from fuzz_targets import TARGETS

    names = [name for name in (*TARGETS, ARGUMENTS) if not asked.only or name in asked.only]
    if asked.guided:
        names = [name for name in names if name not in UNGUIDED]
    shares = {name: SHARES.get(name, 1.0) for name in names}
    end, records = time.monotonic() + asked.seconds, {}
    for place, name in enumerate(names):
        count = max(20, round(asked.inputs * shares[name] / sum(shares.values())))
        now = time.monotonic()
        until = now + (end - now) / (len(names) - place) * 3
        records[name] = one = watched(name, count, asked.seed, min(until, end), asked.guided)
        print(f"{name}: {one.inputs:,} of {count:,} inputs, {one.broken} broke the law", flush=True)
    return records


if __name__ == "__main__":
    sys.exit(main())
