"""Regularised least squares for every strength of the prior at once.

With the columns scaled by the prior's widths γ, c = γ u and M = R diag(γ), the solution

    u = argmin |M u - q|² + λ |u|² = V diag(s / (s² + λ)) U^T q,   M = U diag(s) V^T,

is the mean of the posterior of a Gaussian prior, u ~ N(0, 1/α), and noise of variance 1/β,
λ = α / β. The evidence of λ, its β being the likeliest, is

    ln p = 1/2 [m ln β + Σ_i ln (λ / (s_i² + λ)) - m (1 + ln 2π)],
    m / β = ρ² + Σ_i λ (U^T q)_i² / (s_i² + λ),

where ρ is what no function explains and m the number of rows.

Sources: MacKay, Neural Comput. 4, 415 (1992); van der Oord et al., npj Comput. Mater. 9, 168
(2023).
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from jaxtyping import Float

from scatter.ace.fitting.triangles import Triangle

Strengths = Float[np.ndarray, " strength"]


@dataclass(frozen=True)
class Solutions:
    """Least squares with a Gaussian prior, for any strength of it.

    Attributes:
        widths: γ of each column.
        size: singular values s of M, not increasing.
        vectors: V^T.
        along: U^T q.
        unexplained: ρ².
        rows: m.
    """

    widths: Float[np.ndarray, " column"]
    size: Float[np.ndarray, " column"]
    vectors: Float[np.ndarray, "column column"]
    along: Float[np.ndarray, " column"]
    unexplained: float
    rows: int

    @classmethod
    def of(cls, triangle: Triangle, widths: Float[np.ndarray, " column"]) -> "Solutions":
        """Decompose what a triangle says.

        Args:
            triangle: of all rows, weighted.
            widths: γ; zero keeps a column out.
        """
        r = triangle.finished().r
        u, size, vectors = scipy.linalg.svd(
            r[:-1, :-1] * widths, full_matrices=False, overwrite_a=True, check_finite=False
        )
        along = u.T @ r[:-1, -1]
        return cls(widths, size, vectors, along, float(r[-1, -1] ** 2), triangle.rows)

    def coefficients(self, strengths: Strengths) -> Float[np.ndarray, "column strength"]:
        """The coefficients c for each λ."""
        size = self.size[:, None]
        damped = size / (size**2 + strengths) * self.along[:, None]
        return self.widths[:, None] * (self.vectors.T @ damped)

    def precision(self, strengths: Strengths) -> Strengths:
        """The likeliest β for each λ."""
        left = strengths / (self.size[:, None] ** 2 + strengths)
        return self.rows / (self.unexplained + (left * self.along[:, None] ** 2).sum(axis=0))

    def evidence(self, strengths: Strengths) -> Strengths:
        """The evidence ln p of each λ."""
        shrinking = np.log(strengths / (self.size[:, None] ** 2 + strengths)).sum(axis=0)
        noise = self.rows * (np.log(self.precision(strengths)) - 1 - np.log(2 * np.pi))
        return 0.5 * (shrinking + noise)

    def spread(self, strength: float) -> Float[np.ndarray, "column column"]:
        """W with W W^T = (A^T A + λ diag(γ)^-2)^-1, the posterior's covariance but for 1/β."""
        return self.widths[:, None] * (self.vectors.T / np.sqrt(self.size**2 + strength))
