"""What each kernel of a GPU takes, found without one: registers, and instructions of a step.

    python benchmarks/gpu_instructions.py MODEL [--precision float64] [--json]

Triton brings an assembler for NVIDIA's GPUs and its disassembler. So what the interpreter does not
see (types, layouts, room in registers) is seen here, and the instructions of each loop are counted;
how often a loop is gone through follows from H2 on hot Cu(111), 56 atoms. As if no branch were
skipped: no group of an ACE's terms left out, no list made anew. The sum over what a card can issue
is the least time of a step: no version of these kernels is quicker.
"""

import argparse
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import numpy as np
import torch
import triton
from gpu_sections import MACE, model
from gpu_setting import hydrogen_on_copper, starts
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

from scatter.ace.device.terms import GROUP
from scatter.mace.device.fused import TOGETHER
from scatter.potentials.device.fused import SKIN, Fused
from scatter.potentials.device.lists import Cell, neighbours
from scatter.potentials.device.potential import DevicePotential
from scatter.potentials.families import family_of

HOPPER = 90
ISSUED = 132 * 4 * 1.98e9  # instructions of a warp in a second: an H100 of 67 Tflop/s
REPLICAS = 32
KINDS = {
    torch.float32: "*fp32", torch.float64: "*fp64", torch.int32: "*i32", torch.int64: "*i64",
}  # fmt: skip
CLASSES = {
    "single": "FFMA FADD FMUL FSEL FSETP FMNMX", "double": "DFMA DADD DMUL DSETP",
    "loads": "LDG", "stores": "STG", "shared": "LDS STS LDSM", "shuffles": "SHFL",
    "control": "BRA EXIT BSSY BSYNC CALL RET BAR WARPSYNC NOP",
}  # fmt: skip
CLASS = {name: kind for kind, names in CLASSES.items() for name in names.split()}  # else "whole"
RESOURCES = ("REG", "STACK")  # as the assembler calls them
RARE = ("list_neighbours", "find_reverse")  # end at once for replicas in which nothing moved far


@dataclass
class Compiled:
    """A kernel as a card would run it.

    Attributes:
        name: of the kernel.
        programs: of a replica.
        warps: of a program.
        registers: of a thread.
        spilled: bytes of a thread.
        loops: first and last instruction of each, in their order.
        kinds: class of each instruction.
        trips: how often each loop is gone through, within one going through the loop around it.
    """

    name: str
    programs: float
    warps: int
    registers: int
    spilled: int
    loops: list[tuple[int, int]]
    kinds: list[str]
    trips: list[float] = field(default_factory=list)

    def instructions(self) -> dict[str, float]:
        """Of a replica, by class."""
        each = np.full(len(self.kinds), self.programs * self.warps)
        for (first, last), trips in zip(self.loops, self.trips, strict=True):
            each[first : last + 1] *= trips
        found = dict.fromkeys([*CLASSES, "whole"], 0.0)
        for kind, count in zip(self.kinds, each, strict=True):
            found[kind] += float(count)
        return found


def compiled(function: Any, arguments: tuple, warps: int) -> bytes:
    """Machine code of a kernel; of a one Triton makes a constant, and of sixteens it knows."""
    signature, constants, attributes = {}, {}, {}
    for place, (parameter, value) in enumerate(zip(function.params, arguments, strict=True)):
        if parameter.is_constexpr or (isinstance(value, int) and value == 1):
            signature[parameter.name], constants[parameter.name] = "constexpr", value
            continue
        signature[parameter.name] = kind_of(value)
        if isinstance(value, torch.Tensor) or value % 16 == 0:
            attributes[place,] = [["tt.divisibility", 16]]
    source = ASTSource(function, signature, constants, attributes)
    target = GPUTarget("cuda", HOPPER, 32)
    return triton.compile(source, target=target, options={"num_warps": warps}).asm["cubin"]


def kind_of(value: Any) -> str:
    """Triton's name for the type of an argument."""
    if isinstance(value, torch.Tensor):
        return KINDS[value.dtype]
    if not isinstance(value, int):
        raise TypeError(f"{value!r} would be rounded to single precision")
    return "i32"


def told(tool: str, option: str, cubin: bytes) -> str:
    """What one of the tools beside Triton's assembler tells of machine code."""
    place = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / tool
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        command = [str(place), option, file.name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def parsed(code: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The class of each instruction, and where the loops are."""
    kinds, labels, jumps = [], {}, []
    for line in code.splitlines():
        if label := re.match(r"(\.L_x_\d+):", line):
            labels[label[1]] = len(kinds)
        elif found := re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+\{?\s*(@!?U?P\w+\s+)?(\w+)", line):
            if back := re.search(r"BRA.*`\((\.L_x_\d+)\)", line):
                jumps.append((len(kinds), back[1]))
            kinds.append(CLASS.get(found[2], "whole"))
    ends = {}  # a loop may be left early to its beginning
    for place, label in jumps:
        if labels.get(label, place) < place:
            ends[labels[label]] = max(place, ends.get(labels[label], 0))
    return kinds, sorted(ends.items())


def kernels_of(fused: Fused, positions: torch.Tensor) -> Iterator[Compiled]:
    """The kernels of one evaluation, in their order."""
    launched = []

    def instead(
        function: Any, *arguments: Any, grid: tuple, warmup: bool, num_warps: int, **_: Any
    ) -> None:
        launched.append((function, arguments, grid, num_warps))

    with patch.object(JITFunction, "run", instead):
        fused(positions)
    for function, arguments, grid, warps in launched:
        cubin = compiled(function, arguments, warps)
        uses = told("cuobjdump", "--dump-resource-usage", cubin)
        registers, spilled = (int(re.findall(rf"{word}:(\d+)", uses)[0]) for word in RESOURCES)
        kinds, loops = parsed(told("nvdisasm", "-c", cubin))
        programs = float(np.prod(grid)) / len(positions)
        yield Compiled(function.__name__, programs, warps, registers, spilled, loops, kinds)


@dataclass
class Surroundings:
    """How many neighbours atoms have, shape (replica, atom, species), frozen pairs apart."""

    active: np.ndarray
    held: np.ndarray

    @classmethod
    def of(cls, fused: Fused, system: Any, positions: torch.Tensor) -> "Surroundings":
        """Of these positions, within the cutoff."""
        cutoff = fused.cell.radius - SKIN
        near = neighbours(positions, Cell.of(system, cutoff, "cpu"), 2 * fused.capacity)
        moving, species = fused.moving.bool(), fused.species.long()
        free = moving[None, :, None] | moving[near.sender]
        kinds = range(int(species.max()) + 1)
        mine = [near.listed & (species[near.sender] == kind) for kind in kinds]
        active = torch.stack([(one & free).sum(dim=-1) for one in mine], dim=-1)
        held = torch.stack([(one & ~free).sum(dim=-1) for one in mine], dim=-1)
        return cls(active.numpy(), held.numpy())


def chunks(count: np.ndarray, at_once: int) -> float:
    """Parts of so many, on average."""
    return float(np.ceil(count / at_once).mean())


@dataclass(frozen=True)
class Loop:
    """A loop as the kernel was written.

    Attributes:
        trips: how often it is gone through, within one going through the loop around it.
        kind: class of instructions by which one sees how often the compiler unrolled it.
        each: how many of them it has.
    """

    trips: float
    kind: str = ""
    each: int = 1


def loops_of(fused: Any, around: Surroundings) -> dict[str, list[Loop]]:
    """The loops of each kernel, those within after those around."""
    own = _loops_of_ace if hasattr(fused.weights, "terms") else _loops_of_mace
    pushing = around.active.sum(axis=-1) * fused.moving.numpy()
    return own(fused, around) | {"forces_of": [Loop(chunks(pushing, 32))]}


def _loops_of_mace(fused: Any, around: Surroundings) -> dict[str, list[Loop]]:
    active = around.active.sum(axis=-1)
    deep = [Loop(fused.weights.channels / fused.wide)] * 3
    total = active + around.held.sum(axis=-1)
    sizes = fused.near, fused.few, TOGETHER
    every, few, together = ([Loop(chunks(total, each))] for each in sizes)
    return {
        "features_1": every, "features_2": every, "back_2": every, "gather_sent": every,
        "vector_features_2": few, "vector_back_2": few, "shares_of": together,
        "back_1": [Loop(chunks(active, fused.near))], "transform": deep, "read_out": deep,
    }  # fmt: skip


def _loops_of_ace(fused: Any, around: Surroundings) -> dict[str, list[Loop]]:
    t, kinds, species = fused.weights.terms, fused.species.numpy(), around.active.shape[-1]
    first, firsts = t.node_first.numpy(), t.factors * np.arange(species + 1)
    gathered = [chunks(one, fused.near) for one in (around.active, around.held)]

    def groups(rows: Any, starts: np.ndarray, each: int) -> Loop:
        """Of a row, of the species that atoms have."""
        found = np.add.reduceat(np.diff(rows.groups.numpy()), starts[:-1]) / np.diff(starts)
        return Loop(float(found[kinds].mean()), "double", each)

    nodes = float(np.diff(first)[kinds].mean()) / max(fused.node_blocks, 1)
    return {
        "gather": [Loop(species), Loop(2), Loop(sum(gathered) / 2)],
        "give_back": [Loop(species), Loop(chunks(around.active, fused.near_back))],
        "nodes": [Loop(nodes, "stores")],
        "slopes_of_nodes": [Loop(nodes), groups(t.of_nodes, first, GROUP)],
        "slopes": [
            Loop(t.factors / fused.blocks), groups(t.of_a, firsts, GROUP),
            groups(t.holders, firsts, 2 * GROUP),
        ],
        "sites": [Loop(fused.node_blocks + fused.blocks, "double")],
    }  # fmt: skip


def trips(kernel: Compiled, written: list[Loop]) -> list[float]:
    """How often each loop of the machine code is gone through.

    One that was unrolled is followed by another one for what is left over.
    """
    found, left, coming = [], 0.0, list(written)
    for first, last in kernel.loops:
        if not coming:
            found.append(1.0)
            continue
        loop = coming[0]
        seen = kernel.kinds[first : last + 1].count(loop.kind) if loop.kind else loop.each
        times = max(1, seen // loop.each)
        found.append(left or loop.trips / times)
        left = 0.0 if left else min(loop.trips, (times - 1) / 2)
        if not left:
            coming.pop(0)
    return found


def opened(which: str, precision: str) -> DevicePotential:
    """A model by its name in `gpu.py`, or that of a file."""
    if which == "ace" or which in MACE:
        return model(which, precision, "cpu", "fused")
    family = family_of(Path(which))
    fused = family.on["cuda"](family.read(Path(which)), precision, device="cpu", kernels="fused")
    return cast(DevicePotential, fused)


def measured(which: str, precision: str) -> list[Compiled]:
    """All kernels of a model, with their loops."""
    system, ideal = hydrogen_on_copper()
    positions = torch.tensor(
        np.stack([start.positions for start in starts(REPLICAS, system, ideal)])
    )
    fused = opened(which, precision).bind(system, REPLICAS).bound
    near = neighbours(positions, fused.cell, 1)
    fused.make_room(int(near.count.max()))
    known = loops_of(fused, Surroundings.of(fused, system, positions))
    found = list(kernels_of(fused, positions))
    for one in found:
        one.trips = trips(one, known.get(one.name, []))
    return found


def table(kernels: list[Compiled]) -> str:
    """All of it, for people."""
    columns = [*CLASSES, "whole"]
    lines = [f"{'thousands of a replica':24s}{'all':>8s}" + "".join(f"{c:>9s}" for c in columns)]
    total = 0.0
    for one in kernels:
        counts = one.instructions()
        count = sum(counts.values())
        total += 0.0 if one.name in RARE else count
        cells = "".join(f"{counts[c] / 1e3:9.1f}" for c in columns)
        spilled = "*" if one.spilled else " "
        lines.append(f"{one.name:18s}{one.registers:4d}{spilled} {count / 1e3:8.1f}{cells}")
    lines.append(
        f"{total / 1e3:.0f} thousand instructions a step, lists left out: "
        f"{1e6 * total / ISSUED:.2f} µs at least, {ISSUED / total:,.0f} replica-steps/s at most"
    )
    return "\n".join(lines)


def main() -> None:
    """Compile, count and print."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("model", help="a file, or as in `gpu.py`: 16, 128, dense, vectors, ace")
    reader.add_argument("--precision", default="float32", choices=("float32", "float64"))
    reader.add_argument("--json", action="store_true", help="for programs")
    given = reader.parse_args()
    kernels = measured(given.model, given.precision)
    if not given.json:
        print(table(kernels))
        return
    rows = [
        {"kernel": one.name, "registers": one.registers, "spilled": one.spilled,
         "instructions": sum(one.instructions().values())} for one in kernels
    ]  # fmt: skip
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
