"""Designs of linear ACEs for copper (species 0) and hydrogen (species 1)."""

from scatter.ace.fitting.basis import basis_of
from scatter.ace.fitting.radial import Radial
from scatter.ace.fitting.rows import Design

R0 = ((2.6, 1.9), (1.9, 1.2))


def design(degrees, pair=18, cutoff=6.0):
    """Columns for these degrees, one for each centre species, and a pair potential."""
    basis = basis_of(2, degrees)
    count = max(basis.radial, basis.singles)
    many = tuple(tuple(Radial(count, r0, cutoff) for r0 in row) for row in R0)
    two = tuple(tuple(Radial(pair, r0, cutoff, (1, 3), inner=0) for r0 in row) for row in R0)
    return Design((29, 1), basis, many, two)
