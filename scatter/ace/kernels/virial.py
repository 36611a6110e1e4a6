"""The derivative of the energy of a linear ACE by strain; see `batch`.

W_ab = dE/dε_ab = Σ_i Σ_j d_a ∂E_i/∂d_b    over the pairs of each atom's environment, d from i to j.
"""

import numpy as np
from numba import njit

from scatter.ace.kernels.batch import FREE, choose, look, push, run
from scatter.ace.kernels.environments import arrange, pairs_within
from scatter.ace.kernels.memory import of_worker
from scatter.kernels.compiling import sources
from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.memory import fill, inner


@inner
def _add(atom, kind, ahead, atoms, weights, s, virial):
    """Those of an atom's pairs of one kind, when `push` has left dE/dd in their tiles."""
    environment, width = atom * len(weights.constant) + kind, lanes_of(s.tiles)
    for tile in range(s.start[environment], s.start[environment + 1]):
        force = ((tile + ahead) * weights.tile_rows + weights.direction) * width
        for lane in range(width):
            if s.neighbour[tile * width + lane] < atoms:
                for a in range(3):
                    d = s.apart[(3 * tile + a) * width + lane]
                    for b in range(3):
                        virial[a, b] += d * s.tiles[force + b * width + lane]


@inner
def _together(count, program, species, weights, s, virial):
    """Everything about the first `count` of the members."""
    kinds, at = len(weights.constant), 0
    look(count, species, s.fixed, weights, s)
    run(count, program, species, weights, s)
    for member in range(count):
        atom = s.members[member]
        first = atom * kinds
        for kind in range(kinds):
            a = s.a[(member * kinds + kind) * weights.factors :]
            push(atom, kind, at - s.start[first], a, weights, s)
            _add(atom, kind, at - s.start[first], len(species), weights, s, virial)
        at += s.start[first + kinds] - s.start[first]


@inner
def _replica(positions, species, moving, neighbours, weights, s, virial):
    pairs = pairs_within(positions, species, moving, FREE, neighbours, weights, s)
    if pairs < 0:
        fill(virial[0], np.nan)
        return
    arrange(pairs, species, weights, s)
    choose(species, s.fixed_count, weights, s)
    fill(s.push, 0)
    width, last = lanes_of(s.tiles), len(species) - 1
    for program in range(len(weights.node_start) - 1):
        count = 0
        for i in range(len(species)):
            if s.program[i] == program:
                s.members[count] = i
                count += 1
            if count == width or (count > 0 and i == last):
                _together(count, program, species, weights, s, virial)
                count = 0


def _virials_of(sources: int):
    """The compiled evaluation of a batch; see `sources`."""

    @njit(cache=True)
    def virials(positions, species, moving, lists, counts, held, workers):
        """dE/dε of replicas whose atoms all move, eV, shape (slot, 3, 3); NaN where atoms touch.

        The arguments are those of `batch.evaluate_batch`.
        """
        assert sources
        found = np.zeros((len(positions), 3, 3))
        first, second, shift = lists
        s, weights = of_worker(held.memory, np.int64(0)), held.weights
        for slot in range(len(positions)):
            n = counts[slot]
            neighbours = first[slot, :n], second[slot, :n], shift[slot, :n]
            _replica(positions[slot], species, moving, neighbours, weights, s, found[slot])
        return found

    return virials


virials_batch = _virials_of(sources(__file__))
