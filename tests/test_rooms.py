"""Which room may import which library; what rooms import of one another is import-linter's."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import finished

import scatter

PACKAGE = Path(scatter.__file__).parent


def imports(file: Path) -> Iterator[str]:
    """Top-level names of all that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("h5py", {"store", "results"}),
        ("matplotlib", {"plots"}),
        ("mpi4py", {"campaign"}),
        ("jinja2", {"report"}),
        ("PIL", {"report"}),
        ("triton", {"kernels", "mace", "ace"}),
    ],
)
def test_a_library_is_imported_in_one_room(library, rooms):
    files = [
        file.relative_to(PACKAGE) for file in PACKAGE.rglob("*.py") if library in imports(file)
    ]
    assert {file.with_suffix("").parts[0] for file in files} == rooms


@pytest.mark.slow
def test_triton_stays_with_the_kernels_of_a_gpu():
    files = [file for file in PACKAGE.rglob("*.py") if "triton" in imports(file)]
    assert {file.parent.parts[-2:] for file in files} == {("kernels", "gpu")}


def test_every_module_imports_where_torch_is_not_installed():
    """But for the kernels of a GPU, and what the potentials there open them with."""
    program = """
import importlib, pkgutil, sys

class Absent:
    def find_spec(name, path, target=None):
        if name.partition(".")[0] in ("torch", "mace", "e3nn", "triton"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent)
import scatter
for module in pkgutil.walk_packages(scatter.__path__, "scatter."):
    needs_torch = ".kernels.gpu." in module.name or ".device." in module.name
    if module.name.endswith(".device.potential") or not needs_torch:
        importlib.import_module(module.name)
"""
    ended = finished([sys.executable, "-c", program])
    assert ended.returncode == 0, ended.stderr
