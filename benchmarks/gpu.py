"""Time the engine on a GPU: one call of under ten minutes, and a table at its end.

    python3 benchmarks/gpu.py [--seconds 540] [--json FILE] [--ace MODEL.npz] [--today] [--toy]

It needs NumPy, torch and Triton alone. Every section is a process of its own with a time limit, and
one that fails says why. The linear ACE has random products of the default shape, unless a file is
named. `--today` times MACE models of 128 channels with densities, and with vectors too, instead.
mace-torch is timed beside our kernels where it can be imported, with cuEquivariance too where that
can, with a CUDA graph and without. `--toy` runs all of it at the size of a toy on a CPU, in
Triton's interpreter. The table is all that is printed last, within what a terminal keeps; `--json`
names a file for all that was measured, written anew after every section. Exit code 3: a section
failed, or is not exact.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
# What matters most comes first, and the most seconds that each may take; the first one reads torch.
SECTIONS = {
    "ceilings": 120, "exact:16": 60, "exact:ace": 45, "same:16": 45, "same:ace": 45,
    "rate:16": 60, "rate:ace": 60, "kernels:16": 30, "kernels:ace": 30, "campaign:16": 60,
    "exact:128": 75, "campaign:ace": 45, "rate:128": 75, "kernels:128": 30, "beside:16": 40,
    "beside:ace": 40, "beside:128": 40, "tune:16": 75, "tune:ace": 75, "tune:128": 75,
    "mace-torch:16": 75, "mace-torch:128": 75,
}  # fmt: skip
TODAY = {  # models with densities and with vectors, which `--today` times instead
    "ceilings": 120, "exact:dense": 75, "exact:vectors": 75, "same:vectors": 60, "rate:dense": 75,
    "rate:vectors": 75, "kernels:vectors": 45, "kernels:dense": 30, "beside:vectors": 40,
    "campaign:vectors": 60, "tune:vectors": 75, "mace-torch:vectors": 75, "mace-torch:dense": 75,
}  # fmt: skip
UNTOYED = ("tune", "kernels")
TAKEN_BACK_S = 5.0  # that a process may take to end when it is told to
TOLD = 400  # characters of a failure in the table


def measured(section: str, limit: float, toy: bool) -> list[dict]:
    """What a section told, and how it failed if it did."""
    paths = [str(ROOT), str(ROOT / "benchmarks"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if toy:
        environment |= {"SCATTER_TOY": "1", "TRITON_INTERPRET": "1"}
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu_sections.py"), section]
    began = time.monotonic()
    with TemporaryDirectory() as folder:  # not pipes, which a compiler left behind would hold open
        out, err = Path(folder) / "out", Path(folder) / "err"
        with out.open("w") as told, err.open("w") as complained:
            process = subprocess.Popen(
                command, stdout=told, stderr=complained, env=environment, start_new_session=True
            )
            late = not ended(process, limit)
        said = err.read_text(errors="replace").strip()
        lines = out.read_text(errors="replace").splitlines()
    found = [json.loads(line[1:]) for line in lines if line.startswith("@") and line[-1] == "}"]
    if late or process.returncode:
        why = f"took longer than {limit:.0f} s" if late else f"exit code {process.returncode}"
        found.append({"name": "failed", "section": section, "why": f"{said[-1500:]}\n{why}"})
    elif "without a CUDA graph" in said:
        found.append({"name": "failed", "section": section, "why": said[-1500:]})
    failed = "  FAILED" if any(one["name"] == "failed" for one in found) else ""
    print(f"{section}: {time.monotonic() - began:.0f} s{failed}", flush=True)
    return found


def ended(process: subprocess.Popen, limit: float) -> bool:
    """Wait for a process that may take so long (s); one that takes longer is ended, with its own.

    A process that hangs in a driver may not end at all, and is not waited for.
    """
    try:
        process.wait(limit)
        return True
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(TAKEN_BACK_S)
    except subprocess.TimeoutExpired:
        print(f"process {process.pid} does not end", flush=True)
    return False


def table(found: list[dict]) -> str:
    """All of it, for people."""
    ceilings = next((one for one in found if one["name"] == "ceilings"), {})
    lines = [sentence(one, ceilings) for one in found if one["name"] != "failed"]
    lines += [
        f"FAILED {one['section']}: {one['why'][-TOLD:]}" for one in found if one["name"] == "failed"
    ]
    return "\n".join(lines)


def sentence(one: dict, ceilings: dict) -> str:
    """One line of the table."""
    if one["name"] == "kernel":
        return kernel(one, ceilings)
    if one["name"] == "exact":
        word = "within" if one["within"] else "NOT WITHIN"
        return (
            f"exact {one['model']:>3} {one['kernels']}: {one['energy_eV']:.1e} eV, "
            f"{one['force_eV_A']:.1e} eV/Å ({word} {one['allowed'][0]:.0e}, "
            f"{one['allowed'][1]:.0e}; forces up to {one['largest_force']:.2g})"
        )
    if one["name"] == "rate":
        grew = ", A LIST HAD NO ROOM" if one["grew"] else ""
        return (
            f"rate {one['model']:>3} {one['kernels']} {one['size']:6d}: {one['rate']:12,.0f} "
            f"replica-steps/s, {one['ms']:9.3f} ms a step, {one['us']:8.3f} µs each, "
            f"{one['GB']:.1f} GB, {one['finite']:.0%} finite{grew}"
        )
    rest = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in one.items() if k != "name"}
    return f"{one['name']}: " + ", ".join(f"{key} {value}" for key, value in rest.items())


def kernel(one: dict, ceilings: dict) -> str:
    """A kernel beside the ceilings."""
    seconds = one["us"] * 1e-6
    flops = one["flop"] / seconds / 1e12 if seconds else 0.0
    moved = one["bytes"] / seconds / 1e12 if seconds else 0.0
    most = ceilings.get("fma64_Tflop_s" if one["double"] else "fma_Tflop_s", 1e9)
    return (
        f"kernel {one['model']:>3} {one['kernel']:17s} {one['us']:8.4f} µs {flops:6.2f} Tflop/s "
        f"({flops / most:4.0%}) {moved:6.3f} TB/s ({moved / ceilings.get('copy_TB_s', 1e9):4.0%})"
    )


def sound(found: list[dict]) -> bool:
    """Whether every section told what it was asked, and all that should be exact is."""
    return all(one["name"] != "failed" and one.get("within", True) for one in found)


def main() -> int:
    """Run the sections as long as there is time, and tell what came out; answers the exit code."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--seconds", type=float, default=540, help="that all of it may take")
    reader.add_argument("--json", type=Path, help="a file for all that was measured")
    reader.add_argument("--ace", type=Path, help="a linear ACE instead of the random one")
    reader.add_argument("--today", action="store_true", help="MACE with densities and vectors")
    reader.add_argument("--toy", action="store_true", help="on a CPU, to see that it runs")
    reader.add_argument("--sections", nargs="+", help="these alone")
    given = reader.parse_args()
    if given.ace:
        os.environ["SCATTER_ACE"] = str(given.ace.resolve())
    until, found = time.monotonic() + given.seconds, []
    limits = SECTIONS | TODAY
    wanted = [*(TODAY if given.today else SECTIONS)]
    if given.toy:
        limits = dict.fromkeys(limits, 300)
        wanted = [name for name in wanted if name.split(":")[0] not in UNTOYED]
    for section in given.sections or wanted:
        left = until - time.monotonic() - TAKEN_BACK_S
        if left < 15:
            found.append({"name": "failed", "section": section, "why": "no time was left"})
        else:
            found += measured(section, min(limits.get(section, 60), left), given.toy)
        if given.json:
            given.json.write_text(json.dumps(found, indent=1))
    print(f"\n{table(found)}", flush=True)
    return 0 if sound(found) else 3


if __name__ == "__main__":
    sys.exit(main())
