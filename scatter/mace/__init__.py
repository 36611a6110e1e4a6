"""The MACE models: their files, conversion, kernels for CPUs and GPUs, and training."""
