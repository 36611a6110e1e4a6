"""Kernels of the GPU run in Triton's interpreter here, which is chosen when they are imported."""

import os

os.environ["TRITON_INTERPRET"] = "1"
