"""What the kernels of a model take on a GPU that is not here, as a benchmark tells."""

import json
import os
import sys
from pathlib import Path

from processes import finished

INSTRUCTIONS = Path(__file__).parents[2] / "benchmarks" / "gpu_instructions.py"


def compiled(model, folder, precision="float32"):
    """A row for each kernel, compiled for an H100 in a process that does not interpret."""
    model.write(folder / "model.npz")
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    environment |= {"TRITON_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, INSTRUCTIONS, folder / "model.npz", "--json"]
    ended = finished([*command, "--precision", precision], env=environment)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout)
