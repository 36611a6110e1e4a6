"""Time the engine on a GPU: one call of under ten minutes, and a table at its end.

    python3 benchmarks/gpu.py [--seconds 540] [--ace MODEL.npz] [--toy]

It needs NumPy, torch and Triton alone. Every section is a process of its own with a time limit, and
one that fails says why. The linear ACE has random products of the default shape, unless a file is
named. mace-torch is timed beside our kernels where it can be imported, with cuEquivariance too
where that can, with a CUDA graph and without. `--toy` runs all of it at the size of a toy on a CPU,
in Triton's interpreter. The last line is JSON with all that was measured.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = {  # and the most seconds that each may take
    "ceilings": 60, "exact:16": 120, "exact:ace": 90, "same:16": 90, "same:ace": 60,
    "rate:16": 120, "rate:ace": 90, "kernels:16": 60, "kernels:ace": 60, "campaign:16": 90,
    "exact:128": 150, "campaign:ace": 60, "beside:16": 60, "beside:ace": 60, "rate:128": 150,
    "kernels:128": 60, "beside:128": 60, "tune:16": 120, "tune:ace": 60,
    "mace-torch:16": 90, "mace-torch:128": 90,
}  # fmt: skip
TOY_SECTIONS = {name: 300 for name in SECTIONS if name.split(":")[0] not in ("tune", "kernels")}


def measured(section: str, limit: float, toy: bool) -> list[dict]:
    """What a section told, and how it failed if it did."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])
    environment = {**os.environ, "PYTHONPATH": paths}
    if toy:
        environment |= {"SCATTER_TOY": "1", "TRITON_INTERPRET": "1"}
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu_sections.py"), section]
    began = time.monotonic()
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=limit
        )
        told, failed = ended.stdout, ended.stderr[-1500:] if ended.returncode else ""
    except subprocess.TimeoutExpired as error:
        told = error.stdout.decode() if isinstance(error.stdout, bytes) else error.stdout or ""
        failed = f"took longer than {limit:.0f} s"
    found = [json.loads(line[1:]) for line in told.splitlines() if line.startswith("@")]
    if failed:
        found.append({"name": "failed", "section": section, "why": failed})
    print(f"{section}: {time.monotonic() - began:.0f} s{'  FAILED' if failed else ''}", flush=True)
    return found


def table(found: list[dict]) -> str:
    """All of it, for people."""
    ceilings = next((one for one in found if one["name"] == "ceilings"), {})
    lines = [
        f"{one['section']} failed:\n{one['why']}\n" for one in found if one["name"] == "failed"
    ]
    for one in found:
        if line := sentence(one, ceilings):
            lines.append(line)
    return "\n".join(lines)


def sentence(one: dict, ceilings: dict) -> str:
    """One line of the table."""
    if one["name"] == "kernel":
        return kernel(one, ceilings)
    if one["name"] == "exact":
        word = "within" if one["within"] else "NOT WITHIN"
        return (
            f"exact {one['model']:>3} {one['kernels']}: {one['energy_eV']:.1e} eV, "
            f"{one['force_eV_A']:.1e} eV/Å ({word} 2e-5, 5e-5; forces up to "
            f"{one['largest_force']:.2g})"
        )
    if one["name"] == "rate":
        return (
            f"rate {one['model']:>4} {one['kernels']}, {one['size']:6d} replicas: "
            f"{one['rate']:12,.0f} replica-steps/s, {one['ms']:9.3f} ms a step, "
            f"{one['us']:8.3f} µs each, {one['finite']:.0%} finite"
        )
    if one["name"] == "failed":
        return ""
    rest = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in one.items() if k != "name"}
    return f"{one['name']}: " + ", ".join(f"{key} {value}" for key, value in rest.items())


def kernel(one: dict, ceilings: dict) -> str:
    """A kernel beside the ceilings."""
    seconds = one["us"] * 1e-6
    flops = one["flop"] / seconds / 1e12 if seconds else 0.0
    moved = one["bytes"] / seconds / 1e12 if seconds else 0.0
    return (
        f"kernel {one['model']:>3} {one['kernel']:18s} {one['us']:8.4f} µs a replica: {flops:6.2f} "
        f"Tflop/s ({flops / ceilings.get('fma_Tflop_s', 1e9):4.0%}), {moved:6.3f} TB/s "
        f"({moved / ceilings.get('copy_TB_s', 1e9):4.0%})"
    )


def main() -> None:
    """Run the sections as long as there is time, and tell what came out."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--seconds", type=float, default=540, help="that all of it may take")
    reader.add_argument("--ace", type=Path, help="a linear ACE instead of the random one")
    reader.add_argument("--toy", action="store_true", help="on a CPU, to see that it runs")
    reader.add_argument("--sections", nargs="+", help="these alone")
    given = reader.parse_args()
    if given.ace:
        os.environ["SCATTER_ACE"] = str(given.ace.resolve())
    until, found = time.monotonic() + given.seconds, []
    wanted = TOY_SECTIONS if given.toy else SECTIONS
    for section in given.sections or wanted:
        limit = wanted.get(section, 60)
        left = until - time.monotonic()
        if left < 15:
            found.append({"name": "failed", "section": section, "why": "no time was left"})
            continue
        found += measured(section, min(limit, left), given.toy)
    print(f"\n{table(found)}\n{json.dumps(found)}")


if __name__ == "__main__":
    main()
