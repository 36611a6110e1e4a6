import json
import re
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read, write
from processes import begun, finished, outcome, wait_until

import scatter
from scatter import cli, store
from scatter.potentials.analytic import WX, Analytic, W
from scatter.units import K

SCATTER = str(Path(sys.executable).with_name("scatter"))
VERBS = [
    "run",
    "prepare",
    "products",
    "collect",
    "status",
    "inspect",
    "committee",
    "compare",
    "converge",
    "analyse",
    "plot",
    "export",
    "levels",
    "slab",
    "evaluate",
    "convert",
    "average",
    "bench",
    "report",
    "distil",
    "finetune",
    "sample",
    "select",
    "validate",
    "init",
    "watch",
    "zero-point",
]


@pytest.fixture
def command(monkeypatch, capsys):
    """A function that runs the command line and answers exit code, output and errors."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["scatter", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        code = end.value.code
        return 0 if code is None else code, *capsys.readouterr()

    return call


@pytest.mark.parametrize("arguments", [["--help"], *([verb, "--help"] for verb in VERBS)])
def test_every_verb_explains_itself(command, arguments):
    code, out, err = command(*arguments)
    assert (code, err) == (0, "")
    assert "Usage: scatter" in out


def test_every_verb_is_in_the_help(command):
    _, out, _ = command("--help")
    assert all(re.search(rf"\b{verb}\b", out) for verb in VERBS)
    assert {one.callback.__name__.replace("_", "-") for one in cli.app.registered_commands} == {
        *VERBS
    }


def test_help_and_the_engine_do_without_torch(write_tiny, tmp_path):
    path = write_tiny(tmp_path, sampling__trajectories=1)
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(name, path, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'mace'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent)\n"
        "from scatter.cli import main\n"
        f"sys.argv = ['scatter', 'run', {str(path)!r}]\n"
        "main()"
    )
    ended = finished([sys.executable, "-c", program])
    assert (ended.returncode, ended.stderr) == (0, "")
    program = program.replace("['scatter', 'run'", "['scatter', '--help'").replace(
        "main()", "import atexit\natexit.register(lambda: print(*sys.modules))\nmain()"
    )
    ended = finished([sys.executable, "-c", program])
    assert ended.returncode == 0
    loaded = set(ended.stdout.splitlines()[-1].split())
    assert "scatter.cli" in loaded
    assert not loaded & {
        *("numba", "h5py", "matplotlib", "scipy", "ase", "mpi4py.MPI", "numpy", "pydantic"),
    }


def test_the_version_is_said(command):
    assert command("--version") == (0, f"scatter {scatter.__version__}\n", "")


def test_a_campaign_is_run_from_the_command_line_and_says_where_its_results_are(
    write_tiny, undisturbed, tmp_path
):
    path = write_tiny(tmp_path, sampling__trajectories=2)
    ended = finished([SCATTER, "run", path], cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"table:  {tmp_path}/out/sticking.csv" in ended.stdout
    assert f"figure: {tmp_path}/out/sticking.png" in ended.stdout
    assert "analytic LEPS potential for H2 on copper (qualitative)" in ended.stdout
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == {
        "campaign.json", "blocks", "frames", "results.h5", "sticking.csv", "sticking.png",
        "sticking.pdf",
    }  # fmt: skip


def refused(command, *arguments):
    """The one line that a refusal is."""
    code, out, err = command(*arguments)
    assert code == 2
    assert err.startswith("scatter: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"molecule__v": 40}, "v = 40"),
        ({"molecule__formula": "N2"}, "formula = 'N2': the potential"),
        ({"surface__vacuum_A": 9.0}, "vacuum_A = 9"),
        ({"surface__element": "Ni"}, "Ni"),
        ({"potential__kind": "mace", "potential__file": "no.model"}, "no.model"),
        ({"run__slots": 0}, "slots = 0"),
        ({"sampling__trajectory": 5}, "did you mean 'trajectories'?"),
    ],
)
def test_a_bad_input_is_one_line_with_exit_code_2_and_nothing_is_written(
    command, write_tiny, tmp_path, changes, sentence
):
    path = write_tiny(tmp_path, run__output=str(tmp_path / "runs" / "new"), **changes)
    assert sentence in refused(command, "run", path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["in.toml"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "none.toml"], "none.toml: there is no such file"),
        (["slab", "none.toml"], "none.toml: there is no such file"),
        (["status", "none"], "none: no campaign was run there"),
        (["analyse", "none"], "there is no such file"),
        (["plot", "none"], "there is no such file"),
        (["export", "none"], "there is no such file"),
        (["export", "none", "--format", "xlsx"], "--format xlsx: is not known"),
        (["levels", "H3"], "H3"),
        (["levels", "H2O", "--v", "1"], "--v applies to a diatomic only"),
        (["levels", "HD", "--points", "9"], "--points applies to a polyatomic only"),
        (["levels", "N2", "-p", "analytic"], "N"),
        (["levels", "H2", "-p", "none.model"], "'none.model': there is no such file"),
        (["evaluate", "analytic", "none.xyz", "--output", "out.xyz"], "none.xyz: there is no"),
        (["sample", "none.toml"], "none.toml: there is no such file"),
        (["select", "none", "--output", "set"], "none: there is no such file or folder"),
        (["validate", "analytic", "--against", "none.xyz"], "none.xyz: there is no such file"),
        (
            ["validate", "analytic", "--against", "analytic", "--no-properties"],
            "nothing to compare",
        ),
        (["validate", "none", "more", "--against", "none.xyz"], "more: validate takes one"),
    ],
)
def test_every_verb_refuses_what_is_not_there(command, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(command, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_word_that_is_no_option_is_a_mistake_of_usage(command):
    code, _, err = command("run", "--fast", "in.toml")
    assert code == 2
    assert "No such option: --fast" in err


def test_an_error_of_the_program_keeps_its_traceback(command, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("scatter.campaign.run.run", broken)
    code, _, err = command("run", "in.toml")
    assert code == 1
    assert "Traceback" in err
    assert "ZeroDivisionError: a bug" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_an_interrupted_campaign_says_how_to_go_on_and_gives_its_lock_back(
    write_tiny, tmp_path, number
):
    path = write_tiny(tmp_path, sampling__trajectories=2000, run__slots=2)
    running = begun([SCATTER, "run", path])
    wait_until(lambda: store.block_files(tmp_path / "out"), running)
    running.send_signal(number)
    _, err = outcome(running, 30)
    assert running.returncode == 130, err
    assert re.fullmatch(
        rf"scatter: stopped \({number.name}\) when \d+ of 4,000 trajectories had ended; all of "
        r"them are written, and the same command runs the rest\n",
        err,
    )
    assert not (tmp_path / "out" / "lock").exists()


def test_levels_as_json_are_those_of_the_morse_curve(command):
    code, out, _ = command("levels", "H2", "-p", "analytic", "--v", "3", "--j", "1", "--json")
    assert code == 0
    levels = {(row["v"], row["J"]): row for row in json.loads(out)}
    assert len(levels) == 8
    for v in range(4):
        energy = W * (v + 0.5) - WX * (v + 0.5) ** 2
        assert levels[v, 0]["energy_eV"] == pytest.approx(energy, abs=1e-6)
        assert levels[v, 0]["spacing_eV"] == pytest.approx(energy - W / 2 + WX / 4, abs=1e-6)
        assert 0.01 < levels[v, 1]["energy_eV"] - energy < 0.016
        assert levels[v, 0]["inner_A"] < 0.74144 < levels[v, 0]["outer_A"]


def test_levels_are_printed_as_a_table_that_states_its_convention(command):
    _, out, _ = command("levels", "D2", "-p", "analytic", "--v", "0", "--j", "2")
    assert "D2 on analytic LEPS" in out
    assert "L² = J(J+1) ħ²" in out
    assert len(out.splitlines()) == 5
    _, langer, _ = command("levels", "D2", "-p", "analytic", "--v", "0", "--j", "2", "--langer")
    assert "L² = (J+1/2)² ħ²" in langer


def test_modes_and_levels_of_a_polyatomic_are_printed_in_80_columns(command, tmp_path, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path))
    monkeypatch.setattr("scatter.initial.pools.switched", lambda *given: given[2:4])
    told = ("levels", "H2O", "-p", "ase:bonded_molecules:water_potential", "--points", "4")
    code, out, _ = command(*told)
    assert code == 0
    assert "H2O on bonds and angles\nasymmetric top, moments of inertia" in out
    assert "zero-point energy, harmonic: 0.562429 eV" in out
    assert max(map(len, out.splitlines())) <= 80
    whole = json.loads(command(*told, "--json")[1])
    assert [row["mode"] for row in whole["modes"]] == [1, 2, 3]
    assert [row["quanta"] for row in whole["states"]] == [[0, 0, 0], *np.eye(3, dtype=int).tolist()]
    assert whole["states"][0]["spacing_eV"] == 0


def test_structures_are_evaluated_into_a_file_that_ase_reads(command, tmp_path):
    structures, output = tmp_path / "in.extxyz", tmp_path / "out.extxyz"
    frames = [bulk("Cu", a=a, cubic=True) * (2, 2, 2) for a in (3.55, 3.65)]
    frames[1].rattle(0.05, seed=1)
    write(structures, frames)
    code, out, _ = command("evaluate", "analytic", structures, "--output", output)
    assert code == 0
    assert "2 frames" in out
    for frame in read(output, ":"):
        assert -4 < frame.get_potential_energy() / len(frame) < -3
        assert np.abs(frame.get_forces().sum(axis=0)).max() < 1e-6
        assert frame.info["potential_sha256"] == Analytic().identity
    assert "already exists" in refused(
        command, "evaluate", "analytic", structures, "--output", output
    )


def test_the_slabs_of_an_input_are_written_with_their_checks(command, write_tiny, tmp_path):
    path = write_tiny(tmp_path)
    code, out, _ = command("slab", path, "--output", tmp_path / "slabs")
    assert code == 0
    assert "temperature" in out
    assert "expected" in out
    frames = read(tmp_path / "slabs" / "slab_111_600K.extxyz", ":")
    assert len(frames) == 8
    for frame in frames:
        assert len(frame) == 16
        assert not frame.get_momenta()[:8].any()
    kinetic = [frame.get_kinetic_energy() / (1.5 * K * 8) for frame in frames]
    assert np.mean(kinetic) == pytest.approx(600, rel=0.3)
    assert not (tmp_path / "out").exists()


def test_table_and_figure_are_redone_from_the_command_line(command, undisturbed, tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    shutil.copy(undisturbed / "results.h5", folder)
    code, out, _ = command("analyse", folder)
    assert code == 0
    assert f"table:  {folder}/sticking.csv" in out
    code, out, _ = command("plot", folder, "--overlay", undisturbed / "sticking.csv")
    assert (code, out) == (0, f"figure: {folder}/sticking.png\n")


def test_the_status_is_said_on_the_command_line(command, undisturbed, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(undisturbed, folder)
    code, out, _ = command("status", folder)
    assert code == 0
    assert "24 trajectories at 2 points" in out
    assert "no process is writing to it" in out


def test_processes_that_cannot_see_one_another_are_refused(command, undisturbed, monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    line = refused(command, "run", undisturbed.parent / "in.toml")
    assert "Open MPI started 4 processes (OMPI_COMM_WORLD_SIZE = 4), but each sees itself" in line


def test_one_process_works_the_same_where_mpi_cannot_be_loaded(write_tiny, undisturbed, tmp_path):
    path = write_tiny(tmp_path)
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'mpi4py':\n"
        "            raise ImportError('no MPI library')\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from scatter.cli import main\n"
        f"sys.argv = ['scatter', 'run', {str(path)!r}]\n"
        "main()"
    )
    ended = finished([sys.executable, "-c", program])
    assert (ended.returncode, ended.stderr) == (0, "")
    from scatter.results.read import read_results

    rows = [read_results(folder)[1] for folder in (tmp_path / "out", undisturbed)]
    assert rows[0].tobytes() == rows[1].tobytes()


def test_a_potential_is_validated_from_the_command_line(command, tmp_path, monkeypatch):
    monkeypatch.setattr("scatter.campaign.bench.ENOUGH_S", 0.0)
    frames = [bulk("Cu", a=3.65, cubic=True) for _ in range(3)]
    for seed, frame in enumerate(frames):
        frame.rattle(0.05, seed=seed)
    write(tmp_path / "in.extxyz", frames)
    labels, folder = tmp_path / "labels.extxyz", tmp_path / "new" / "validation"
    command("evaluate", "analytic", tmp_path / "in.extxyz", "--output", labels)
    code, out, err = command(
        "validate", "analytic", "--against", labels, "--no-properties", "--molecule", "Cu",
        "--output", folder,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "F_Cu (meV/Å)" in out
    assert f"report: {folder}/report.md" in out
    assert {path.name for path in folder.iterdir()} == {
        "report.md", "validation.json", "errors.json", "parity.png", "parity.pdf",
    }  # fmt: skip
