"""How near one force evaluation is to what one core can do.

    python benchmarks/roofline.py MODEL.npz [--output docs/roofline]

Measures this core (`machine.py`), counts the work of an evaluation of a converted model from its
shape and its pairs, times it (64 replicas of 56 atoms, one thread) as a whole and by its stages,
and writes a roofline figure and one JSON line. The terms of the count are those of `work` below,
stage by stage; their symbols are those of `docs/theory_mace.md`.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
from force_evaluation import SLOTS, hydrogen_on_copper
from machine import LEVELS, bandwidth, least, peak
from matplotlib.figure import Figure
from stages import stage_times

from scatter.kernels import kernel
from scatter.mace.cpu import MaceFused
from scatter.mace.file import FoldedMace
from scatter.mace.kernels.nodes import CUBIC
from scatter.plots.style import PALETTE, COLUMN_mm, paper_style, save
from scatter.potentials.replicas import Replicas

PRECISIONS = ("float32", "float64")
ROWS, TERMS, SLOPE_TERMS = 16, 6, 5  # a_lm of a channel; coefficients of a spline and of its slope


@dataclass(frozen=True)
class Shape:
    """What the work depends on; pairs are within the cutoff, and of one replica on average.

    Attributes:
        atoms: N.
        channels: C.
        hidden: H, units of the readout.
        pairs: with an atom that moves.
        unlike: those of them of two species, which read two tables in layer 1.
        frozen: pairs of two frozen atoms.
        listed: pairs in the Verlet list.
        cubic: terms of all invariants of three features; 0 without.
        bytes: of a number.
    """

    atoms: int
    channels: int
    hidden: int
    pairs: float
    unlike: float
    frozen: float
    listed: float
    cubic: int
    bytes: int


def shape(model: FoldedMace, evaluator: Replicas, positions: np.ndarray, precision: str) -> Shape:
    """The shape of an evaluation whose lists have been made."""
    lists, moving, species = evaluator.lists, evaluator.system.moving, evaluator.evaluate.species
    counts = np.zeros(3)
    for slot, x in enumerate(positions):
        n = lists.counts[slot]
        i, j = lists.first[slot, :n], lists.second[slot, :n]
        near = np.linalg.norm(x[j] - x[i] + lists.shift[slot, :n], axis=1) < model.cutoff
        free = near & (moving[i] | moving[j])
        counts += free.sum(), (free & (species[i] != species[j])).sum(), (near & ~free).sum()
    pairs, unlike, frozen = (counts / len(positions)).tolist()
    cubic = sum(map(len, CUBIC)) if model.cubic else 0
    return Shape(
        len(evaluator.system), model.channels, len(model.energy_2), pairs, unlike, frozen,
        float(lists.counts.mean()), cubic, np.dtype(precision).itemsize,
    )  # fmt: skip


def work(s: Shape) -> dict[str, tuple[float, float]]:
    """Flop and bytes of each stage, where a multiply-add is two flop.

    Bytes are what registers are filled from and emptied to, whichever cache answers. For one
    channel of one pair, with spline = 4 x 11 flop (a product and five multiply-adds for each l)
    and 24 coefficients, slope = 4 x 9 flop and 20, deliver = 16 rows x 2 atoms x 2 flop with 16
    rows read and written, s_l = 27 flop an atom and 16 rows read:

    - messages 1: spline (two for unlike pairs) and deliver;
    - messages 2: spline, R g both ways (8) and deliver; also for pairs of frozen atoms;
    - back 2: spline, s_l of both (54), ḡ of both (16); with forces also slope, g s_l (12), R g
      (8), ∂E/∂p_lm (16 x 3), ∂E/∂r (7), ∂E/∂n (27 x 2), and the sum over channels (4);
    - back 1: spline and slope (two for unlike pairs), s_l of both (54), ∂E/∂r (15), ∂E/∂p_lm
      (48), ∂E/∂n (54), sum (4).

    For one pair, whatever the channels: geometry, 12 for the distance and its inverse, 27 for the
    harmonics, 6 x 10 and 5 x 8 for the weights of the splines, and 30 to turn ∂E/∂r and ∂E/∂n
    into forces; 7 for each listed pair whose distance is taken. For one atom: invariants of two
    layers, forth (57 C, and 4 C for each term of those of three features) and back (53 C and 10 C
    for each term), `up` forth and back (4 C²), M_l forth and back (64 C²), readout (8 C H).
    """
    row = s.channels * s.bytes
    spline, slope, deliver, channels = 44, 36, 64, s.channels
    tables = s.pairs + s.unlike  # read by the pairs of layer 1
    every = s.pairs + s.frozen
    tile = 28 * s.bytes  # numbers of a pair that are read back, or written
    products = 2 * channels * (57 + 53 + 14 * s.cubic)
    matrices = 4 * channels**2 + 64 * channels**2 + 8 * channels * s.hidden
    return {
        "pairs": (7 * s.listed + 169 * s.pairs, 32 * s.listed + (tile + 2 * 24) * s.pairs),
        "messages 1": (
            channels * (spline * tables + deliver * s.pairs),
            row * (4 * TERMS * tables + 2 * ROWS * s.pairs) + tile * s.pairs,
        ),
        "atoms": (
            s.atoms * (products + matrices),
            s.atoms * (7 * ROWS * row + (2 + 8) * channels * row + 4 * s.hidden * row),
        ),
        "messages 2": (
            channels * (spline + 8 + deliver) * every,
            (row * (4 * TERMS + 1 + 2 * ROWS) + tile) * every,
        ),
        "back 2": (
            channels * ((spline + 70) * every + (slope + 12 + 8 + 48 + 7 + 54 + 4) * s.pairs),
            (row * (4 * TERMS + ROWS + 2) + tile) * every + row * (4 * SLOPE_TERMS + 1) * s.pairs,
        ),
        "back 1": (
            channels * ((spline + slope) * tables + (54 + 15 + 48 + 54 + 4) * s.pairs),
            row * (4 * (TERMS + SLOPE_TERMS) * tables + ROWS * s.pairs) + tile * s.pairs,
        ),
    }


def compulsory(s: Shape) -> float:
    """Bytes that one of many replicas cannot do without: positions, forces, and its pair list."""
    return 2 * 24 * s.atoms + 32 * s.listed


def measured(file: Path, precision: str, levels: dict[str, float]) -> dict:
    """Times, counts and floors of an evaluation in this precision."""
    system, positions = hydrogen_on_copper(SLOTS)
    potential = MaceFused.read(file, precision)
    evaluator = potential.bind(system, SLOTS)
    evaluator(positions)
    taken = least(lambda: evaluator(positions)) / SLOTS
    here = shape(potential.folded, evaluator, positions, precision)
    counted, highest = work(here), peak(precision)
    flop, moved = (sum(each) for each in zip(*counted.values(), strict=True))
    times = stage_times(evaluator, positions)
    floors = {
        name: max(flop / highest, moved / levels["L1"]) for name, (flop, moved) in counted.items()
    }
    found = {
        "ms": 1e3 * taken, "Mflop": flop / 1e6, "MB_moved": moved / 1e6,
        "kB_compulsory": compulsory(here) / 1e3, "peak_Gflop_per_s": highest / 1e9,
        "Gflop_per_s": flop / taken / 1e9, "of_peak": flop / taken / highest,
        "arithmetic_ms": 1e3 * flop / highest, "L1_ms": 1e3 * moved / levels["L1"],
        "L2_ms": 1e3 * moved / levels["L2"],
        "memory_ms": 1e3 * compulsory(here) / levels["memory"],
        **{f"{name} ms": 1e3 * each for name, each in times.items()},
        **{f"{name} floor ms": 1e3 * each for name, each in floors.items()},
        "pairs": here.pairs, "unlike": here.unlike, "frozen_pairs": here.frozen,
        "pairs_listed": here.listed, "channels": here.channels, "hidden": here.hidden,
    }  # fmt: skip
    return {name: float(f"{value:.4g}") for name, value in found.items()}


def drawn(found: dict[str, dict], levels: dict[str, float], path: Path) -> None:
    """The roofline: what each memory and the arithmetic allow, and where we are."""
    x = np.geomspace(0.05, 2000, 200)
    with paper_style():
        figure = Figure(figsize=(COLUMN_mm / 25.4, 0.75 * COLUMN_mm / 25.4), layout="constrained")
        axes = figure.add_subplot()
        for line, (name, speed) in zip(("-", "--", ":"), levels.items(), strict=True):
            label = f"{name}, {speed / 1e9:.0f} GB/s"
            highest = max(each["peak_Gflop_per_s"] for each in found.values())
            below = x[speed / 1e9 * x < highest]
            axes.plot(below, speed / 1e9 * below, line, color="0.4", label=label)
        for (precision, each), color in zip(found.items(), PALETTE, strict=False):
            top, here = each["peak_Gflop_per_s"], each["Gflop_per_s"]
            axes.axhline(top, color=color, lw=0.6)
            axes.text(x[-1], 1.05 * top, f"{precision}: {top:.0f} Gflop/s", ha="right", color=color)
            moved = each["Mflop"] / each["MB_moved"]
            axes.plot(moved, here, "o", color=color, label=f"{precision}, {each['ms']:.3f} ms")
            axes.plot(1e3 * each["Mflop"] / each["kB_compulsory"], here, "o", color=color, mfc="w")
        axes.set(xscale="log", yscale="log", xlim=(x[0], x[-1]), ylim=(5, 1000))
        axes.set(xlabel="flop per byte", ylabel="Gflop/s")
        axes.legend(frameon=False, loc="lower right")
        save(figure, path)
    path.with_name(f"{path.name}.pdf").unlink()


def main() -> None:
    """Measure, draw, and print."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("model", type=Path, help="made by `scatter convert`")
    reader.add_argument("--output", type=Path, default=Path("roofline"), help="without .png")
    given = reader.parse_args()
    numba.set_num_threads(1)
    levels = {name: bandwidth(name) for name in LEVELS}
    found = {precision: measured(given.model, precision, levels) for precision in PRECISIONS}
    drawn(found, levels, given.output)
    line = {
        "benchmark": "roofline", "model": given.model.name, "batch": SLOTS, "threads": 1,
        "GB_per_s": {name: round(speed / 1e9, 1) for name, speed in levels.items()},
        **found, "machine": kernel(),
    }  # fmt: skip
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
