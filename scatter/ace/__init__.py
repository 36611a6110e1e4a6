"""The linear ACE: its files, kernels for CPUs and GPUs, and fits."""
