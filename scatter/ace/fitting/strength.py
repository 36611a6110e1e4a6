"""How strong the prior of a fit is: chosen by trajectories that the fit has not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float

from scatter.ace.fitting.gather import KINDS
from scatter.ace.fitting.labelled import Weights
from scatter.ace.fitting.rows import Design
from scatter.ace.fitting.solve import Solutions
from scatter.ace.fitting.triangles import Triangle, joined
from scatter.plots.regularisation import Strengths

GRID = 10.0 ** np.arange(-20, -5.75, 0.5)  # λ over the square of the largest singular value
TIE = 1.01  # losses nearer to the least than this are as good
MILLI = 1000

Parts = Mapping[str, Mapping[str, Triangle]]  # "train" and "valid", then the kinds of rows


@dataclass(frozen=True)
class Fit:
    """Coefficients, and how they were chosen.

    Attributes:
        c: of every column, eV.
        strengths: the curves.
        best_by_evidence: index of the strength with the largest evidence.
        noise: 1/√β, the standard deviation of a weighted row.
    """

    c: Float[np.ndarray, " column"]
    strengths: Strengths
    best_by_evidence: int
    noise: float


def widths(
    design: Design, weight_l: float, smoothness: float, norms: Float[np.ndarray, " column"]
) -> Float[np.ndarray, " column"]:
    """γ, what the prior expects of each coefficient: |a|^-1 (1 + Σ (n + w_L l))^-p.

    a is the function's column of the least squares, so that all functions but for their smoothness
    are expected to matter alike; the sum is over the factors of the product.

    Args:
        design: the functions.
        weight_l: w_L.
        smoothness: p.
        norms: |a|; a column of zeros is left out.
    """
    level = np.zeros(design.columns)
    singles = [*range(design.basis.singles), *range(design.pair[0][0].count)]
    level[design.functions.two_body] = singles
    for function, pattern in enumerate(design.basis.patterns):
        columns = design.functions.many_body[:, function]
        level[columns[columns >= 0]] = sum(n + weight_l * degree for _, n, degree in pattern)
    width = (1 + level) ** -smoothness
    return np.divide(width, norms, out=np.zeros_like(width), where=norms > 0)


def weighted(parts: Mapping[str, Triangle], weights: Weights) -> Triangle:
    """The triangle of all rows, weighted."""
    of_forces = weights.force, weights.force * weights.molecule
    of_kinds = zip(KINDS, (weights.energy, *of_forces, weights.stress), strict=True)
    return joined([(weight, parts[kind]) for kind, weight in of_kinds if weight is not None])


def choose(
    parts: Parts, design: Design, weights: Weights, weight_l: float, smoothness: float, atoms: float
) -> Fit:
    """Fit with every strength of the prior, and take the largest whose loss on `valid` is least.

    Least but for one per cent: where the data decide, the loss hardly depends on the prior, and the
    smoother coefficients are the better ones outside the data.

    Args:
        parts: the rows.
        design: their columns.
        weights: of energies and forces.
        weight_l: w_L.
        smoothness: p of the prior.
        atoms: of a typical structure, for errors of its energy.
    """
    whole = {part: weighted(triangles, weights) for part, triangles in parts.items()}
    norms = np.sqrt((whole["train"].r[:, :-1] ** 2).sum(axis=0))
    solutions = Solutions.of(whole["train"], widths(design, weight_l, smoothness, norms))
    strengths = GRID * solutions.size[0] ** 2
    c = solutions.coefficients(strengths)
    loss = {part: triangles.squares(c) / triangles.rows for part, triangles in whole.items()}
    chosen = int(np.flatnonzero(loss["valid"] <= TIE * loss["valid"].min())[-1])
    evidence = solutions.evidence(strengths) / solutions.rows
    curves = Strengths(GRID, _errors(parts, c, atoms), loss, evidence, chosen)
    noise = 1 / sqrt(float(solutions.precision(strengths)[chosen]))
    return Fit(c[:, chosen], curves, int(np.argmax(evidence)), noise)


def _errors(
    parts: Parts, c: Float[np.ndarray, "column strength"], atoms: float
) -> dict[str, dict[str, np.ndarray]]:
    """RMSE of energies of a typical structure, of forces, also on the molecule, and of virials.

    So far as there are such labels: of one element there is no molecule.
    """
    kinds = {
        "E (meV)": (("energy",), sqrt(atoms)),
        "F (meV/Å)": (("force", "molecule"), 1.0),
        "F, molecule (meV/Å)": (("molecule",), 1.0),
        "virial of an atom (meV)": (("virial",), 1 / sqrt(atoms)),
    }
    there = {kind for kind, triangle in parts["train"].items() if triangle.rows}
    kinds = {name: each for name, each in kinds.items() if there.intersection(each[0])}
    errors: dict[str, dict[str, np.ndarray]] = {}
    for name, (which, scale) in kinds.items():
        errors[name] = {
            part: MILLI
            * scale
            * np.sqrt(
                sum(triangles[kind].squares(c) for kind in which)
                / max(1, sum(triangles[kind].rows for kind in which))
            )
            for part, triangles in parts.items()
        }
    return errors
