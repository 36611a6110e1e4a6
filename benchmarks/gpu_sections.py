"""The measurements of `gpu.py`, one section a process: what one breaks, breaks no other.

`gpu.py` starts it. Each section prints lines of JSON that begin with `@`: a name, what was found.
"""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import torch
from gpu_ace import linear_ace
from gpu_library import in_mace_torch, ways
from gpu_setting import (
    ENDLESS,
    bounds,
    dense_model,
    hydrogen_on_copper,
    random_model,
    starts,
    vector_model,
)
from gpu_timing import DEVICE, TOY, seconds, tell, timed, wait
from gpu_work import DOUBLE, pairs_of, work_of

import scatter
from scatter.ace.family import AceDevice
from scatter.dynamics.batch import Batch, propagate
from scatter.dynamics.conditions import Conditions
from scatter.dynamics.endings import Faults, of_a_diatomic
from scatter.dynamics.observers import standard
from scatter.gpu.legs import Limits
from scatter.mace.family import MaceDevice
from scatter.mace.file import FoldedMace
from scatter.outcomes import Outcome
from scatter.potentials.device.capture import overwrite
from scatter.potentials.device.potential import DevicePotential
from scatter.slots import copies
from scatter.state import Start, System

SIZES = (1, 2) if TOY else (64, 256, 1024, 4096, 16384, 32768)
MIDDLE = 2 if TOY else 4096
SMALL = ("16", "ace")  # models that are timed in large batches
TRIED = {  # constants of the family's file, registers of a thread, bytes of working memory
    "16": (
        {}, {"TOGETHER": 64}, {"TOGETHER": 256}, {"registers": 128}, {"registers": 96},
        {"room": 2**26}, {"room": 2**28}, {"room": 2**30},
    ),
    "ace": (
        {}, {"LANES": 64}, {"LANES": 128}, {"LONG": 16}, {"LONG": 64}, {"REGISTERS": 18432},
        {"REGISTERS": 4608}, {"registers": 64}, {"room": 2**28}, {"room": 2**30},
    ),
    "128": (
        {}, {"TALL": 32}, {"TALL": 64}, {"TOGETHER": 64}, {"TOGETHER": 256}, {"registers": 96},
        {"room": 2**28}, {"room": 2**30},
    ),
    "vectors": (
        {}, {"TALL": 32}, {"TOGETHER": 64}, {"TOGETHER": 256}, {"registers": 168},
        {"registers": 128}, {"room": 2**30},
    ),
}  # fmt: skip
LARGE = 16 if TOY else 128  # channels
MACE: dict[str, Callable[[], FoldedMace]] = {
    "16": lambda: FoldedMace.read(SHIPPED),
    "128": lambda: random_model(128, 6.0, cubic=True),
    "dense": lambda: dense_model(LARGE),
    "vectors": lambda: vector_model(LARGE),
}
ALLOWED = {"float32": (2e-5, 5e-5), "float64": (1e-9, 1e-7)}  # eV, eV/Å
SHIPPED = Path(scatter.__file__).parent / "models" / "h2_cu.npz"


def model(
    which: str, precision: str = "float32", device: str = DEVICE, kernels: str | None = None
) -> DevicePotential:
    """A potential: the one that ships, a MACE of 128 channels of one kind or another, or an ACE."""
    if which == "ace":
        return AceDevice(linear_ace(TOY), precision, device, kernels=kernels)
    return MaceDevice(MACE[which](), precision, device, kernels=kernels)


def small() -> tuple[int, int]:
    """Cells and layers of the slab."""
    return (1, 2) if TOY else (3, 6)


def batch_of(potential: DevicePotential, size: int) -> Batch:
    """A batch of the engine, molecules at all heights."""
    system, ideal = hydrogen_on_copper(*small())
    limits = ENDLESS
    conditions = conditions_of(potential, system, limits, size)
    first = starts(min(size, 256), system, ideal)
    many = [first[n % len(first)] for n in range(size)]
    return Batch(many, potential.bind(system, size), conditions)


def ceilings(_: str) -> None:
    """Bandwidth of a copy, and fused multiply-adds in either precision."""
    if DEVICE == "cpu":
        return tell("ceilings", left_out="there is no GPU")
    properties = torch.cuda.get_device_properties(0)
    tell("machine", device=properties.name, multiprocessors=properties.multi_processor_count,
         memory_GB=round(properties.total_memory / 2**30), torch=torch.__version__,
         triton=import_module("triton").__version__)  # fmt: skip
    one = torch.rand(2**28, device=DEVICE)
    other = torch.empty_like(one)
    copied = 2 * 4 * len(one) / seconds(lambda: other.copy_(one))
    tell("ceilings", copy_TB_s=copied / 1e12, fma_Tflop_s=multiplied(torch.float32) / 1e12,
         fma64_Tflop_s=multiplied(torch.float64) / 1e12)  # fmt: skip


def multiplied(kind: torch.dtype) -> float:
    """Flop a second of multiply-adds alone."""
    kernel = import_module("gpu_fma").chains
    rounds, wide = 2000, 512
    programs = 16 * torch.cuda.get_device_properties(0).multi_processor_count
    out = torch.zeros(programs * wide, device=DEVICE, dtype=kind)
    taken = seconds(lambda: kernel[(programs,)](out, rounds, wide, num_warps=4))
    return 2 * 8 * wide * rounds * programs / taken


def exact(which: str) -> None:
    """The kernels of a GPU beside the plain formulas on the CPU in double precision."""
    system, ideal = hydrogen_on_copper(*small())
    x = np.stack([start.positions for start in starts(1 if TOY else 4, system, ideal)])
    expected = answers(model(which, "float64", "cpu"), system, x)
    for kernels, precision in (("plain", "float32"), ("fused", "float32"), ("fused", "float64")):
        try:
            found = answers(model(which, precision, kernels=kernels), system, x)
        except Exception as error:  # the other ones may do
            told = f"{type(error).__name__}: {error}"
            tell("failed", section=f"exact:{which}, {kernels} {precision}", why=told[-1500:])
            continue
        energy, force = (float(abs(a - b).max()) for a, b in zip(found, expected, strict=True))
        least = ALLOWED[precision]
        tell("exact", model=which, kernels=f"{kernels} {precision}", energy_eV=energy,
             force_eV_A=force, largest_force=float(abs(expected[1]).max()), allowed=least,
             within=bool(energy < least[0] and force < least[1]))  # fmt: skip


def answers(
    potential: DevicePotential, system: Any, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Energies and forces."""
    return potential.bind(system, len(x)).begin(np.arange(len(x)), x)


def same(which: str) -> None:
    """Whether a replica's bits are the same in a graph, in turns, in another batch, and again."""
    fused: Any = import_module("scatter.potentials.device.fused")
    potential, room = model(which), fused.ROOM
    size, steps = (2, 3) if TOY else (64, 200)
    found, error = {}, 0.0
    for name in ("usual", "graph", "again", "turns", "batch"):
        fused.ROOM = room // 512 if name == "turns" else room
        batch = batch_of(potential, size // 2 if name == "batch" else size)
        began = batch.slots.state.positions[: size // 2].cpu().numpy().copy()
        step = potential.place.stepping(batch) if name == "graph" else batch.step
        for _ in range(steps):
            step()
        found[name] = batch.slots.state.positions[: size // 2].cpu().numpy()
        error = max(error, float(batch.slots.memories["faults"]["error"].max()))
    fused.ROOM, usual = room, found.pop("usual")
    apart = {name: float(abs(x - usual).max()) for name, x in found.items()}
    moved = float(abs(usual - began).max())
    tell("same", model=which, steps=steps, moved_A=moved, energy_error_eV=error, **apart)


def step_of(batch: Batch, step: Callable[[], None]) -> float:
    """Time of a step (s), never far from the start of the batch."""
    before = copies(batch.slots)
    return seconds(step, again=partial(overwrite, batch, before))


def rate(which: str) -> None:
    """Replica-steps a second of the whole engine, by the size of the batch."""
    for size in SIZES:
        potential = model(which)
        batch = batch_of(potential, size)
        taken = step_of(batch, potential.place.stepping(batch))
        finite = float(torch.isfinite(batch.slots.state.energies).double().mean())
        grew = batch.evaluator.grow()
        tell("rate", model=which, size=size, kernels=potential.kernels, ms=1e3 * taken,
             rate=size / taken, us=1e6 * taken / size, finite=finite, grew=grew,
             GB=most_memory())  # fmt: skip
        del batch, potential
        if DEVICE == "cuda":
            torch.cuda.empty_cache()


def most_memory() -> float:
    """GB that tensors have taken on the device, since the last time that this was asked."""
    if DEVICE == "cpu":
        return 0.0
    found = torch.cuda.max_memory_allocated() / 1e9
    torch.cuda.reset_peak_memory_stats()
    return found


def beside(which: str) -> None:
    """The same batch without a graph, and on the plain formulas."""
    size = MIDDLE if which in SMALL else max(1, MIDDLE // 8)
    for kernels in ("fused", "plain"):
        if TOY and kernels == "fused":
            continue
        batch = batch_of(model(which, kernels=kernels), size)
        taken = step_of(batch, batch.step)
        tell("beside", model=which, size=size, what=f"{kernels}, no graph", rate=size / taken)


def kernels(which: str) -> None:
    """Time of each kernel in one step, with arithmetic and least traffic beside the ceilings."""
    size = MIDDLE if which in SMALL else MIDDLE // 4
    potential = model(which)
    batch = batch_of(potential, size)
    if TOY:
        return
    for _ in range(3):
        batch.step()
    spans, untimed = timed()
    for _ in range(10):
        batch.step()
    wait()
    untimed()
    bound = cast(Any, batch.evaluator).bound  # a fused one has it
    share = size / min(size, bound.at_once)
    pairs, active = pairs_of(bound)
    tell("pairs", model=which, directed=pairs, active=active, capacity=bound.capacity,
         at_once=bound.at_once, parts=share)  # fmt: skip
    for name, found in spans.items():
        us = sum(a.elapsed_time(b) for a, b in found) * 1e3 / 10 / size
        flops, moved = work_of(name, bound, pairs, active)
        tell("kernel", model=which, size=size, kernel=name, us=us, launches=len(found) // 10,
             flop=flops, bytes=moved, double=name in DOUBLE)  # fmt: skip


def conditions_of(
    potential: DevicePotential, system: System, limits: Limits, size: int
) -> Conditions:
    """How a batch of so many slots is run, as in `python -m scatter.gpu`."""
    return Conditions(
        system,
        limits.timestep_fs,
        Faults(limits.energy_tolerance_eV, limits.timestep_fs, bounds(system)),
        of_a_diatomic(limits, limits),
        standard(limits.near_A, (), 1, system, size),
        size,
        place=potential.place,
    )


def campaign(which: str) -> None:
    """Trajectories with refill, as in `python -m scatter.gpu`: looked at, read out, refilled."""
    size = 4 if TOY else 4096
    potential = model(which)
    system, ideal = hydrogen_on_copper(*small())
    limits = Limits(0.25, 5.0 if TOY else 250.0, 0.3, 2.25, 6.0, 3.0)
    conditions = conditions_of(potential, system, limits, size)
    some = starts(min(size, 512), system, ideal)

    def many() -> Iterator[Start]:
        for n in range(2 * size):
            one = some[n % len(some)]
            yield Start(n, one.positions, one.momenta, one.masses)

    began, ended, steps, outcomes = time.perf_counter(), 0, 0, {}
    for one in propagate(many(), potential, conditions):
        ended, steps = ended + 1, steps + one.steps
        name = Outcome(one.outcome).name
        outcomes[name] = outcomes.get(name, 0) + 1
    taken = time.perf_counter() - began
    tell("campaign", model=which, slots=size, trajectories=ended, steps=steps, seconds=taken,
         rate=steps / taken, **outcomes)  # fmt: skip


def tune(which: str) -> None:
    """Other sizes of the programs and of the working memory, one change at a time."""
    fused: Any = import_module("scatter.potentials.device.fused")
    family: Any = import_module(model(which).part("fused").__module__)
    size = MIDDLE if which in SMALL else MIDDLE // 8
    for change in TRIED[which]:
        before = {name: getattr(family, name) for name in change if name.isupper()}
        before["launch"], room = family.launch, fused.ROOM
        for name in before.keys() & change.keys():
            setattr(family, name, change[name])
        if "registers" in change:
            family.launch = partial(limited, change["registers"])
        fused.ROOM = change.get("room", room)
        try:
            potential = model(which)
            batch = batch_of(potential, size)
            taken = step_of(batch, potential.place.stepping(batch))
            tell("tune", model=which, size=size, **change, rate=size / taken)
        except Exception as error:  # the others may do
            tell(
                "failed", section=f"tune:{which}, {change}", why=f"{type(error).__name__}: {error}"
            )
        fused.ROOM = room
        for name, value in before.items():
            setattr(family, name, value)


def limited(registers: int, kernel: Any, grid: tuple, *arguments: Any, warps: int) -> None:
    """Start a kernel whose threads have so many registers."""
    kernel[grid](*arguments, num_warps=warps, maxnreg=registers)


def mace_torch(which: str) -> None:
    """The same batch on our kernels, and on a model of that shape in mace-torch where it is."""
    try:
        library, modules = import_module("scatter.mace.mace_torch"), import_module("mace.modules")
    except ImportError as error:
        return tell("mace-torch", left_out=f"mace-torch or what it needs is not there ({error})")
    route = import_module("scatter.mace.device.graphs")
    size = 1 if TOY else (512 if which == "16" else 64)
    batch = batch_of(model(which), size)
    ours = size / step_of(batch, batch.step)
    tell("mace-torch", model=which, size=size, what="ours, no graph", rate=ours)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "random.model"
        torch.save(in_mace_torch(modules, which), file)
        potential = library.MaceTorch(file, DEVICE, "float32", trust_pickle=True)
    for told, step in ways(route, potential, partial(batch_of, potential, size)):
        for _ in range(route.WARM + 1):
            step()
        rate = size / seconds(step)
        tell("mace-torch", model=which, size=size, **told, rate=rate, ours_over_this=ours / rate,
             recorded=bool(getattr(step, "replay", None)))  # fmt: skip


def main() -> None:
    """Run one section: its name, and a model after a colon."""
    section, _, which = sys.argv[1].partition(":")
    found = {
        "ceilings": ceilings, "exact": exact, "same": same, "rate": rate,
        "beside": beside, "kernels": kernels, "campaign": campaign, "tune": tune,
        "mace-torch": mace_torch,
    }  # fmt: skip
    found[section](which)


if __name__ == "__main__":
    main()
