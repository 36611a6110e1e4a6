"""Compiled loops: arrays in, arrays out, no objects."""

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from warnings import warn


def vector_bits() -> int:
    """Width of this processor's vectors: 512 with AVX-512, 256 with AVX2, else 128."""
    import llvmlite.binding as llvm  # here, for the kernels of a GPU need neither

    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 512
    return 256 if features.get("avx2") else 128


def kernel() -> str:
    """What the compiled code depends on; with another kernel, last bits may differ."""
    import llvmlite.binding as llvm
    import numba

    return f"{llvm.get_host_cpu_name()}, {vector_bits()}-bit vectors, numba {numba.__version__}"


def lanes(bits: int) -> int:
    """How many numbers of this size a register of this machine holds, and four at least."""
    return max(4, vector_bits() // bits)


def _let_numba_keep_what_it_compiles() -> None:
    """Where neither this folder nor the user's cache can be written, a folder of this process.

    What numba keeps is code, so a folder that others could fill is none to look into.
    """
    import numba
    from numba.core import config

    def tried() -> None:
        """Has nothing to do."""

    try:
        numba.njit(cache=True)(tried)
    except RuntimeError:
        place = tempfile.mkdtemp(prefix="scatter-numba-")
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        os.environ["NUMBA_CACHE_DIR"] = place
        config.reload_config()
        warn(
            "compiled kernels cannot be kept and will be compiled at every start; set "
            "NUMBA_CACHE_DIR to a folder of your own that can be written",
            stacklevel=2,
        )


with suppress(ImportError):  # the kernels of a GPU do without numba
    _let_numba_keep_what_it_compiles()
