"""Boltzmann populations of levels, and the temperature that a mean energy gives."""

import numpy as np
from jaxtyping import Float
from scipy.stats import chi2

from scatter.units import K

EXPECTED = 5.0  # counts in a class, below which the χ² law does not hold
NONE = 1e-300  # stands for a degeneracy of 0, whose logarithm is finite


def inverse_temperature(
    mean: Float[np.ndarray, " sample"],
    energy: Float[np.ndarray, " level"],
    degeneracy: Float[np.ndarray, " level"],
) -> Float[np.ndarray, " sample"]:
    """The likeliest β = 1/kT (1/eV) of Boltzmann populations g exp(-βE) that have these means.

    The likelihood Π P_J^w of an exponential family is largest where the mean energies agree,
    Σ P_J E_J = ⟨E⟩, which has one root in β: found by bisection, to rounding.

    Args:
        mean: mean energies, eV; one β for each.
        energy: of the levels, eV.
        degeneracy: of the levels.

    Returns:
        β; negative where a population is inverted, inf where all are in the lowest level (kT
        below 10 µeV), NaN where the mean is.
    """
    if len(energy) == 0:
        return np.full(len(mean), np.nan)
    low, high = np.full(len(mean), -1e5), np.full(len(mean), 1e5)
    for _ in range(80):
        beta = 0.5 * (low + high)
        hotter = boltzmann_populations(beta, energy, degeneracy) @ energy > mean
        low, high = np.where(hotter, beta, low), np.where(hotter, high, beta)
    beta = np.where(mean <= energy.min(), np.inf, 0.5 * (low + high))
    return np.where(np.isnan(mean), np.nan, beta)


def boltzmann_populations(
    beta: Float[np.ndarray, " sample"],
    energy: Float[np.ndarray, " level"],
    degeneracy: Float[np.ndarray, " level"],
) -> Float[np.ndarray, "sample level"]:
    """P_J = g_J exp(-βE_J) / Σ g exp(-βE) for finite β (1/eV); a g_J may be 0."""
    exponent = -beta[:, None] * energy + np.log(np.maximum(degeneracy, NONE))
    factor = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return factor / factor.sum(axis=1, keepdims=True)


def boltzmann_p_value(
    count: Float[np.ndarray, " level"], law: Float[np.ndarray, " level"]
) -> float:
    """Probability, by the χ² law, that counts drawn from a Boltzmann law lie as far from it.

    With n all counts, from the lowest level on levels make up a class until it expects `EXPECTED`;
    what remains, levels above all given ones too, joins the last class. One parameter was fitted.

        χ² = Σ (count - n P)² / n P,    classes - 2 degrees of freedom

    Args:
        count: molecules in each level, the lowest first; not whole where they have weights.
        law: P of each level by the law that was fitted; less than one together where it goes on.

    Returns:
        The probability; NaN where fewer than three classes are left, which any law would fit.
    """
    n = float(count.sum())
    counts, shares = np.append(count, 0.0), np.append(law, max(0.0, 1 - float(law.sum())))
    classes: list[list[float]] = []
    held = np.zeros(2)
    for pair in np.stack([counts, n * shares], axis=1):
        held = held + pair
        if held[1] >= EXPECTED:
            classes.append(held.tolist())
            held = np.zeros(2)
    if len(classes) < 3:
        return np.nan
    observed, expected = np.array(classes).T
    observed[-1] += held[0]
    expected[-1] += held[1]
    return float(chi2.sf(((observed - expected) ** 2 / expected).sum(), len(classes) - 2))


def temperature(beta: float) -> float:
    """Temperature (K) of β (1/eV): 0 at β = inf, inf at β <= 0."""
    if np.isnan(beta):
        return np.nan
    return 1 / (beta * K) if beta > 0 else np.inf
