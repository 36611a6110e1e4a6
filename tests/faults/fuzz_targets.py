"""Everything that reads what others wrote, each as one call on a file; and inputs to begin with.

A target's law: whatever the bytes, `read` answers with a valid object or raises UserError.
"""

import io
import json
import os
import struct
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
from ace_invariant import invariant_ace
from ace_models import random_ace
from mace_models import with_vectors
from yace_trees import KINDS, tree_of

from scatter import store
from scatter.ace.file import LinearAce
from scatter.ace.fitting.basis import Degrees
from scatter.ace.yace.file import write_tree
from scatter.ace.yace.read import read_yace
from scatter.analysis import in_turn, read_csv, read_curve, sticking
from scatter.config import POINT, parse, points, points_table, read
from scatter.dynamics.bounds import margins
from scatter.dynamics.conditions import Finished
from scatter.fitting.pool import read_pool
from scatter.fitting.sets import read_set
from scatter.gpu.endings import Endings
from scatter.gpu.legs import Limits, PreparedLeg
from scatter.gpu.prepared import PreparedCampaign, Results
from scatter.initial import cache
from scatter.initial.slab import Surface, build
from scatter.initial.snapshots import Snapshots, load_snapshots
from scatter.labels import STANDARD
from scatter.mace.file import FoldedMace
from scatter.mace.training.train import claim
from scatter.outcomes import SCHEMA, Outcome, Reason
from scatter.potentials.calculator import system_of
from scatter.potentials.device.lists import Cell
from scatter.potentials.families import SHIPPED
from scatter.potentials.table import potential_from_name
from scatter.results.folder import ResultsFile
from scatter.rows import ROW
from scatter.saved import built, flat
from scatter.settings import UserError
from scatter.structures import read_frames
from scatter.validation.labels import labels_of
from scatter.validation.pieces import load as load_piece
from scatter.validation.pieces import save as save_piece

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes:
        name: the file's, where the reader looks for it.
        seeds: makes files that it accepts.
        read: reads the file of that name in a folder.
        made: makes a file that is built soundly and lies, from random numbers; or None.
        tokens: what is likely to matter to it.
    """

    name: str
    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], Any]
    made: Callable[[Random], bytes] | None = None
    tokens: tuple[bytes, ...] = ()


# TOML


def toml_seeds() -> list[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "inputs").glob("*.toml"))]


def read_toml(file: Path) -> Any:
    return points(read(file).input)


TOML = (b"[[surface]]", b"num = 1000000000000", b"9" * 5000, b"-0", b"1e999", b"nan", b"'''",
        b'"""', b"[" * 900, b"a." * 900, b"{", b"\\u0000", b"= [1, 2", b"\r\n", b"[surface]",
        b"[molecule]\nv = [0, 1, 2, 3, 4]\nj = [0, 1, 2]\n", b"07:32:00", b"inf")  # fmt: skip


# Structures

POSCAR = b"""Cu slab
1.0
 5.1 0.0 0.0
 0.0 5.1 0.0
 0.0 0.0 30.0
Cu
4
Selective dynamics
Direct
0.0 0.0 0.00 F F F
0.5 0.5 0.00 F F F
0.0 0.5 0.06 T T T
0.5 0.0 0.06 T T T
"""


def xyz_seeds() -> list[bytes]:
    head = b'Lattice="5.1 0 0 0 5.1 0 0 0 30" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.5'
    atoms = b"Cu 0 0 0 0 0 0.1\nCu 2.5 2.5 1.8 0 0.1 0\nH 1 1 4 0.1 0 0\nH 1 1.7 4 0 0 0.2\n"
    told = b' T_K=300.0 Z_A=2.1 trajectory="point000-000001" facet=111 pbc="T T T"\n'
    fixed = head.replace(b"forces:R:3", b"forces:R:3:move_mask:L:1")
    masked = atoms.replace(b"\n", b" F\n", 1).replace(b"\n", b" T\n").replace(b" F T", b" F")
    return [b"4\n" + head + told + atoms, 2 * (b"4\n" + head + told + atoms),
            b"4\n" + fixed + told + masked, b"1\n\nCu 0 0 0\n"]  # fmt: skip


XYZ = (b"Properties=species:S:1:pos:R:999999999", b"1000000000000", b"-1", b"VEC1 1 0 0", b"nan",
       b'_JSON "[[[[', b"energy=T", b"forces:S:3", b'pbc="a b"', b"Z:I:1", b"1e308", b"Lattice=1",
       b'stress="1 2"', b"T_K=cold", b"Uuo", b"X", b"\\", b"'", b"{", b"\r",
       b"_JSON [" + 999 * b"[", b"tags:I:1", b"momenta:R:3", b"energy=1e999", b"trajectory",
       b"cell=1", b"charge")  # fmt: skip


def read_all_frames(file: Path) -> Any:
    found = read_frames(file)
    for number, frame in enumerate(found):
        system_of(frame, f"frame {number}")
    return labels_of(found, file)


def read_slab(file: Path) -> Any:
    return build(Surface(file=str(file), temperature_K=300), "slab", None)


def read_parts(file: Path) -> Any:
    return read_set(file.parent, 1, STANDARD)


# Potentials, caches: `.npz`


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def small_potential() -> dict[str, np.ndarray]:
    """The shipped potential with few samples of its radial functions, which is a valid one."""
    with np.load(SHIPPED) as whole:
        found = {name: whole[name] for name in whole.files}
    for name in ("radial_1", "radial_2"):
        axis = found[name].ndim - 3
        found[name] = np.take(found[name], range(96), axis)
    return found


def small_ace() -> LinearAce:
    """A linear ACE of few functions and samples, with everything that its file can hold."""
    return random_ace(n=2, degree=1, products=(3, 3, 3), samples=64)


def ace_seed() -> bytes:
    return npz(**vars(small_ace()))


def lying_ace(rng: Random) -> bytes:
    return lying_npz(rng, vars(small_ace()))


def read_linear_ace(file: Path) -> Any:
    return LinearAce.read(file).sha256()


def yace_seeds() -> list[bytes]:
    """One tree of each kind of radial functions, as text."""
    few = (Degrees((3, 3, 3, 3)),) * 2
    model, found = invariant_ace(few, samples=64), []
    for kind in KINDS:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "some.yace"
            write_tree(tree_of(model, kind, functions=3), file)
            found.append(file.read_bytes())
    return found


def lying_npz(rng: Random, arrays: dict[str, Any] | None = None) -> bytes:
    """An archive with sound checksums whose members are odd: in name, header, type or size."""
    stream = io.BytesIO()
    kind = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
    with zipfile.ZipFile(stream, "w", kind) as whole, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, array in (arrays or small_potential()).items():
            if rng.random() < 0.05:
                continue
            content = io.BytesIO()
            np.save(content, array)
            told = content.getvalue()
            if rng.random() < 0.15:
                told = odd_npy(rng, told)
            whole.writestr(odd_name(rng, name) if rng.random() < 0.03 else f"{name}.npy", told)
    return stream.getvalue()


def odd_name(rng: Random, name: str) -> str:
    return rng.choice(["../../canary.npy", "/tmp/canary.npy", f"{name}", "a\n.npy", "é.npy",
                       "con.npy", "version.npy", "x" * 60000, "a\x00.npy"])  # fmt: skip


def odd_npy(rng: Random, told: bytes) -> bytes:
    """A `.npy` whose header claims something else."""
    descr = rng.choice(["'<f8'", "'|O'", "'<f4'", "'|V1000000000'", "'<U4'", "[('a', '|O')]", "'?'",
                        "('<f8', (1000, 1000))", "'<c16'", "'>i8'", "'|S0'", "'M8[s]'",
                        "__import__('os').system('touch canary')"])  # fmt: skip
    shape = rng.choice(["()", "(10**12,)", "(1000000000000,)", "(0, 4611686018427387904)", "(-1,)",
                        "(2,)", "(2, 2)", "(True,)", "(1.5,)", "(" * 400])  # fmt: skip
    order = rng.choice(["False", "True", "None"])
    head = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}".encode() + b"\n"
    version = rng.choice([b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"])
    size = struct.pack("<H" if version[0] == 1 else "<I", len(head))
    return b"\x93NUMPY" + version + size + head + told[128 : rng.choice([128, 200, len(told)])]


def read_potential(file: Path) -> Any:
    return FoldedMace.read(file).sha256()


def read_model(file: Path) -> Any:
    """A `.model` that nobody trusted is refused whatever it holds."""
    try:
        potential_from_name(str(file))
    except UserError as error:
        told = str(error)
    else:
        raise AssertionError(f"{file} was opened without trust")
    if "a .model file is a pickle" not in told:
        raise AssertionError(told)


def cached(rng: Random | None = None) -> bytes:
    still, one, each = np.zeros((2, 3, 3)), np.arange(2), np.zeros(2)
    arrays = flat(Snapshots(one, one, each, still, still, each))
    return npz(checksum=np.array(cache.digest(key="0" * 64, **arrays)), **arrays)


def read_cache(file: Path) -> Any:
    """Cached snapshots, or None: a damaged cache counts as absent."""
    before = os.environ.get("SCATTER_CACHE")
    os.environ["SCATTER_CACHE"] = str(file.parent)
    try:
        return load_snapshots("0" * 64)
    finally:
        if before is None:
            del os.environ["SCATTER_CACHE"]
        else:
            os.environ["SCATTER_CACHE"] = before


# What a GPU elsewhere takes and gives


def small_leg() -> PreparedLeg:
    """Three trajectories on two snapshots of a slab of four atoms."""
    rng = np.random.default_rng(0)
    return PreparedLeg(
        numbers=np.array([29, 29, 29, 29, 1, 1]), cell=np.diag([5.1, 5.1, 30.0]),
        pbc=np.array([True, True, True]), moving=np.arange(6) > 1, top=np.array([2, 3]),
        slab_positions=rng.normal(size=(2, 4, 3)), slab_momenta=rng.normal(size=(2, 4, 3)),
        slab_masses=np.full(4, 63.5), point=np.array([0, 0, 1]), number=np.array([0, 1, 0]),
        snapshot=np.array([1, 0, 1]), positions=rng.normal(size=(3, 2, 3)),
        momenta=rng.normal(size=(3, 2, 3)), masses=np.full((3, 2), 1.008),
        closest=np.full((2, 4), 1.1), shortest_bond=0.4, lowest=-np.inf,
        stream=rng.integers(0, 2**32, (3, 3)),
    )  # fmt: skip


def small_endings(leg: PreparedLeg) -> Endings:
    memories = {
        "faults": {"potential": 1.0, "energy": 1.0, "error": 1.0},
        "lowest": {"lowest": 1.0, "atoms": np.zeros((2, 3)), "top": 1.0, "when": 1.0},
        "turns": {"falling": True, "turns": 1},
        "residence": {"first_below": np.nan, "last_below": np.nan},
    }
    ended = []
    for n in range(3):
        x, p = leg.start(n).positions, leg.start(n).momenta
        worst = {"leverage": {"value": 3.5, "time": 1.0, "positions": x, "momenta": p}}
        scattered = int(Outcome.SCATTERED), Reason.NONE, 30, x, p, -1.0, memories | worst
        ended.append(Finished(n, *scattered))
    return Endings.of(ended, leg)


def written(whole: PreparedCampaign | Results) -> bytes:
    with TemporaryDirectory() as folder:
        whole.write(Path(folder) / "whole.npz")
        return (Path(folder) / "whole.npz").read_bytes()


def prepared_seed() -> bytes:
    limits = Limits(0.25, 3000.0, 0.1, 2.25, 7.1, 3.0)
    words = '{"run.seed": 1}', "0" * 64, "float32"
    return written(PreparedCampaign(limits, *words, 20, [small_leg()]))


def results_seeds() -> list[bytes]:
    leg = small_leg()
    legs = [small_endings(leg), Endings.of([], leg)]
    return [written(Results('{"run.seed": 1}', "0" * 64, "cuda", legs))]


def members(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content)) as whole:
        return {name: whole[name] for name in whole.files}


def lying(seed: bytes) -> Callable[[Random], bytes]:
    """Makes files whose members are odd, whose words are, or in which numbers were changed."""

    def make(rng: Random) -> bytes:
        arrays = members(seed)
        for name in rng.sample(sorted(arrays), rng.choice([0, 1, 1, 2])):
            arrays[name] = changed(rng, arrays[name])
        if rng.random() < 0.5:
            return npz(**arrays)
        return lying_npz(rng, arrays)

    return make


def changed(rng: Random, array: np.ndarray) -> np.ndarray:
    """An array with another number, type or shape; of text, with something put into it."""
    if array.dtype.kind == "U":
        text = bytearray(array.item().encode())
        _into_a_word(rng, text, rng.choice(JSON + ODD))
        return np.array(text.decode(errors="replace"))
    found, kind = array.copy(), rng.randrange(5)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numbers that other types do not have
        if kind == 0 and found.size:
            odd = [0, -1, 1, 7, 120, 2**31 - 1, 1e308, np.nan, np.inf, -np.inf]
            place = rng.randrange(found.size)
            found.flat[place] = np.array(rng.choice(odd)).astype(found.dtype)
        elif kind == 1:
            found = found.astype(rng.choice([">f8", "f4", "f2", "i1", "u8", "?", "c16", "i8"]))
        elif kind == 2:
            found = np.repeat(np.atleast_1d(found), rng.choice([0, 2]), axis=0)
        elif kind == 3:
            found = found[None]
        else:
            found = np.zeros_like(found)
    return found


def read_prepared(file: Path) -> Any:
    """All that a run does with it before the first step."""
    found = PreparedCampaign.read(file)
    for leg in found.legs:
        list(map(leg.start, range(len(leg))))
        Cell.of(leg.system, 7.0, "cpu")
        if len(leg) and (bounds := leg.bounds):
            margins(bounds, np.stack([leg.start(n).positions for n in range(len(leg))]))
    return json.loads(found.identity)


def read_gpu_results(file: Path) -> Any:
    found = Results.read(file)
    for ended in found.legs:
        ended.of_leg(small_leg())
        list(ended)
    return json.loads(found.identity)


# Folders of campaigns


def rows(count: int = 3) -> np.ndarray:
    found = np.zeros(count, ROW)
    found["number"], found["outcome"] = np.arange(count), 1 + np.arange(count) % 3
    return found


def block_of(content: bytes) -> bytes:
    return sha256(content).digest() + content


def block() -> bytes:
    stream = io.BytesIO()
    np.save(stream, rows())
    return block_of(stream.getvalue())


def lying_block(rng: Random) -> bytes:
    """A block with a sound checksum and an odd array."""
    return block_of(odd_npy(rng, block()[32:]))


def read_blocks(file: Path) -> Any:
    return in_turn(store.trajectories(file.parents[1]))


def manifest() -> bytes:
    whole = {
        "input": (ROOT / "inputs/h2_cu111.toml").read_text(), "identity": {"run.seed": 1},
        "seed": 1, "schema": 1, "potential": "none", "potential_sha256": "0", "kernel": "k",
        "started": "2026", "version": "0", "lattice_constant_A": {"111 925 K": 3.71},
        "molecules": {"H2": {"masses_amu": [1.0, 1.0], "bond_A": [0.5, 0.6, 0.7, 0.8, 1.0, 2.0],
                             "energy_eV": [3.0, 1.0, 0.0, 0.5, 1.0, 2.0]}},
    }  # fmt: skip
    return json.dumps(whole, indent=1).encode()


JSON = (b"null", b"[]", b"{}", b"NaN", b"1e999", b"9" * 5000, b"[" * 2000, b'"\\ud800"',
        b'"\\u0000"', b"-1", b'{"a": 1}', b"true", b'""', b"\\n")  # fmt: skip


def read_manifest(file: Path) -> Any:
    told = store.read_manifest(file.parent)
    table = points_table(points(parse(file, told["input"]).input))
    (file.parent / "blocks").mkdir(exist_ok=True)
    store.merge(file.parent, table[:50])
    return told


def read_lock(file: Path) -> Any:
    return store.writer(file.parent)


def results_file(rng: Random | None = None) -> bytes:
    """A campaign's results; with random numbers, soundly built and odd."""
    stream = io.BytesIO()
    table = np.array([(0, "111", 925.0, "H2", 0, 1, np.nan, 0.4, 0.0, np.nan)], POINT)
    with h5py.File(stream, "w") as file:
        told = json.loads(manifest())
        file.attrs["schema"] = SCHEMA
        for key in ("input", "potential", "potential_sha256", "version"):
            file.attrs[key] = told[key]
        file.attrs["lattice_constant_A"] = json.dumps(told["lattice_constant_A"])
        for name, values in told["molecules"]["H2"].items():
            file[f"molecules/H2/{name}"] = values
        file.create_dataset("trajectories", data=rows(), chunks=True, compression="gzip")
        file["points"] = table
        if rng:
            spoil(file, rng)
    return stream.getvalue()


def spoil(file: Any, rng: Random) -> None:
    """Put something odd into a results file."""
    name = rng.choice(
        ["points", "trajectories", "molecules/H2/bond_A", "molecules/H2", "molecules"]
    )
    kind = rng.choice(["gone", "soft", "external", "huge", "virtual", "other", "attribute", "raw"])
    if kind == "attribute":
        key = rng.choice(["input", "potential", "schema", "lattice_constant_A", "odd"])
        values = ["", "x", 1.5, 2**40, [1, 2], np.zeros(3), "[" * 3000, h5py.Empty("f8"), "{}"]
        file.attrs[key] = rng.choice(values)
        return
    del file[name]
    if kind == "soft":
        file[name] = h5py.SoftLink(rng.choice(["/", "/points", "/none", f"/{name}"]))
    elif kind == "external":
        file[name] = h5py.ExternalLink("results.h5", f"/{name}")
    elif kind == "huge":
        file.create_dataset(name, (10**9,), rng.choice([ROW, "f8"]), chunks=(1000,))
    elif kind == "virtual":
        layout = h5py.VirtualLayout((3,), "f8")
        layout[:] = h5py.VirtualSource("results.h5", "points", (3,))
        file.create_virtual_dataset(name, layout)
    elif kind == "raw":
        file.create_dataset(name, (3,), "f8", external=[("/etc/passwd", 0, 24)])
    elif kind == "other":
        file[name] = rng.choice([np.zeros(3), np.zeros((2, 2)), "text", np.zeros(0), 1])


def read_results(file: Path) -> Any:
    results = ResultsFile.of(file.parent)
    return sticking(results.points, results.trajectories), results.molecules


# Settings and pieces of folders, tables


def settings_seed() -> bytes:
    return json.dumps({"training": {"epochs": 3}, "options": {"lr": 0.1}}).encode()


def read_settings(file: Path) -> Any:
    claim(file.parent, {"training": {"epochs": 3}, "options": {"lr": 0.1}}, free="training")


def piece_seed() -> bytes:
    with TemporaryDirectory() as folder:
        save_piece(Path(folder), "piece", "0", {"rows": [1.5], "figures": []})
        return (Path(folder) / "piece.json").read_bytes()


def read_piece(file: Path) -> Any:
    return load_piece(file.parent, "piece", "0")


def csv_seeds() -> list[bytes]:
    ours = (b"facet,T_K,molecule,v,J,mJ,energy_eV,polar_deg,azimuth_deg,n,dissociated,scattered,"
            b"undecided,failed,S0,low,high\n111,925,H2,0,1,,0.4,0,random,4,1,3,0,0,0.25,"
            b"0.045587260295368824,0.6993582574175547\n")  # fmt: skip
    return [b"energy_eV,S0,low,high,label\n0.2,0.1,0.05,0.2,a\n0.4,0.3,0.2,0.4,a\n", ours,
            b"\xef\xbb\xbfenergy_eV,S0\r\n0.2,0.1\r\n# comment\r\n0.3,0.2\r\n"]  # fmt: skip


def read_table(file: Path) -> Any:
    try:
        read_csv(file)
    except UserError:
        pass
    return read_curve(file)


CSV = (b'"', b"nan", b"inf", b"1e999", b",", b"9" * 5000, b"\r", b"-1", b"energy_eV", b"0x10",
       "²".encode(), b"1_0", b"energy_eV,S0\n", b"x" * 200_000)  # fmt: skip


def shipped() -> list[bytes]:
    small = small_potential()
    return [npz(**small), npz(**flat(with_vectors(built(FoldedMace, small))))]


TARGETS = {
    "toml": Target("input.toml", toml_seeds, read_toml, tokens=TOML),
    "frames": Target("some.extxyz", xyz_seeds, read_all_frames, tokens=XYZ),
    "pool": Target("some.extxyz", xyz_seeds, lambda file: read_pool([file]), tokens=XYZ),
    "whole files": Target("a.xyz", xyz_seeds, lambda f: read_pool([f], False), tokens=XYZ),
    "slab (xyz)": Target("slab.xyz", xyz_seeds, read_slab, tokens=XYZ),
    "slab (POSCAR)": Target("POSCAR", lambda: [POSCAR], read_slab, tokens=(b"99999999", *XYZ)),
    "set": Target("train.extxyz", xyz_seeds, read_parts, tokens=XYZ),
    "potential": Target("some.npz", shipped, read_potential, lying_npz),
    "ace": Target("some.npz", lambda: [ace_seed()], read_linear_ace, lying_ace),
    "yace": Target("some.yace", yace_seeds, read_yace, tokens=(b"[", b"{", b": ", b"&a", *JSON)),
    "prepared": Target("prepared.npz", lambda: [prepared_seed()], read_prepared,
                       lambda rng: lying(prepared_seed())(rng)),
    "results": Target("results.npz", results_seeds, read_gpu_results,
                      lambda rng: lying(results_seeds()[0])(rng)),
    "model": Target("some.model", shipped, read_model, lying_npz),
    "cache": Target(f"{'0' * 64}.npz", lambda: [cached()], read_cache, lying_npz),
    "block": Target("blocks/0.block", lambda: [block()], read_blocks, lying_block),
    "campaign.json": Target("campaign.json", lambda: [manifest()], read_manifest, tokens=JSON),
    "lock": Target("lock", lambda: [b'{"host": "h", "pid": 1, "start": "2"}'], read_lock,
                   tokens=JSON),
    "results.h5": Target("results.h5", lambda: [results_file()], read_results, results_file),
    "training.json": Target("training.json", lambda: [settings_seed()], read_settings, tokens=JSON),
    "piece": Target("piece.json", lambda: [piece_seed()], read_piece, tokens=JSON),
    "overlay": Target("other.csv", csv_seeds, read_table, tokens=CSV),
}  # fmt: skip


# Mutation


ODD = (b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\n", b"\x7f\xff\xff\xff", b"\xff" * 8,
       b"1e400", b"-", b"0", b"99999999999999999999")  # fmt: skip


def mutated(rng: Random, seed: bytes, tokens: tuple[bytes, ...] = ()) -> bytes:
    """A seed with some edits: bits, bytes, pieces cut, doubled or put in, numbers replaced."""
    found = bytearray(seed)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 5, 8, 20])):
        at = rng.randrange(len(found) + 1)
        end = min(len(found), at + rng.choice([1, 1, 2, 4, 16, 64, 1024]))
        edit = rng.randrange(8)
        if edit == 0 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif edit == 1:
            found[at:end] = rng.randbytes(end - at)
        elif edit == 2:
            del found[at:end]
        elif edit == 3:
            found[at:at] = found[at:end] * rng.choice([1, 1, 2, 50])
        elif edit == 4:
            del found[at:]
        elif edit == 5 and tokens:
            _into_a_word(rng, found, rng.choice(tokens))
        else:
            _into_a_word(rng, found, rng.choice(ODD + tokens))
    return bytes(found)


def _into_a_word(rng: Random, found: bytearray, token: bytes) -> None:
    """Put a token in the place of a word, or between two bytes."""
    at = rng.randrange(len(found) + 1)
    end = at
    if rng.random() < 0.7:
        while at > 0 and chr(found[at - 1]).isalnum() and end - at < 40:
            at -= 1
        while end < len(found) and chr(found[end]).isalnum() and end - at < 40:
            end += 1
    found[at:end] = token


def made(target: Target, seeds: list[bytes], rng: Random) -> bytes:
    """One input for a target, from random numbers alone."""
    if target.made and rng.random() < 0.3:
        return target.made(rng)
    return mutated(rng, rng.choice(seeds), target.tokens)


def put(target: Target, folder: Path, content: bytes) -> Path:
    """Write an input where the target's reader looks for it."""
    file = folder / target.name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    if target.name.startswith("train"):
        (folder / "valid.extxyz").write_bytes(xyz_seeds()[0])
    return file


def obeys(target: Target, file: Path) -> bool:
    """Whether the file was accepted; what is refused is refused with one sentence.

    Raises:
        Exception: the law is broken.
    """
    try:
        target.read(file)
    except UserError as error:
        told = str(error)
    else:
        return True
    if not 0 < len(told) < 3000 or "\n" in told:
        raise AssertionError(f"no sentence of one line: {told[:200]!r}")
    return False


MANIFEST_INPUT = """[molecule]
formula = "H2"
v = 0
j = 0
[incidence]
energy_eV = 0.5
[surface]
temperature_K = 300
"""
