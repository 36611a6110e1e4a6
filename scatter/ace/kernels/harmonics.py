"""Real harmonics of any degree as polynomials of a unit vector, and the way back through them.

With n = (x, y, z) a unit vector and l ≥ |m|,

    p_lm = Q_lm(z) c_m(x, y)  for m ≥ 0,   Q_l|m|(z) s_|m|(x, y)  for m < 0,
    Q_lm = d^m P_l / dz^m (P_l of Legendre),   c_m + i s_m = (x + iy)^m,

and Y_lm = N_lm p_lm has a mean square of one over the sphere. Row l² + l + m. Slopes are

    ∂Q_lm/∂z = Q_l,m+1,   ∂c_m/∂(x, y) = m (c_m-1, -s_m-1),   ∂s_m/∂(x, y) = m (s_m-1, c_m-1).

Components are arrays, or vectors of `vectors`: anything that is multiplied by numbers and its like.
"""

from math import factorial, sqrt
from typing import Any

Value = Any  # a number, an array, or a vector of `kernels.vectors`


def row(degree: int, m: int) -> int:
    """The row of p_lm."""
    return degree**2 + degree + m


def norm(degree: int, m: int) -> float:
    """N_lm, so that N_lm p_lm has a mean square of one over the sphere."""
    m = abs(m)
    ratio = factorial(degree - m) / factorial(degree + m)
    return sqrt((2 * degree + 1) * (2 if m else 1) * ratio)


def _around(x: Value, y: Value, degree: int) -> tuple[list[Value], list[Value]]:
    """c_m and s_m for m up to the degree; the first are the numbers 1 and 0."""
    c, s = [1.0, x], [0.0, y]
    for m in range(1, degree):
        c.append(x * c[m] - y * s[m])
        s.append(x * s[m] + y * c[m])
    return c, s


def _along(z: Value, degree: int) -> dict[tuple[int, int], Value]:
    """Q_lm for 0 ≤ m ≤ l up to the degree; those with l = m are numbers."""
    q: dict[tuple[int, int], Value] = {}
    for m in range(degree + 1):
        q[m, m] = float(factorial(2 * m) // (2**m * factorial(m)))
        if m < degree:
            q[m + 1, m] = z * ((2 * m + 1) * q[m, m])
        for n in range(m + 2, degree + 1):
            before = q[n - 2, m] * ((n + m - 1) / (n - m))
            q[n, m] = q[n - 1, m] * z * ((2 * n - 1) / (n - m)) - before
    return q


def polynomials(x: Value, y: Value, z: Value, degree: int) -> list[Value]:
    """p_lm row by row for l up to the degree; the first is the number 1."""
    (c, s), q = _around(x, y, degree), _along(z, degree)
    p: list[Value] = [1.0] * (degree + 1) ** 2
    for n in range(1, degree + 1):
        p[row(n, 0)] = q[n, 0]
        for m in range(1, n + 1):
            p[row(n, m)] = c[m] * q[n, m]
            p[row(n, -m)] = s[m] * q[n, m]
    return p


def pull(x: Value, y: Value, z: Value, bars: list[Value]) -> tuple[Value, Value, Value]:
    """dE/dn of p_lm's slopes: Σ_lm bar_lm ∂p_lm/∂n.

    Args:
        x: component of n.
        y: component of n.
        z: component of n.
        bars: dE/dp_lm row by row for all l up to a degree of one or more; the first is not read.
    """
    degree = int(sqrt(len(bars))) - 1
    (c, s), q = _around(x, y, degree), _along(z, degree)
    by_x = by_y = None
    by_z = _sum([bars[row(n, 0)] * q[n, 1] for n in range(1, degree + 1)])
    for m in range(1, degree + 1):
        of_c, of_s = (
            _sum([bars[row(n, sign * m)] * q[n, m] for n in range(m, degree + 1)]) * float(m)
            for sign in (1, -1)
        )
        if by_x is None:
            by_x, by_y = of_c, of_s
        else:
            by_x = by_x + of_c * c[m - 1] + of_s * s[m - 1]
            by_y = by_y + of_s * c[m - 1] - of_c * s[m - 1]
        for part, sign in ((c, 1), (s, -1)):
            rising = [bars[row(n, sign * m)] * q[n, m + 1] for n in range(m + 1, degree + 1)]
            by_z = by_z + _sum(rising) * part[m] if rising else by_z
    return by_x, by_y, by_z


def _sum(terms: list[Value]) -> Value:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
