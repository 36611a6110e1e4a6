"""Real harmonics of any degree on a GPU, and the way back through them.

The symbols and recursions are those of `scatter.ace.kernels.harmonics`. Tuples hold p_lm row by
row, Q_lm by m and then l, and c_m and s_m from m = 1 on; loops over l and m unroll.
"""

import triton
import triton.language as tl


@triton.jit
def _around(x, y, DEGREE: tl.constexpr):
    """c_m and s_m for m from one up to the degree."""
    c, s = (x,), (y,)
    for m in tl.static_range(1, DEGREE):
        c, s = c + (x * c[m - 1] - y * s[m - 1],), s + (x * s[m - 1] + y * c[m - 1],)
    return c, s


@triton.jit
def _along(z, DEGREE: tl.constexpr):
    """Q_lm for 0 ≤ m ≤ l up to the degree."""
    top = tl.zeros_like(z) + 1.0
    q = (top,)
    for m in tl.static_range(DEGREE + 1):
        if m > 0:
            top = top * (2 * m - 1)
            q = q + (top,)
        if m < DEGREE:
            q = q + (z * (2 * m + 1) * top,)
        for n in tl.static_range(m + 2, DEGREE + 1):
            before = q[-2] * ((n + m - 1) / (n - m))
            q = q + (q[-1] * z * ((2 * n - 1) / (n - m)) - before,)
    return q


@triton.jit
def _q(q, N: tl.constexpr, M: tl.constexpr, DEGREE: tl.constexpr):
    """Q_lm of the tuple."""
    return q[M * (DEGREE + 1) - (M * (M - 1)) // 2 + N - M]


@triton.jit
def _polynomial(c, s, q, N: tl.constexpr, M: tl.constexpr, DEGREE: tl.constexpr):
    """p_lm."""
    if M == 0:
        p = _q(q, N, 0, DEGREE)
    elif M > 0:
        p = c[M - 1] * _q(q, N, M, DEGREE)
    else:
        p = s[-M - 1] * _q(q, N, -M, DEGREE)
    return p


@triton.jit
def polynomials(x, y, z, DEGREE: tl.constexpr):
    """p_lm for l up to the degree; the first is one."""
    c, s = _around(x, y, DEGREE)
    q = _along(z, DEGREE)
    p = (q[0],)
    for n in tl.static_range(1, DEGREE + 1):
        for k in tl.static_range(2 * n + 1):
            p = p + (_polynomial(c, s, q, n, k - n, DEGREE),)
    return p


@triton.jit
def _sum(bars, q, FIRST: tl.constexpr, M: tl.constexpr, RISE: tl.constexpr, DEGREE: tl.constexpr):
    """Σ_l bar_lm Q_l,|m|+RISE over l from FIRST on; zero where there is none."""
    total = tl.zeros_like(bars[0])
    for n in tl.static_range(FIRST, DEGREE + 1):
        if M < 0:
            total += bars[n * n + n + M] * _q(q, n, -M + RISE, DEGREE)
        else:
            total += bars[n * n + n + M] * _q(q, n, M + RISE, DEGREE)
    return total


@triton.jit
def pull(x, y, z, bars, DEGREE: tl.constexpr):
    """∂E/∂n = Σ_lm bar_lm ∂p_lm/∂n, given ∂E/∂p_lm."""
    c, s = _around(x, y, DEGREE)
    q = _along(z, DEGREE)
    by_x, by_y = tl.zeros_like(bars[0]), tl.zeros_like(bars[0])
    by_z = _sum(bars, q, 1, 0, 1, DEGREE)
    for m in tl.static_range(1, DEGREE + 1):
        of_c = _sum(bars, q, m, m, 0, DEGREE) * m
        of_s = _sum(bars, q, m, -m, 0, DEGREE) * m
        if m == 1:
            by_x, by_y = of_c, of_s
        else:
            by_x += of_c * c[m - 2] + of_s * s[m - 2]
            by_y += of_s * c[m - 2] - of_c * s[m - 2]
        if m < DEGREE:
            by_z += _sum(bars, q, m + 1, m, 1, DEGREE) * c[m - 1]
            by_z += _sum(bars, q, m + 1, -m, 1, DEGREE) * s[m - 1]
    return by_x, by_y, by_z
