"""The arrays that the kernel of a folded MACE reads, and those that it works in."""

from collections import namedtuple
from typing import NamedTuple

from numpy.typing import NDArray

from scatter.kernels.kinds import has, of_kind
from scatter.kernels.memory import worker_of


class MaceArrays(NamedTuple):
    """The arrays of a folded model, flattened block by block; see `scatter.mace.file`."""

    table_1: NDArray  # pair of species, block, knot, l, lane
    table_2: NDArray  # table, block, knot, l, lane
    slopes_1: NDArray  # of the same splines
    slopes_2: NDArray
    start_1: NDArray  # where a pair of species begins in table_1
    start_2: NDArray  # the same in table_2
    rows_of_block: int  # numbers of one block in either
    grid: NDArray  # knots per Å, one number
    product_1: NDArray
    product_2: NDArray
    up: NDArray
    up_back: NDArray
    up_0: NDArray
    energy_1: NDArray
    mix: NDArray
    mix_back: NDArray
    hidden_0: NDArray
    hidden_1: NDArray
    hidden_1_back: NDArray
    hidden_2: NDArray
    hidden_2_back: NDArray
    energy_2: NDArray
    constant: NDArray  # eV, double precision, as the next two
    repulsion: NDArray
    charges_radii: NDArray  # species, 2: atomic number and covalent radius
    cutoff: float
    cubic: bool


class MaceMemory(NamedTuple):
    """Working memory; the first axis is the worker."""

    held: NDArray  # positions of frozen atoms from which `fixed` was computed; NaN if none
    fixed: NDArray  # what pairs of frozen atoms give to `a`
    fixed_energy: NDArray  # ZBL of these pairs, eV
    fixed_start: NDArray  # where the pairs of an atom begin among these
    start: NDArray  # where the pairs of an atom begin
    a: NDArray  # a of layer 1, then ā
    m: NDArray  # m of layer 2, then m̄
    a_2: NDArray  # the mixed m of one atom, then its derivative
    b: NDArray  # B of layer 1, then B̄
    b_2: NDArray  # B of layer 2 of one atom, then B̄
    g: NDArray
    g_bar: NDArray
    x: NDArray  # the hidden layer of one atom
    lanes: NDArray  # energy by lane
    tiles: NDArray
    apart: NDArray
    knots: NDArray
    first: NDArray
    second: NDArray
    into_own: NDArray
    into_other: NDArray
    into_both: NDArray
    push: NDArray


# Of a model whose messages are divided by densities: their splines (table, knot, lane), a lane for
# each layer, and the slopes; of two species, where their table begins, counted in knots.
DENSITY = ("density", "density_slopes", "density_starts")
# Of one whose atoms send vectors.
VECTOR = ("product_v", "up_v", "up_v_back")
# Of either: D of frozen pairs, 1 / (1 + D), and the derivatives by D, a register for each atom with
# a lane for each layer; features of one atom that are kept, and a register to sum in; of each pair,
# where in the table its knot begins.
SHARES = ("fixed_shares", "shares", "shares_bar", "kept", "sums", "into_density")

DensityArrays = namedtuple("DensityArrays", (*MaceArrays._fields, *DENSITY))
VectorArrays = namedtuple("VectorArrays", (*DensityArrays._fields, *VECTOR))
DensityMemory = namedtuple("DensityMemory", (*MaceMemory._fields, *SHARES))

_plain, _dense = worker_of(MaceMemory), worker_of(DensityMemory)


def _of_plain(memory, n):
    return _plain(memory, n)


def _of_dense(memory, n):
    return _dense(memory, n)


def _worker_of(memory, n):
    return _of_dense if has(memory, "shares") else _of_plain


of_worker = of_kind(_worker_of, counted=True)
