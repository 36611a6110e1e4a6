"""Files that were made to do harm: none runs code, none reads elsewhere, none fills the memory.

A canary is a file that the code in a hostile one would make; a secret is one that it would read.
"""

import io
import os
import pickle
import struct
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase.build import bulk, fcc111
from ase.io import write
from fuzz_targets import MANIFEST_INPUT, block_of, npz, results_file, small_potential
from processes import finished

from scatter import foreign, store
from scatter.analysis import read_curve
from scatter.config import parse
from scatter.initial.slab import build
from scatter.initial.snapshots import load_snapshots
from scatter.initial.surface import Surface
from scatter.mace.file import FoldedMace
from scatter.mace.training.train import claim
from scatter.potentials.evaluate import evaluate
from scatter.potentials.table import potential_from_name
from scatter.results.read import read_results
from scatter.settings import UserError
from scatter.structures import read_frames

SCATTER = str(Path(sys.executable).with_name("scatter"))


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.mknod, (str(self.canary),)


@pytest.fixture
def canary(tmp_path):
    return tmp_path / "canary"


@pytest.fixture
def folder(tmp_path):
    """A campaign's folder with sound results."""
    (tmp_path / "results.h5").write_bytes(results_file())
    return tmp_path


def test_a_pickle_in_the_place_of_a_potential_is_not_run(tmp_path, canary):
    pickle.loads(pickle.dumps(Bomb(canary)))
    canary.unlink()  # the bomb works
    for name in ("some.npz", "some.model"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb(canary)))
        with pytest.raises(UserError):
            potential_from_name(str(tmp_path / name))
    assert not canary.exists()


def test_an_array_of_objects_in_a_potential_is_not_unpickled(tmp_path, canary):
    whole = {**small_potential(), "cutoff": np.array([Bomb(canary)], object)}
    (tmp_path / "some.npz").write_bytes(npz(**whole))
    with pytest.raises(UserError, match="Python objects"):
        FoldedMace.read(tmp_path / "some.npz")
    assert not canary.exists()


def test_an_array_of_objects_in_a_block_or_the_cache_is_not_unpickled(
    tmp_path, canary, monkeypatch
):
    stream = io.BytesIO()
    np.save(stream, np.array([Bomb(canary)], object))
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks/0.block").write_bytes(block_of(stream.getvalue()))
    with pytest.raises(UserError, match="damaged .*Python objects"):
        store.trajectories(tmp_path)
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path))
    (tmp_path / "key.npz").write_bytes(npz(checksum=np.array("0"), x=np.array([Bomb(canary)])))
    assert load_snapshots("key") is None
    assert not canary.exists()


@pytest.mark.parametrize("name", ["../evil.npy", "/tmp/evil.npy", "a/b.npy", "a\\b.npy", "c:.npy"])
def test_a_member_of_an_archive_whose_name_leads_elsewhere_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "some.npz", "w") as whole:
        whole.writestr(name, b"")
    with pytest.raises(UserError, match="not the name of an array"):
        foreign.arrays(tmp_path / "some.npz")


def claiming(shape, descr="<f8"):
    """A `.npy` that claims a shape and holds eight bytes."""
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(8)


@pytest.mark.parametrize("shape", ["(1000000000000,)", "(1000000, 1000000)", "(-1,)", "(True,)"])
def test_an_array_that_claims_more_than_it_holds_is_refused_before_memory_is_asked_for(
    tmp_path, shape
):
    with zipfile.ZipFile(tmp_path / "some.npz", "w") as whole:
        whole.writestr("version.npy", claiming(shape))
    with pytest.raises(UserError, match=r"header announces|no shape"):
        foreign.arrays(tmp_path / "some.npz")


def test_a_trillion_elements_of_no_size_are_refused(tmp_path):
    content = claiming("(1000000000000,)", "|S0")[:-8]
    with pytest.raises(ValueError, match="no size"):
        foreign.array(io.BytesIO(content), len(content))


def test_an_archive_that_unfolds_to_gigabytes_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "some.npz", "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("version.npy", bytes(300_000_000))
    assert (tmp_path / "some.npz").stat().st_size < 300_000
    with pytest.raises(UserError, match="claims to hold far more"):
        foreign.arrays(tmp_path / "some.npz")


# results.h5


def spoilt(folder, name, put):
    """The results with something else under a name."""
    with h5py.File(folder / "results.h5", "a") as file:
        del file[name]
        put(file)
    with pytest.raises(UserError) as refused:
        read_results(folder)
    return str(refused.value)


def test_a_link_to_another_file_is_not_followed(folder, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as secret, h5py.File(folder / "results.h5") as own:
        own.copy("points", secret)
    link = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/points")
    told = spoilt(folder, "points", lambda file: file.__setitem__("points", link))
    assert "'points' leads elsewhere" in told


def test_a_soft_link_is_not_followed(folder):
    link = h5py.SoftLink("/molecules")
    told = spoilt(folder, "points", lambda file: file.__setitem__("points", link))
    assert "'points' leads elsewhere" in told


def test_data_in_a_file_outside_is_not_read(folder, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(24))
    outside = [(str(tmp_path / "secret"), 0, 24)]
    told = spoilt(
        folder, "molecules/H2/bond_A",
        lambda file: file.create_dataset("molecules/H2/bond_A", (3,), "f8", external=outside),
    )  # fmt: skip
    assert "'bond_A' leads to another file" in told


def test_virtual_data_of_another_file_are_not_read(folder, tmp_path):
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "x", (3,))
    told = spoilt(
        folder, "molecules/H2/bond_A",
        lambda file: file.create_virtual_dataset("molecules/H2/bond_A", layout),
    )  # fmt: skip
    assert "'bond_A' leads to another file" in told


def test_a_filter_that_would_be_loaded_is_not(folder):
    told = spoilt(
        folder, "molecules/H2/bond_A",
        lambda file: file.create_dataset(
            "molecules/H2/bond_A", data=np.zeros(9), compression="lzf"
        ),
    )  # fmt: skip
    assert "packed by a program that is not known" in told


def test_a_table_of_a_billion_rows_that_nobody_wrote_is_refused(folder):
    told = spoilt(
        folder, "trajectories",
        lambda file: file.create_dataset("trajectories", (10**9,), "f8", chunks=(1000,)),
    )  # fmt: skip
    assert "larger than the file can hold" in told


def test_a_fault_of_the_library_ends_another_process_and_is_a_sentence(folder, monkeypatch):
    program = folder / "fault.py"
    program.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr("scatter.results.hdf5_program.__file__", str(program))
    with pytest.raises(UserError, match=r"not a results file of scatter \(it is broken\)"):
        read_results(folder)


def test_a_trajectory_that_belongs_to_no_point_or_ended_in_no_way_is_refused(folder):
    for column, value, told in (("point", 7, "to no point"), ("outcome", 9, "in no known way")):
        with h5py.File(folder / "results.h5", "a") as file:
            rows = file["trajectories"][:]
            before = rows[column][0]
            rows[column][0] = value
            file["trajectories"][...] = rows
        with pytest.raises(UserError, match=told):
            read_results(folder)
        with h5py.File(folder / "results.h5", "a") as file:
            rows[column][0] = before
            file["trajectories"][...] = rows


# Structures


def test_the_format_of_a_slab_is_its_name_s_and_no_other_is_tried(tmp_path):
    atoms = fcc111("Cu", (2, 2, 4), a=3.65, vacuum=10)
    write(tmp_path / "slab.traj", atoms)
    write(tmp_path / "slab.json", atoms)
    for name in ("slab.traj", "slab.json", "slab.db", "slab.py", "postgresql://host/base"):
        with pytest.raises(UserError, match="fits neither extended XYZ"):
            build(Surface(file=str(tmp_path / name), temperature_K=300), "slab", None)
    (tmp_path / "slab.traj").rename(tmp_path / "disguised.xyz")
    with pytest.raises(UserError, match="is not UTF-8|is not extended XYZ"):
        build(Surface(file=str(tmp_path / "disguised.xyz"), temperature_K=300), "x", None)


def test_a_poscar_without_symbols_does_not_send_the_reader_to_its_neighbours(tmp_path):
    write(tmp_path / "POSCAR", fcc111("Cu", (2, 2, 4), a=3.65, vacuum=10), format="vasp")
    build(Surface(file=str(tmp_path / "POSCAR"), temperature_K=300), "POSCAR", None)
    lines = (tmp_path / "POSCAR").read_text().splitlines()
    (tmp_path / "POSCAR").write_text("\n".join(["none", *lines[1:5], *lines[6:]]) + "\n")
    (tmp_path / "POTCAR").write_text("TITEL = PAW Cu secret\n")
    with pytest.raises(UserError, match="cannot be read as a POSCAR"):
        build(Surface(file=str(tmp_path / "POSCAR"), temperature_K=300), "POSCAR", None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1000000000000\n\nCu 0 0 0\n", "stands where the number of atoms of a frame"),
        ("99999999\n\nCu 0 0 0\n", "a frame has 99,999,999 atoms"),
        ("999999\n\nCu 0 0 0\n", "has 999999 atoms but only 2 lines"),
        ("-1\n\n", "stands where the number of atoms of a frame"),
        ("1\nProperties=species:S:1:pos:R:1000000000\nCu 0 0 0\n", "columns of one kind"),
        ("1\nenergy=cold Properties=species:S:1:pos:R:3\nCu 0 0 0\n", "its energy must be"),
        ("1\nT_K=cold\nCu 0 0 0\n", "T_K = 'cold' is not a number"),
        ("1\nProperties=Z:I:1:pos:R:3\n4000 0 0 0\n", "contains an atom that is not an element"),
        ("1\n\nCu 0 0 1e300\n", "a position is not finite, or"),
        ('1\nx="_JSON ' + 5000 * "[" + '"\nCu 0 0 0\n', "cannot be read as extended XYZ"),
    ],
)  # fmt: skip
def test_frames_that_promise_too_much_are_refused(tmp_path, text, sentence):
    (tmp_path / "some.extxyz").write_text(text)
    with pytest.raises(UserError, match=sentence):
        read_frames(tmp_path / "some.extxyz")


# Texts


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("energy_eV = {start = 0.1, stop = 1.0, num = 1000000000000}", "at most 10000"),
        ("energy_eV = 0.5\npolar_deg = [" + ",".join(f"{n / 1000}" for n in range(9000)) + "]\n"
         "azimuth_deg = [" + ",".join(map(str, range(360))) + "]", "3,240,000 points"),
        ("energy_eV = 0.5\na" + ".a" * 500 + " = 1", "nested more than 30 deep"),
        ('energy_eV = 0.5\nheight_A = "\\u0000"', "unprintable characters"),
        ("energy_eV = 0.5\n" + "\n".join(f"k{n} = 1" for n in range(20_000)), "unknown key 'k0'"),
        ("energy_eV = [" + "'x'," * 20_000 + "]", "item 1 = \"x\""),
    ],
    ids=["range", "product", "depth", "NUL", "keys", "items"],
)  # fmt: skip
def test_an_input_that_asks_for_the_moon_gets_a_sentence(text, sentence):
    whole = MANIFEST_INPUT.replace("energy_eV = 0.5", text)
    with pytest.raises(UserError, match=sentence):
        parse(Path("input.toml"), whole)


def test_a_value_of_any_length_is_quoted_in_a_sentence_that_can_be_read():
    long = MANIFEST_INPUT + f'element = "C{"9" * 5000}"\n'
    with pytest.raises(UserError, match="is not a chemical symbol|element = ") as refused:
        parse(Path("input.toml"), long)
    assert len(str(refused.value)) < 1000


def test_a_molecule_of_a_billion_states_is_refused():
    many = f"v = {[*range(1000)]}\nj = {[*range(1000)]}\nmj = {[*range(-1000, 1000)]}"
    with pytest.raises(UserError, match="2,000,000,000 combinations"):
        parse(Path("input.toml"), MANIFEST_INPUT.replace("v = 0\nj = 0", many))


# What is not a file


@pytest.fixture(params=["folder", "pipe", "device", "loop", "gone", "NUL", "sparse"])
def no_file(request, tmp_path):
    """A path that leads to nothing that could be read."""
    path = tmp_path / "thing"
    if request.param == "folder":
        path.mkdir()
    elif request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    elif request.param == "loop":
        path.symlink_to(path)
    elif request.param == "sparse":
        path.touch()
        os.truncate(path, 2**40)
    return Path(f"{path}\0") if request.param == "NUL" else path


@pytest.mark.parametrize(
    "read",
    [
        foreign.text, foreign.json_table, foreign.arrays, read_frames, read_curve,
        lambda path: build(Surface(file=f"{path}.xyz", temperature_K=300), "x", None),
        lambda path: potential_from_name(str(path)),
    ],
)  # fmt: skip
def test_what_is_no_file_is_refused_at_once(no_file, read):
    with pytest.raises(UserError):
        read(no_file)


@pytest.mark.parametrize("name", ["campaign.json", "lock", "training.json"])
def test_a_pipe_in_a_folder_does_not_hang_who_reads_there(tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert "unknown process" in str(store.writer(tmp_path)) or name != "lock"
    if name == "campaign.json":
        with pytest.raises(UserError, match="is not a regular file"):
            store.read_manifest(tmp_path)
    if name == "training.json":
        with pytest.raises(UserError, match="is not a regular file"):
            claim(tmp_path, {"training": {}})


# The command line


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "pipe"], ["run", "noise"], ["run", "a\nb"], ["plot", "a\x1b[2J"],
        ["evaluate", "analytic", "pipe", "--output", "out.xyz"], ["analyse", "folder"],
        ["export", "folder"], ["levels", "H2", "-p", "noise.npz"],
        ["plot", "folder", "--overlay", "pipe"], ["select", "noise", "--output", "new"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_command_on_odd_files_is_one_line_and_exit_code_2(tmp_path, arguments):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("noise", "noise.npz", "noise.model", "folder/results.h5"):
        (tmp_path / name).write_bytes(bytes(range(256)))
    ended = finished([SCATTER, *arguments], cwd=tmp_path)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("scatter: ")


def test_a_terminal_without_the_letters_of_physics_gets_others(tmp_path):
    ended = finished(
        [SCATTER, "levels", "H2", "-p", "analytic", "--v", "0", "--j", "0"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert ended.returncode == 0
    assert "J(J+1)" in ended.stdout


def test_a_file_that_was_cut_off_is_refused_as_such(tmp_path):
    path = tmp_path / "some.xyz"
    write(path, [bulk("Cu", cubic=True)] * 3, format="extxyz")
    path.write_text(path.read_text()[:-70])
    with pytest.raises(UserError, match="truncated"):
        evaluate(potential_from_name("ase:emt"), path, tmp_path / "out.xyz")
