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

# What is as long as there are atoms; likewise, and one more.
PER_ATOM = ("held", "fixed", "a", "m", "b", "g", "g_bar", "fixed_shares", "shares", "shares_bar")
PER_START = ("fixed_start", "start")
# What `scatter distil` learns.
LEARNT = (
    "table_1", "table_2", "product_1", "product_2", "product_v", "up", "up_v", "up_0", "energy_1",
    "mix", "hidden_0", "hidden_1", "hidden_2", "energy_2", "constant",
)  # fmt: skip

_plain, _dense = worker_of(MaceMemory), worker_of(DensityMemory)


def _of_plain(memory, n):
    return _plain(memory, n)


def _of_dense(memory, n):
    return _dense(memory, n)


def _worker_of(memory, n):
    return _of_dense if has(memory, "shares") else _of_plain


of_worker = of_kind(_worker_of, counted=True)

_cut = {name: f"[n][: memory.{name}.shape[1] // memory.held.shape[1] * atoms]" for name in PER_ATOM}
_cut |= {name: "[n][: atoms + 1]" for name in PER_START}
_plain_part, _dense_part = (
    worker_of(kind, _cut, "memory, n, atoms") for kind in (MaceMemory, DensityMemory)
)


def _of_plain_structure(memory, n, atoms):
    return _plain_part(memory, n, atoms)


def _of_dense_structure(memory, n, atoms):
    return _dense_part(memory, n, atoms)


def _structure_of(memory, n, atoms):
    return _of_dense_structure if has(memory, "shares") else _of_plain_structure


of_structure = of_kind(_structure_of, counted=True)


def _gradient_of(kind):
    return worker_of(kind, {name: "" for name in kind._fields if name not in LEARNT})


_by_plain, _by_dense, _by_vector = map(_gradient_of, (MaceArrays, DensityArrays, VectorArrays))


def _of_plain_gradient(memory, n):
    return _by_plain(memory, n)


def _of_dense_gradient(memory, n):
    return _by_dense(memory, n)


def _of_vector_gradient(memory, n):
    return _by_vector(memory, n)


def _gradient(memory, n):
    if has(memory, "product_v"):
        return _of_vector_gradient
    return _of_dense_gradient if has(memory, "density") else _of_plain_gradient


of_gradient = of_kind(_gradient, counted=True)
