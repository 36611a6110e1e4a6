"""What documents show in a terminal: commands parse, and run, or a reason says why not.

A block that is not run stands under a comment `<!-- not run: REASON -->`, a reason of `REASONS`
that its own words must bear out. What a block that is run shows as output, it must print.
"""

import re
import shlex
import shutil

import numpy as np
import pytest
import typer
from test_docs import DOCUMENTS, ROOT
from tiny_runs import run_in, write_tiny_input
from typer.testing import CliRunner

from scatter import cli

BLOCK = re.compile(r"(?:<!-- not run: (.*?) -->\n)?```console\n(.*?)```", re.S)
FILE = r"[\w./-]+\.(?:toml|npz|csv|model|extxyz|yace)\b"


def missing(name):
    """Whether a file is the reader's: neither the repository nor an earlier command has it."""
    return not (ROOT / name).exists()


REASONS = {
    "installs": lambda text: re.search(
        r"pip |scripts/(run|test)|pre-commit|activate|\.ci/run|mkdocs", text
    ),
    "cluster": lambda text: re.search(r"mpirun -n \d\d|sbatch", text),
    "GPU": lambda text: "gpu" in text.lower(),
    "minutes": lambda text: re.search(r"inputs/|benchmarks/", text) or of_a_shipped_input(text),
    "your files": lambda text: any(missing(name) for name in re.findall(FILE, text)),
}


def of_a_shipped_input(text):
    runs = re.findall(r"runs/(\w+)", text)
    return any((ROOT / "inputs" / f"{name}.toml").is_file() for name in runs)


ALL = [
    pytest.param(path, *match.groups(), id=f"{path.stem}-{number}")
    for path in DOCUMENTS
    for number, match in enumerate(BLOCK.finditer(path.read_text(encoding="utf-8")))
]
RUN = [block for block in ALL if block.values[1] is None]


def commands(text):
    """The commands of a block, each in one line and without its comment."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            yield re.sub(r" +#.*", "", line[2:]).strip()


def words_of(command):
    """The words behind `scatter`, or None of a command of another program."""
    words = shlex.split(re.sub(r"^mpirun -n \d+ ", "", command))
    return words[1:] if words[0] == "scatter" else None


def test_there_are_blocks_of_both_kinds():
    assert len(ALL) > 40
    assert 7 < len(RUN) < len(ALL)


@pytest.mark.parametrize(("path", "reason", "text"), ALL)
def test_every_command_of_scatter_parses(path, reason, text):
    for words in filter(None, map(words_of, commands(text))):
        command = typer.main.get_command(cli.app)
        while words[0] in getattr(command, "commands", {}):
            command, words = command.commands[words[0]], words[1:]
        assert command.make_context(command.name, words).params, (path, words)


@pytest.mark.parametrize(("path", "reason", "text"), [b for b in ALL if b.values[1]])
def test_a_block_that_is_not_run_bears_out_the_reason(path, reason, text):
    assert REASONS[reason](text), (path, reason, text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with what commands before have made: campaigns, and measured curves."""
    here = tmp_path_factory.mktemp("reader")
    (here / "inputs").symlink_to(ROOT / "inputs")
    scans = {"h2_cu111": [0.4, 0.6, 0.8, 1.0, 1.2], "isotopes": [0.9], "polar": [0.7]}
    for name, energies in scans.items():
        there = here / name
        there.mkdir()
        write_tiny_input(
            there, incidence__energy_eV=energies, run__output=str(here / "runs" / name)
        )
        run_in(there)
    for name, made in {"v1": "h2_cu111", "mine": "h2_cu111", "teacher": "isotopes"}.items():
        shutil.copytree(here / "runs" / made, here / "runs" / name)
    (here / "my.npz").symlink_to(ROOT / "scatter" / "models" / "h2_cu.npz")
    (here / "experiment.csv").write_text("energy_eV,S0\n0.9,0.3\n1.2,0.6\n", encoding="utf-8")
    (here / "d2_tof.csv").write_text(flight_of_D2(), encoding="utf-8")
    return here


def flight_of_D2():
    """Counts of a simulated experiment: E0 = 0.55 eV, W = 0.16 eV, on a background of 20."""
    from scatter.analysis.flight import Detector, Flight

    time = np.linspace(8, 120, 113)
    flight = Flight(
        time, np.zeros_like(time), 4.028, 925.0, Detector(250.0, 10.0, counts="density")
    )
    shape = flight.shape(0.55, 0.16)
    counts = np.random.default_rng(1).poisson(20_000 * shape / shape.sum() + 20)
    lines = [f"{t:g},{n}" for t, n in zip(time, counts, strict=True)]
    return "\n".join(["time_us,counts", *lines]) + "\n"


@pytest.mark.parametrize(("path", "reason", "text"), RUN)
def test_a_block_runs_and_prints_what_it_shows(path, reason, text, folder, monkeypatch):
    monkeypatch.chdir(folder)
    printed = ""
    for command in commands(text):
        ended = CliRunner().invoke(cli.app, words_of(command))
        assert ended.exit_code == 0, (path, command, ended.output, ended.exception)
        printed += ended.output
    shown = [line for line in text.replace("\\\n", " ").splitlines() if not line.startswith("$ ")]
    for line in shown:
        assert " ".join(line.split()) in [" ".join(one.split()) for one in printed.splitlines()]
