"""Products of a linear ACE on a GPU: energies of atoms, and their slopes by the A.

An atom's values are its A, then nodes, each the product of two A, and its energy is
E = Σ_v c_v v + ½ Σ_vk S_vk v k with a sparse symmetric S. So ∂E/∂v = c_v + Σ_k S_vk k, in which
every number is written once by one program, and E = ½ Σ_v v (∂E/∂v + c_v). A node's slope then goes
to its two A.

Replicas lie side by side in the registers of a program, which computes one atom of `WIDE` of them,
so that all have the same species and the same program. The blocks of rows of an atom come one after
another among the programs, since they read the same values, which the second cache then holds. The
sum of a row is made in groups of `GROUP` terms. A group that needs a species which none of the
replicas has around this atom is left out: it would add exact zeros, so that the bits are the same
with it and without.
"""

import triton
import triton.language as tl


@triton.jit
def _either(one, other):
    return one | other


@triton.jit
def _columns(atom, slots, lanes, WIDE: tl.constexpr):
    """Columns of the program's replicas, and which of these there are."""
    slot = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    return atom * lanes + slot, slot < slots


@triton.jit
def _around(seen, column, there):
    """A bit for each species that one of the replicas has around the atom."""
    return tl.reduce(tl.load(seen + column, mask=there, other=0), 0, _either)


@triton.jit
def nodes(
    values, ones, others, firsts, species, atoms, slots, lanes, first_node, WIDE: tl.constexpr,
    LONG: tl.constexpr,
):  # fmt: skip
    """The products of two A. Programs: block of nodes, replicas, atom.

    `firsts` says where the nodes of each species begin in `ones` and `others`; among the values of
    an atom they begin at `first_node`.
    """
    atom = tl.program_id(2)
    column, there = _columns(atom, slots, lanes, WIDE)
    total = atoms * lanes
    kind = tl.load(species + atom)
    begin = tl.load(firsts + kind)
    count = tl.load(firsts + kind + 1) - begin
    block = tl.program_id(0) * LONG
    for node in range(block, tl.minimum(block + LONG, count)):
        first = tl.load(ones + begin + node) * total
        other = tl.load(others + begin + node) * total
        a = tl.load(values + first + column)
        b = tl.load(values + other + column)
        target = values + (first_node + node) * total + column
        tl.store(target, a * b, mask=there)


@triton.jit
def _row(
    values, column, there, total, around, constant, groups, needs, terms, coefficients, row,
    WIDE: tl.constexpr, GROUP: tl.constexpr,
):  # fmt: skip
    """c_v + Σ_k S_vk k of one row."""
    sums = tl.zeros([GROUP, WIDE], values.dtype.element_ty)
    for group in range(tl.load(groups + row), tl.load(groups + row + 1)):
        if (tl.load(needs + group) & ~around) == 0:
            term = group * GROUP + tl.arange(0, GROUP)
            c = tl.load(coefficients + term)[:, None]
            place = tl.load(terms + term)[:, None] * total + column[None, :]
            sums += c * tl.load(values + place)
    return tl.sum(sums, axis=0) + constant


@triton.jit
def slopes_of_nodes(
    values, bars, parts, seen, firsts, groups, constants, masks, needs, terms, coefficients,
    species, atoms, slots, lanes, first_node, WIDE: tl.constexpr, LONG: tl.constexpr,
    GROUP: tl.constexpr,
):  # fmt: skip
    """∂E/∂node, and what the nodes give to E. Programs: as for `nodes`.

    A node of a species that is not around is zero, and nobody asks for its slope, which is set to
    zero.
    """
    atom = tl.program_id(2)
    column, there = _columns(atom, slots, lanes, WIDE)
    total = atoms * lanes
    around = _around(seen, column, there)
    kind = tl.load(species + atom)
    begin = tl.load(firsts + kind)
    count = tl.load(firsts + kind + 1) - begin
    block = tl.program_id(0) * LONG
    energy = tl.zeros([WIDE], values.dtype.element_ty)
    for node in range(block, tl.minimum(block + LONG, count)):
        row = begin + node
        bar = tl.zeros([WIDE], values.dtype.element_ty)
        if (tl.load(masks + row) & ~around) == 0:
            constant = tl.load(constants + row)
            bar = _row(
                values, column, there, total, around, constant, groups, needs, terms, coefficients,
                row, WIDE, GROUP,
            )  # fmt: skip
            place = (first_node + row - begin) * total + column
            value = tl.load(values + place)
            energy += 0.5 * value * (bar + constant)
        tl.store(bars + (row - begin) * total + column, bar, mask=there)
    tl.store(parts + tl.program_id(0) * total + column, energy, mask=there)


@triton.jit
def _given(
    values, bars, column, there, total, around, groups, needs, holders, factors, counts, row,
    WIDE: tl.constexpr, GROUP: tl.constexpr,
):  # fmt: skip
    """What nodes give to the slope of an A: Σ ∂E/∂node times the other A."""
    sums = tl.zeros([GROUP, WIDE], values.dtype.element_ty)
    for group in range(tl.load(groups + row), tl.load(groups + row + 1)):
        if (tl.load(needs + group) & ~around) == 0:
            term = group * GROUP + tl.arange(0, GROUP)
            node = tl.load(holders + term)[:, None] * total + column[None, :]
            other = tl.load(factors + term)[:, None] * total + column[None, :]
            bar = tl.load(bars + node)
            value = tl.load(values + other)
            sums += tl.load(counts + term)[:, None] * bar * value
    return tl.sum(sums, axis=0)


@triton.jit
def slopes(
    values, bars, parts, out, seen, groups, constants, masks, needs, terms, coefficients,
    holder_groups, holder_needs, holders, factors, counts, species, atoms, slots, lanes, rows,
    WIDE: tl.constexpr, LONG: tl.constexpr, GROUP: tl.constexpr,
):  # fmt: skip
    """dE/dA with what comes back from the nodes, and what the A give to E.

    Programs: block of A, replicas, atom; there are `rows` A of every species. Slopes by A of
    species that are not around are zero.
    """
    atom = tl.program_id(2)
    column, there = _columns(atom, slots, lanes, WIDE)
    total = atoms * lanes
    around = _around(seen, column, there)
    begin = tl.load(species + atom) * rows
    block = tl.program_id(0) * LONG
    energy = tl.zeros([WIDE], values.dtype.element_ty)
    for a in range(block, tl.minimum(block + LONG, rows)):
        row = begin + a
        place = (row - begin) * total + column
        bar = tl.zeros([WIDE], values.dtype.element_ty)
        if (tl.load(masks + row) & ~around) == 0:
            constant = tl.load(constants + row)
            bar = _row(
                values, column, there, total, around, constant, groups, needs, terms, coefficients,
                row, WIDE, GROUP,
            )  # fmt: skip
            value = tl.load(values + place)
            energy += 0.5 * value * (bar + constant)
            bar += _given(
                values, bars, column, there, total, around, holder_groups, holder_needs, holders,
                factors, counts, row, WIDE, GROUP,
            )  # fmt: skip
        tl.store(out + place, bar.to(out.dtype.element_ty), mask=there)
    tl.store(parts + tl.program_id(0) * total + column, energy, mask=there)


@triton.jit
def sites(
    parts, known, constants, species, energy, atoms, slots, lanes, blocks, WIDE: tl.constexpr
):
    """The energies of atoms (eV), from so many parts each. Programs: one, replicas, atom."""
    atom = tl.program_id(2)
    column, there = _columns(atom, slots, lanes, WIDE)
    total = atoms * lanes
    energy_sum = tl.load(known + column, mask=there, other=0.0)
    for block in range(0, blocks):
        energy_sum += tl.load(parts + block * total + column, mask=there, other=0.0).to(tl.float64)
    energy_sum += tl.load(constants + tl.load(species + atom))
    slot = tl.program_id(1).to(tl.int64) * WIDE + tl.arange(0, WIDE)
    tl.store(energy + slot * atoms + atom, energy_sum, mask=there)
