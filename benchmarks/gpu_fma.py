"""Fused multiply-adds in Triton, eight chains side by side: the ceiling of `gpu.py`."""

import triton
import triton.language as tl


@triton.jit
def chains(out, rounds, SIZE: tl.constexpr):
    """Eight multiply-adds a round and element, none of which waits for another."""
    at = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    a = tl.load(out + at)
    b, c, d, e = a + 1.0, a + 2.0, a + 3.0, a + 4.0
    f, g, h = a + 5.0, a + 6.0, a + 7.0
    for _ in range(0, rounds):
        a, b = a * 0.999 + 0.5, b * 0.999 + 0.5
        c, d = c * 0.999 + 0.5, d * 0.999 + 0.5
        e, f = e * 0.999 + 0.5, f * 0.999 + 0.5
        g, h = g * 0.999 + 0.5, h * 0.999 + 0.5
    tl.store(out + at, a + b + c + d + e + f + g + h)
