"""Compiled loops: arrays in, arrays out, no objects."""


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
