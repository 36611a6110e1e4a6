"""The least squares of a linear ACE: blocks, the prior, and its strength."""

import numpy as np
import pytest

from scatter.ace.fitting.solve import Solutions
from scatter.ace.fitting.triangles import Triangle, joined

ROWS, COLUMNS = 300, 25


@pytest.fixture
def system():
    """Rows [A | y] whose columns differ in size by ten orders, and the true coefficients."""
    rng = np.random.default_rng(0)
    scale = 10.0 ** rng.uniform(-8, 2, COLUMNS)
    a = rng.normal(size=(ROWS, COLUMNS)) * scale
    truth = rng.normal(size=COLUMNS) / scale
    y = a @ truth + rng.normal(0, 0.1, ROWS)
    return np.column_stack([a, y]), truth


def triangle(rows, block=64, pieces=7):
    found = Triangle(rows.shape[1] - 1, block)
    for piece in np.array_split(rows, pieces):
        found.add(piece)
    return found.finished()


def scaled(rows):
    return 1 / np.linalg.norm(rows[:, :-1], axis=0)


def test_blocks_of_any_size_give_the_dense_solution(system):
    rows, _ = system
    widths = scaled(rows)
    dense = np.linalg.lstsq(rows[:, :-1] * widths, rows[:, -1])[0]
    for block, pieces in ((10, 30), (64, 7), (10_000, 1)):
        solutions = Solutions.of(triangle(rows, block, pieces), widths)
        found = solutions.coefficients(np.array([0.0]))[:, 0]
        assert np.allclose(found / widths, dense, rtol=1e-10, atol=1e-12)


def test_a_triangle_knows_the_residual_of_any_coefficients(system):
    rows, truth = system
    x = np.column_stack([truth, 2 * truth])
    expected = ((rows[:, :-1] @ x - rows[:, -1:]) ** 2).sum(axis=0)
    assert triangle(rows).squares(x) == pytest.approx(expected, rel=1e-11)


def test_triangles_are_joined_with_the_weights_of_their_rows(system):
    rows, truth = system
    parts = [(3.0, triangle(rows[:100])), (0.5, triangle(rows[100:]))]
    whole = joined(parts)
    weighted = np.concatenate([3 * rows[:100], 0.5 * rows[100:]])
    assert whole.rows == ROWS
    assert whole.squares(truth[:, None]) == pytest.approx(
        triangle(weighted).squares(truth[:, None]), rel=1e-11
    )


def test_the_prior_adds_its_own_rows(system):
    rows, _ = system
    widths, strength = scaled(rows), 0.3
    solutions = Solutions.of(triangle(rows), widths)
    prior = np.column_stack([np.sqrt(strength) * np.diag(1 / widths), np.zeros(COLUMNS)])
    both = np.concatenate([rows, prior])
    dense = np.linalg.lstsq(both[:, :-1] * widths, both[:, -1])[0]
    found = solutions.coefficients(np.array([strength]))[:, 0]
    assert np.allclose(found / widths, dense, rtol=1e-10, atol=1e-12)


def test_a_column_of_zeros_gets_no_coefficient(system):
    rows, _ = system
    rows[:, 3] = 0
    widths = np.where(np.arange(COLUMNS) == 3, 0, 1.0)
    found = Solutions.of(triangle(rows), widths).coefficients(np.array([1e-6]))
    assert found[3, 0] == 0
    assert np.isfinite(found).all()


def test_the_evidence_is_the_density_of_the_values_themselves(system):
    """y of a Gaussian with covariance 1/β (1 + A γ² A^T / λ), β the likeliest."""
    rows, _ = system
    widths = scaled(rows)
    solutions = Solutions.of(triangle(rows), widths)
    strengths = np.array([1e-3, 1e-2, 0.1])
    a, y = rows[:, :-1] * widths, rows[:, -1]
    for strength, found in zip(strengths, solutions.evidence(strengths), strict=True):
        covariance = np.eye(ROWS) + a @ a.T / strength
        beta = ROWS / (y @ np.linalg.solve(covariance, y))
        assert beta == pytest.approx(solutions.precision(np.array([strength]))[0], rel=1e-8)
        logarithm = np.linalg.slogdet(covariance / beta)[1]
        direct = -0.5 * (logarithm + ROWS * np.log(2 * np.pi) + ROWS)
        assert found == pytest.approx(direct, rel=1e-8)


def test_the_evidence_finds_the_strength_that_made_the_coefficients():
    rng = np.random.default_rng(1)
    a = rng.normal(size=(2000, 200))
    y = a @ rng.normal(0, 0.5, 200) + rng.normal(0, 2.0, 2000)  # λ = (2 / 0.5)²
    solutions = Solutions.of(triangle(np.column_stack([a, y])), np.ones(200))
    strengths = np.geomspace(0.16, 1600, 81)
    best = strengths[np.argmax(solutions.evidence(strengths))]
    assert best == pytest.approx(16, rel=0.4)
    assert solutions.precision(np.array([best]))[0] ** -0.5 == pytest.approx(2, rel=0.05)
