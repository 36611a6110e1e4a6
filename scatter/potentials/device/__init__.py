"""Models on a device of torch's: a GPU, or the CPU to check what a GPU computes.

`potential` opens without torch; the other files need it, and `fused` needs Triton.
"""
