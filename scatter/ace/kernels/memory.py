"""The arrays that the kernel of a linear ACE reads, and those that it works in.

An environment is what an atom sees of one species: number atom x species + species. Its pairs are
computed in tiles of as many pairs as a register has lanes. All numbers are in double precision.
"""

from typing import NamedTuple

from numpy.typing import NDArray

from scatter.kernels.memory import worker_of


class AceArrays(NamedTuple):
    """What a linear ACE is made of; see `scatter.ace.program`."""

    layout: NDArray  # empty; the shapes of its record's fields say what belongs to each l
    table: NDArray  # coefficients of splines: pair of species, knot, column
    start: NDArray  # where a pair of species begins in it
    grid: NDArray  # knots per Å, and the first of the knots without values
    square: NDArray  # squared cutoff of each pair of species, Å²
    constant: NDArray  # eV
    factors: int  # values of one environment, and what fills the last register
    tile_rows: int  # of one tile
    direction: int  # the row of a tile where n begins
    programs: NDArray  # program by species of the centre and set of species around it
    node_start: NDArray  # where the nodes of a program begin
    node_one: NDArray  # the two values whose product is a node
    node_other: NDArray
    row_start: NDArray  # where the rows of a program begin, of the energy and of the density
    row_value: NDArray  # the value that a row multiplies
    row_constant: NDArray  # eV
    term_start: NDArray  # where the terms of a row begin
    term_value: NDArray  # the other value of a term
    term_coefficient: NDArray  # eV
    embedding: NDArray  # species, 3: parameters of F(ρ); empty without


class AceMemory(NamedTuple):
    """Working memory; the first axis is the worker."""

    held: NDArray  # positions of frozen atoms from which `fixed` was computed; NaN if none
    fixed: NDArray  # A of pairs of frozen atoms
    fixed_count: NDArray  # such pairs of each environment
    count: NDArray  # pairs of each environment
    start: NDArray  # the first tile of each environment
    filled: NDArray  # pairs of each environment that have found their place
    first: NDArray  # atoms of each pair within the cutoff
    second: NDArray
    vectors: NDArray  # from one to the other, Å
    apart: NDArray  # x, y and z (Å) of every pair in its environment, tile by tile
    neighbour: NDArray  # the atom at the other end
    program: NDArray  # of each atom
    members: NDArray  # atoms that are computed at once
    knots: NDArray  # the knot below each r, of one tile
    weights: NDArray  # of the splines, of one tile
    tiles: NDArray  # R_n, R_n', p_lm, n and 1/r of the pairs of some atoms
    a: NDArray  # A of some atoms, then dE/dA
    values: NDArray  # A and nodes of as many atoms as a register has lanes
    bars: NDArray  # dE/d of these
    energy: NDArray  # by lane
    density_bars: NDArray  # dρ/d of the values
    density: NDArray  # ρ by lane, then dE/dρ
    own: NDArray  # force on an atom
    push: NDArray  # forces on all atoms
    marks: NDArray  # of the atoms, by which pairs are chosen
    clean: NDArray  # A of the slab alone
    clean_count: NDArray  # its pairs of each environment
    alone: NDArray  # energies of its atoms


of_worker = worker_of(AceMemory)
