"""What makes the bits of a result beside its input: the code, the machine, the kernel."""

import platform
import subprocess
from pathlib import Path

import scatter
from scatter.kernels import kernel


def provenance() -> dict[str, str]:
    """What makes the bits of a result beside its input: the code, the machine, the kernel."""
    return {
        "kernel": kernel(),
        "version": scatter.__version__,
        "commit": _commit(),
        "machine": f"{platform.node()}, {platform.processor() or platform.machine()}",
    }


def _commit() -> str:
    """The commit of the source tree that runs; empty for an installed package."""
    root = Path(scatter.__file__).parents[1]
    command = ["git", "-C", str(root), "rev-parse", "--show-prefix", "HEAD"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    inside, commit = answer.splitlines()
    return "" if inside else commit  # an environment may lie in a repository of the user's own
