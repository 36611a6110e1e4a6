"""Models on a device of torch's: a GPU, or the CPU to check what a GPU computes.

`potential` and `models` open without torch; the other files need it, and `fused` needs Triton.
"""
