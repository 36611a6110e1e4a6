"""Compile every kernel of a fused potential for a GPU that is not here, and print what each takes.

    python compiled.py MODEL.npz [precision] [capability]

Triton brings its own assembler, so that what its interpreter does not see (types, layouts, room in
registers) is seen without a GPU. One JSON object: of each kernel its registers, and bytes spilled.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

from scatter.potentials.device.models import read_model
from scatter.state import System

KINDS = {
    torch.float32: "*fp32", torch.float64: "*fp64", torch.int32: "*i32", torch.int64: "*i64",
}  # fmt: skip


def kind_of(value):
    if isinstance(value, torch.Tensor):
        return KINDS[value.dtype]
    assert isinstance(value, int), f"{value!r} would be rounded to single precision"
    return "i32"


def compiled(function, arguments, warps, capability):
    """Registers and spilled bytes of a kernel; of a one Triton makes a constant."""
    signature, constants, attributes = {}, {}, {}
    for place, (parameter, value) in enumerate(zip(function.params, arguments, strict=True)):
        if parameter.is_constexpr or (isinstance(value, int) and value == 1):
            signature[parameter.name], constants[parameter.name] = "constexpr", value
        else:
            signature[parameter.name] = kind_of(value)
            if isinstance(value, torch.Tensor):
                attributes[place,] = [["tt.divisibility", 16]]
    source = ASTSource(function, signature, constants, attributes)
    target = GPUTarget("cuda", capability, 32)
    binary = triton.compile(source, target=target, options={"num_warps": warps})
    return {"registers": binary.asm["cubin"], "shared": binary.metadata.shared}


def resources(cubin):
    tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        command = [str(tool), "--dump-resource-usage", file.name]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"REG:(\d+) STACK:(\d+)", told)
    return int(found[1]), int(found[2])


def main():
    kind, model = read_model(Path(sys.argv[1]))
    precision = sys.argv[2] if len(sys.argv) > 2 else "float32"
    capability = int(sys.argv[3]) if len(sys.argv) > 3 else 90
    found = {}

    def instead(function, *arguments, grid, warmup, num_warps=4, **options):
        assert not options
        took = compiled(function, arguments, num_warps, capability)
        registers, stack = resources(took["registers"])
        size = found.setdefault(function.__name__, [])
        size.append({"registers": registers, "stack": stack, "shared": took["shared"]})

    JITFunction.run = instead
    atoms = np.zeros((1, 56, 3))
    atoms[0, :, 2] = 3.0 * np.arange(56)
    numbers = np.full(56, model.numbers[-1])
    system = System(numbers, 200 * np.eye(3), (True, True, True), np.arange(56) > 17)
    potential = kind(model, precision, "cpu", kernels="fused")
    fused = potential.bind(system, 1).bound
    fused.make_room(70)
    fused(torch.tensor(atoms))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
