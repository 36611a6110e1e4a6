"""Half pair lists with a skin (Verlet lists), one per replica, in any cell.

A pair (i, j, S) means that atom j, displaced by the lattice translation S, is within the list's
radius of atom i. Each pair is listed once. Translations are found from the positions as they are,
however far atoms have wandered, and any number of images of one atom may be listed, its own
included. The order (i, j, then S) depends on the positions alone, and a pair beyond the cutoff
adds nothing, so a sum over the list has the same bits whenever the list was made.
"""

import numpy as np
from numba import njit, prange

from scatter.kernels.memory import inner

TOO_FAR = 1e6  # lattice vectors; beyond this, or NaN, an atom has no neighbours


@inner
def _reach(d, k, inverse, spans, pbc):
    """First and last translation along lattice vector k that can be within the radius."""
    if not pbc[k]:
        return 0, 0
    fraction = d[0] * inverse[0, k] + d[1] * inverse[1, k] + d[2] * inverse[2, k]
    if not abs(fraction) < TOO_FAR:
        return 1, 0
    return int(np.ceil(-fraction - spans[k])), int(np.floor(-fraction + spans[k]))


@inner
def _images(d, cell, low, high, same, square, shift, offset):
    """Find the translations S with |d + S|² < square, lexicographically; answer how many.

    Of an atom and its own images (`same`), one of S and -S counts, and S = 0 does not. They are
    written to the rows of `shift` from `offset` on, as far as it has rows.
    """
    count = 0
    for a in range(max(low[0], 0) if same else low[0], high[0] + 1):
        for b in range(max(low[1], 0) if same and a == 0 else low[1], high[1] + 1):
            for c in range(max(low[2], 1) if same and a == 0 and b == 0 else low[2], high[2] + 1):
                sx = a * cell[0, 0] + b * cell[1, 0] + c * cell[2, 0]
                sy = a * cell[0, 1] + b * cell[1, 1] + c * cell[2, 1]
                sz = a * cell[0, 2] + b * cell[1, 2] + c * cell[2, 2]
                x, y, z = d[0] + sx, d[1] + sy, d[2] + sz
                if x * x + y * y + z * z < square:
                    if offset + count < len(shift):
                        shift[offset + count, 0] = sx
                        shift[offset + count, 1] = sy
                        shift[offset + count, 2] = sz
                    count += 1
    return count


@inner
def half_list(positions, cell, inverse, spans, pbc, radius, first, second, shift):
    """Write the half list of one replica; answer how many pairs it has.

    Args:
        positions: Å, shape (atom, 3).
        cell: lattice vectors as rows, Å.
        inverse: inverse of the cell.
        spans: radius over the distance between opposite faces of the cell, shape (3,).
        pbc: periodicity, shape (3,).
        radius: Å.
        first: atom i of each pair, shape (capacity,); written.
        second: atom j of each pair, shape (capacity,); written.
        shift: translation S in Å, shape (capacity, 3); written.

    Returns:
        The number of pairs; where it exceeds the capacity, the list is incomplete.
    """
    count = 0
    for i in range(len(positions)):
        for j in range(i, len(positions)):
            d = (
                positions[j, 0] - positions[i, 0],
                positions[j, 1] - positions[i, 1],
                positions[j, 2] - positions[i, 2],
            )
            (a, A), (b, B), (c, C) = (
                _reach(d, 0, inverse, spans, pbc),
                _reach(d, 1, inverse, spans, pbc),
                _reach(d, 2, inverse, spans, pbc),
            )
            low, high = (a, b, c), (A, B, C)
            images = _images(d, cell, low, high, i == j, radius * radius, shift, count)
            for pair in range(count, min(count + images, len(first))):
                first[pair] = i
                second[pair] = j
            count += images
    return count


@inner
def _moved(positions, reference, skin):
    """Whether any atom has moved by more than half the skin since the list was made."""
    largest = 0.0
    for i in range(len(positions)):
        x = positions[i, 0] - reference[i, 0]
        y = positions[i, 1] - reference[i, 1]
        z = positions[i, 2] - reference[i, 2]
        square = x * x + y * y + z * z
        if not square <= largest:
            largest = square
    return not largest <= 0.25 * skin * skin


@inner
def _renewed(positions, cell, inverse, spans, pbc, radius, first, second, shift, reference):
    """Write the list of one replica and where it was made; answer how many pairs it has."""
    pairs = half_list(positions, cell, inverse, spans, pbc, radius, first, second, shift)
    for i in range(len(positions)):
        for k in range(3):
            reference[i, k] = positions[i, k]
    return pairs


@njit(cache=True, parallel=True)
def update_lists(
    positions, cell, inverse, spans, pbc, radius, skin, first, second, shift, counts, reference
):
    """Renew the lists of those replicas in which an atom moved by more than half the skin.

    Args:
        positions: Å, shape (slot, atom, 3).
        cell: lattice vectors as rows, Å.
        inverse: inverse of the cell.
        spans: see `half_list`.
        pbc: periodicity, shape (3,).
        radius: cutoff plus skin, Å.
        skin: Å.
        first: atom i, shape (slot, capacity); written where renewed, as all that follow.
        second: atom j, shape (slot, capacity).
        shift: translation in Å, shape (slot, capacity, 3).
        counts: pairs of each replica, shape (slot,); -1 asks for a new list.
        reference: positions at which each list was made, shape (slot, atom, 3).

    Returns:
        The largest number of pairs; above the capacity, the lists that lack pairs have count -1.
    """
    slots = len(positions)
    needed = np.empty(slots, np.int64)
    for slot in prange(slots):
        needed[slot] = 0
        if counts[slot] >= 0 and not _moved(positions[slot], reference[slot], skin):
            continue
        pairs = _renewed(
            positions[slot],
            cell,
            inverse,
            spans,
            pbc,
            radius,
            first[slot],
            second[slot],
            shift[slot],
            reference[slot],
        )
        needed[slot] = pairs
        counts[slot] = pairs if pairs <= first.shape[1] else -1
    most = 0
    for slot in range(slots):
        most = max(most, needed[slot])
    return most
