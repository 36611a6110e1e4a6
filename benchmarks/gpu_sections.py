"""The measurements of `gpu.py`, one section a process: what one breaks, breaks no other.

`gpu.py` starts it. Each section prints lines of JSON that begin with `@`: a name, what was found.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from gpu_ace import linear_ace
from gpu_setting import Limits, hydrogen_on_copper, random_model, starts
from gpu_work import pairs_of, work_of

import scatter
from scatter.dynamics.batch import Batch, Conditions, propagate
from scatter.potentials.device.models import AceDevice, MaceDevice
from scatter.potentials.device.potential import DevicePotential
from scatter.potentials.folded import FoldedMace
from scatter.state import Start

TOY = bool(os.environ.get("SCATTER_TOY"))
DEVICE = "cpu" if TOY else "cuda"
SIZES = (1, 2) if TOY else (64, 256, 1024, 4096, 16384, 32768)
MIDDLE = 2 if TOY else 4096
SMALL = ("16", "ace")  # models that are timed in large batches
EACH_S = 0.1 if TOY else 2.5  # of one timing
TRIED = {  # sizes of programs, and the bytes of working memory
    "16": (("TOGETHER",), ((64, 2**32), (256, 2**32), (128, 2**26), (128, 2**28), (128, 2**30))),
    "ace": (("LANES", "REGISTERS"), (
        (64, 9216, 2**32), (128, 9216, 2**32), (32, 18432, 2**32), (32, 4608, 2**32),
        (32, 9216, 2**28), (32, 9216, 2**30),
    )),
}  # fmt: skip
SHIPPED = Path(scatter.__file__).parent / "models" / "h2_cu.npz"


def tell(name: str, **found: Any) -> None:
    """A line for `gpu.py`."""
    print("@" + json.dumps({"name": name, **found}), flush=True)


def model(
    which: str, precision: str = "float32", device: str = DEVICE, kernels: str | None = None
) -> DevicePotential:
    """A potential: the one that ships, a MACE of so many channels, or an ACE."""
    if which == "ace":
        return AceDevice(linear_ace(TOY), precision, device, kernels=kernels)
    shipped = which == "16"
    folded = FoldedMace.read(SHIPPED) if shipped else random_model(int(which), 6.0, cubic=True)
    return MaceDevice(folded, precision, device, kernels=kernels)


def wait() -> None:
    """Until the device has done what was asked."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def seconds(work: Callable[[], Any], least: int = 3) -> float:
    """Time of one call: the median of chunks that fill `EACH_S`, after three to warm up."""
    for _ in range(3):
        work()
    wait()
    began = time.perf_counter()
    work()
    wait()
    once = max(time.perf_counter() - began, 1e-6)
    calls = max(1, min(200, int(EACH_S / 5 / once)))
    found = []
    while len(found) < least or (sum(found) * calls < EACH_S and len(found) < 50):
        began = time.perf_counter()
        for _ in range(calls):
            work()
        wait()
        found.append((time.perf_counter() - began) / calls)
    return float(np.median(found))


def small() -> tuple[int, int]:
    """Cells and layers of the slab."""
    return (1, 2) if TOY else (3, 6)


def batch_of(potential: DevicePotential, size: int) -> Batch:
    """A batch of the engine, molecules at all heights."""
    system, ideal = hydrogen_on_copper(*small())
    limits = Limits()
    conditions = Conditions(system, limits, limits, size, device=potential.array)
    first = starts(min(size, 256), system, ideal)
    many = [first[n % len(first)] for n in range(size)]
    return Batch(many, potential.bind(system, size), conditions)


def ceilings(_: str) -> None:
    """Bandwidth of a copy, and fused multiply-adds in single precision."""
    if DEVICE == "cpu":
        return tell("ceilings", left_out="there is no GPU")
    properties = torch.cuda.get_device_properties(0)
    tell("machine", device=properties.name, multiprocessors=properties.multi_processor_count,
         memory_GB=round(properties.total_memory / 2**30), torch=torch.__version__,
         triton=import_module("triton").__version__)  # fmt: skip
    one = torch.rand(2**28, device=DEVICE)
    other = torch.empty_like(one)
    copied = 2 * 4 * len(one) / seconds(lambda: other.copy_(one))
    kernel = import_module("gpu_fma").chains
    out = torch.zeros(2**20, device=DEVICE)
    rounds, programs = 2000, 132 * 16
    taken = seconds(lambda: kernel[(programs,)](out, rounds, 512, num_warps=4))
    made = 2 * 8 * 512 * rounds * programs / taken
    tell("ceilings", copy_TB_s=copied / 1e12, fma_Tflop_s=made / 1e12)


def exact(which: str) -> None:
    """The fused kernels in single precision beside the plain formulas on the CPU in double."""
    system, ideal = hydrogen_on_copper(*small())
    x = np.stack([start.positions for start in starts(1 if TOY else 4, system, ideal)])
    expected = answers(model(which, "float64", "cpu"), system, x)
    for kernels in ("plain", "fused"):
        try:
            found = answers(model(which, kernels=kernels), system, x)
        except Exception as error:  # the other one may do
            told = f"{type(error).__name__}: {error}"
            tell("failed", section=f"exact:{which}, {kernels}", why=told[-1500:])
            continue
        energy, force = (float(abs(a - b).max()) for a, b in zip(found, expected, strict=True))
        tell("exact", model=which, kernels=kernels, energy_eV=energy, force_eV_A=force,
             largest_force=float(abs(expected[1]).max()),
             within=bool(energy < 2e-5 and force < 5e-5))  # fmt: skip


def answers(
    potential: DevicePotential, system: Any, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Energies and forces."""
    return potential.bind(system, len(x)).begin(np.arange(len(x)), x)


def same(which: str) -> None:
    """Whether a replica's bits are the same in a graph, in another batch, and the next time."""
    potential = model(which)
    size, steps = (2, 3) if TOY else (64, 200)
    found = []
    for count, graph in ((size, True), (size, False), (size, False), (size // 2, False)):
        batch = batch_of(potential, count)
        step = potential.stepping(batch) if graph else batch.step
        for _ in range(steps):
            step()
        found.append(batch.state.positions[: size // 2].cpu().numpy())
    moved = float(
        abs(found[0] - batch_of(potential, size // 2).state.positions.cpu().numpy()).max()
    )
    names = ("graph", "again", "batch")
    pairs = ((0, 1), (1, 2), (1, 3))
    tell("same", model=which, steps=steps, moved_A=moved, **{
        name: float(abs(found[a] - found[b]).max())
        for name, (a, b) in zip(names, pairs, strict=True)
    })  # fmt: skip


def rate(which: str) -> None:
    """Replica-steps a second of the whole engine, by the size of the batch."""
    for size in SIZES:
        potential = model(which)
        batch = batch_of(potential, size)
        taken = seconds(potential.stepping(batch))
        finite = float(torch.isfinite(batch.state.energies).double().mean())
        tell("rate", model=which, size=size, kernels=potential.kernels, ms=1e3 * taken,
             rate=size / taken, us=1e6 * taken / size, finite=finite)  # fmt: skip
        assert not batch.evaluator.grow(), "a list had no room"
        del batch, potential
        if DEVICE == "cuda":
            torch.cuda.empty_cache()


def beside(which: str) -> None:
    """The same batch without a graph, and on the plain formulas."""
    size = MIDDLE if which in SMALL else max(1, MIDDLE // 8)
    for kernels in ("fused", "plain"):
        if TOY and kernels == "fused":
            continue
        potential = model(which, kernels=kernels)
        taken = seconds(batch_of(potential, size).step)
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
    spans, restore = timed()
    for _ in range(10):
        batch.step()
    wait()
    restore()
    bound = batch.evaluator.bound
    share = size / min(size, bound.at_once)
    pairs, active = pairs_of(bound)
    tell("pairs", model=which, directed=pairs, active=active, capacity=bound.capacity,
         at_once=bound.at_once, parts=share)  # fmt: skip
    for name, found in spans.items():
        us = sum(a.elapsed_time(b) for a, b in found) * 1e3 / 10 / size
        flops, moved = work_of(name, bound, pairs, active)
        tell("kernel", model=which, size=size, kernel=name, us=us, launches=len(found) // 10,
             flop=flops, bytes=moved)  # fmt: skip


def timed() -> tuple[dict[str, list], Callable[[], None]]:
    """Put events around every launch; answers where they are kept, and what takes them away."""
    jit = import_module("triton.runtime.jit").JITFunction
    before, spans = jit.run, {}

    def run(self: Any, *arguments: Any, **options: Any) -> Any:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        answer = before(self, *arguments, **options)
        end.record()
        spans.setdefault(self.__name__, []).append((begin, end))
        return answer

    jit.run = run
    return spans, lambda: setattr(jit, "run", before)


def campaign(which: str) -> None:
    """Trajectories with refill, as in `python -m scatter.gpu`: looked at, read out, refilled."""
    size = 4 if TOY else 4096
    potential = model(which)
    system, ideal = hydrogen_on_copper(*small())
    limits = Limits(
        0.25, 5.0 if TOY else 250.0, 0.3, 2.25, 6.0
    )  # fmt: skip
    conditions = Conditions(
        system, limits, limits, size, potential.every, potential.array, idle=potential.idle,
        stepping=potential.stepping,
    )  # fmt: skip
    some = starts(min(size, 512), system, ideal)

    def many() -> Iterator[Start]:
        for n in range(2 * size):
            one = some[n % len(some)]
            yield Start(n, one.positions, one.momenta, one.masses)

    began, ended, steps, outcomes = time.perf_counter(), 0, 0, {}
    for one in propagate(many(), potential, conditions):
        ended, steps = ended + 1, steps + one.steps
        outcomes[one.outcome.name] = outcomes.get(one.outcome.name, 0) + 1
    taken = time.perf_counter() - began
    tell("campaign", model=which, slots=size, trajectories=ended, steps=steps, seconds=taken,
         rate=steps / taken, **outcomes)  # fmt: skip


def tune(which: str) -> None:
    """Other sizes of the programs and of the working memory."""
    fused = import_module("scatter.potentials.device.fused")
    family = import_module(f"scatter.potentials.device.{model(which).family}_fused")
    names, tried = TRIED[which]
    for *sizes, room in tried:
        fused.ROOM = room
        for name, size in zip(names, sizes, strict=True):
            setattr(family, name, size)
        potential = model(which)
        batch = batch_of(potential, MIDDLE)
        taken = seconds(potential.stepping(batch))
        told = {name.lower(): size for name, size in zip(names, sizes, strict=True)}
        tell("tune", model=which, size=MIDDLE, **told, room_MB=room // 2**20, rate=MIDDLE / taken)


def mace_torch(which: str) -> None:
    """The same batch on our kernels, and on a model of that shape in mace-torch where it is."""
    try:
        library, modules = import_module("scatter.potentials.mace"), import_module("mace.modules")
    except ImportError as error:
        return tell("mace-torch", left_out=f"mace-torch or what it needs is not there ({error})")
    route = import_module("scatter.potentials.device.mace_torch")
    size = 1 if TOY else (512 if which == "16" else 64)
    ours = size / seconds(batch_of(model(which), size).step)
    tell("mace-torch", model=which, size=size, what="ours, no graph", rate=ours)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "random.model"
        torch.save(in_mace_torch(modules, which), file)
        potential = library.MaceTorch(file, DEVICE, "float32", trust_pickle=True)
    for told, step in ways(route, potential, size):
        for _ in range(route.WARM + 1):
            step()
        rate = size / seconds(step)
        tell("mace-torch", model=which, size=size, **told, rate=rate, ours_over_this=ours / rate,
             recorded=bool(getattr(step, "replay", None)))  # fmt: skip


def ways(route: Any, potential: Any, size: int) -> Iterator[tuple[dict, Callable[[], None]]]:
    """Steps on a model of mace-torch: by itself or cuEquivariance, in small or large graphs.

    Each as usual, and on a GPU as a CUDA graph too.
    """
    faster, usual = potential.faster, route.PLACES
    for computing in [None, faster] if faster else [None]:
        for places in [usual] if TOY else [usual, 4 * usual]:
            potential.take_faster(computing)
            route.PLACES = places
            batch = batch_of(potential, size)
            told = {"what": potential.description, "places": places}
            yield told, batch.step
            if DEVICE == "cuda":
                yield told, potential.stepping(batch)


def in_mace_torch(modules: Any, which: str) -> Any:
    """A model of the same shape, with random weights."""
    irreps = import_module("e3nn.o3").Irreps
    cutoff, bessel, smooth, order = (5.0, 3, 4, 2) if which == "16" else (6.0, 10, 5, 3)
    torch.set_default_dtype(torch.float64)
    made = modules.ScaleShiftMACE(
        interaction_cls_first=modules.RealAgnosticInteractionBlock,
        interaction_cls=modules.RealAgnosticResidualInteractionBlock,
        hidden_irreps=irreps(f"{which}x0e"), MLP_irreps=irreps("16x0e"), max_ell=3,
        gate=torch.nn.functional.silu, num_interactions=2, avg_num_neighbors=30.0,
        atomic_inter_scale=0.6, atomic_inter_shift=0.1, num_elements=2, atomic_numbers=[1, 29],
        atomic_energies=np.zeros(2), r_max=cutoff, num_bessel=bessel,
        num_polynomial_cutoff=smooth, correlation=order,
    )  # fmt: skip
    torch.set_default_dtype(torch.float32)
    return made


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
