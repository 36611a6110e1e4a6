"""F(ρ) of Finnis and Sinclair, as ML-PACE writes it: a power with a smooth way through zero."""

from math import exp

from scatter.kernels.memory import inner

STEEP = 1e6  # within a few times its inverse, F is linear
TINY = 1e-10


@inner
def power(density, m):
    """|ρ|^m with the sign of ρ, linear near zero; and its slope.

    F = (1 - g) a^m + λ g a,  a = |ρ|,  g = e^(-(a/δ)³),  λ = δ^(m - 1),  δ = 10⁻⁶.
    """
    a, steady = abs(density), (1.0 / STEEP) ** (m - 1.0)
    if a <= TINY:
        return steady * density, steady
    cube = (STEEP * a) ** 3
    g = exp(-cube) if cube <= 30.0 else 0.0
    by_a = -3.0 * STEEP * (STEEP * a) ** 2 * g
    value = (1.0 - g) * a**m + steady * g * a
    slope = m * a ** (m - 1.0) * (1.0 - g) - a**m * by_a + steady * (by_a * a + g)
    return (value if density >= 0.0 else -value), slope


@inner
def shifted_power(density, m):
    """The same shifted by amounts that fall with |ρ|, so that the slope at zero is one.

    F = (x + a)^m - y,  x = ν^(ν/(1-ν)) e^-a,  y = ν^(1/(1-ν)) e^-a,  ν = 1/m.
    """
    a, nu = abs(density), 1.0 / m
    x = nu ** (nu / (1.0 - nu)) * exp(-a)
    y = nu ** (1.0 / (1.0 - nu)) * exp(-a)
    value = (x + a) ** m - y
    return (value if density >= 0.0 else -value), y + m * (1.0 - x) * (x + a) ** (m - 1.0)


@inner
def embed(density, parameters):
    """The energy w F(ρ) and its slope; the parameters are w, m, and whether F is shifted."""
    if parameters[2] > 0.0:
        value, slope = shifted_power(density, parameters[1])
    else:
        value, slope = power(density, parameters[1])
    return parameters[0] * value, parameters[0] * slope
