"""Energies and forces of many replicas on a folded MACE; the derivation is in the documentation.

One replica is computed by one thread from first to last, in an order that depends on its own
positions alone. Pairs of frozen atoms come first: what they give does not change from step to
step, and is taken from the worker's memory wherever the frozen atoms are where they were.
"""

import numpy as np
from numba import njit, prange

from scatter.kernels.compiling import sources
from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.memory import copy, fill, inner, known
from scatter.mace.kernels import density
from scatter.mace.kernels.geometry import geometry, pairs_within, repel
from scatter.mace.kernels.layers import back_1, back_2, messages_1, messages_2, read_out
from scatter.mace.kernels.memory import of_worker
from scatter.mace.kernels.tiles import TILE_ROWS
from scatter.mace.kernels.vector_layers import return_products, return_sent, send


@inner
def _pull(begin, end, moving, s, forces):
    """Turn dE/dr and dE/dn of the pairs into forces on the atoms that move.

    dE/dd = (dE/dr - n · dE/dn / r) n + (dE/dn) / r  for the vector d = r n from i to j.
    """
    width = lanes_of(s.tiles)
    for pair in range(begin, end):
        i, j = s.first[pair], s.second[pair]
        tile = pair // width * (TILE_ROWS * width) + pair % width
        nx, ny, nz = s.tiles[tile], s.tiles[tile + width], s.tiles[tile + 2 * width]
        inverse = s.tiles[tile + (TILE_ROWS - 1) * width]
        x, y, z = s.push[4 * pair + 1], s.push[4 * pair + 2], s.push[4 * pair + 3]
        along = s.push[4 * pair] - (nx * x + ny * y + nz * z) * inverse
        if i == j:
            continue
        x, y, z = along * nx + inverse * x, along * ny + inverse * y, along * nz + inverse * z
        if moving[i]:
            forces[i, 0] += x
            forces[i, 1] += y
            forces[i, 2] += z
        if moving[j]:
            forces[j, 0] -= x
            forces[j, 1] -= y
            forces[j, 2] -= z


@inner
def _fix(positions, species, moving, neighbours, weights, s):
    """Do what depends on the frozen atoms alone; answer whether none of them touch."""
    for i in range(len(moving)):
        fill(s.held[i], np.nan)
    first = np.int64(0)  # and no literal: nothing is compiled for that number alone
    end = pairs_within(positions, moving, True, neighbours, weights.cutoff, first, s)
    if end < 0:
        return False
    fill(s.fixed, 0)
    geometry(species, first, end, s.fixed_start, weights, s)
    messages_1(s.fixed, s.fixed_start, weights, s)
    density.fix(s.fixed_start, species, weights, s)
    s.fixed_energy[0] = repel(species, first, end, weights, s)
    for i in range(len(moving)):
        copy(s.held[i], positions[i])
    return True


@inner
def _gather_1(species, weights, s):
    """The sums over neighbours of layer 1, and densities of both layers."""
    copy(s.a, s.fixed)
    messages_1(s.a, s.start, weights, s)
    density.gather(s.start, species, weights, s)


@inner
def replica(positions, species, moving, neighbours, weights, s, forces):
    """Energy of one replica; its forces are added to `forces`. NaN where atoms touch."""
    atoms = len(species)
    if not known(positions, moving, s.held):
        if not _fix(positions, species, moving, neighbours, weights, s):
            return np.nan
    width = lanes_of(s.a)
    begin = -(-s.fixed_start[atoms] // width) * width
    end = pairs_within(positions, moving, False, neighbours, weights.cutoff, begin, s)
    if end < 0:
        return np.nan
    geometry(species, begin, end, s.start, weights, s)
    fill(s.push[4 * begin : 4 * end], 0)
    energy = s.fixed_energy[0] + repel(species, begin, end, weights, s)
    _gather_1(species, weights, s)
    send(species, weights, s)
    fill(s.m, 0)
    messages_2(s.fixed_start, weights, s)
    messages_2(s.start, weights, s)
    energy += read_out(species, weights, s)
    fill(s.g_bar, 0)
    back_2(s.fixed_start, False, weights, s)
    back_2(s.start, True, weights, s)
    return_sent(species, weights, s)
    return_products(species, weights, s)
    back_1(s.start, weights, s)
    density.push(s.start, species, weights, s)
    _pull(begin, end, moving, s, forces)
    return energy


def _evaluate_of(sources: int):
    """The compiled evaluation of a batch; see `sources`."""

    @njit(parallel=True, cache=True)
    def evaluate(positions, species, moving, lists, counts, held, workers):
        """Energies in eV, NaN where atoms touch, and forces in eV/Å.

        Args:
            positions: Å, shape (slot, atom, 3).
            species: of each atom, an index into the model's, shape (atom,).
            moving: False for frozen atoms, which feel no force, shape (atom,).
            lists: half pair lists of every slot: first and second atoms, and shifts.
            counts: pairs of each slot, shape (slot,).
            held: the weights of the model, and working memory for each worker.
            workers: their number.
        """
        assert sources
        slots = len(positions)
        energies, forces = np.empty(slots), np.empty(positions.shape)
        first, second, shift = lists
        for worker in prange(workers):
            s, weights = of_worker(held.memory, np.int64(worker)), held.weights
            for slot in range(worker, slots, workers):
                n = counts[slot]
                for atom in range(len(species)):
                    fill(forces[slot, atom], 0)
                neighbours = first[slot, :n], second[slot, :n], shift[slot, :n]
                energies[slot] = replica(
                    positions[slot], species, moving, neighbours, weights, s, forces[slot]
                )
        return energies, forces

    return evaluate


evaluate_batch = _evaluate_of(sources(__file__))
