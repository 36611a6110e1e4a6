"""A loss of energies and forces of many structures, and its gradient by the weights of a model.

For one structure of N atoms, with residuals e = E - E*, r = F - F* and R = W - W* of the virial
W_ab = ∂E/∂ε_ab (the stress times the volume), and an emphasis ω on atoms,

    L = w_E (e / N)² + w_F Σ ω r² / 3N + w_W Σ (R / N)² / 9.

Forces are derivatives of the energy, so with the direction d = ω r their part of the gradient is a
derivative of the energy's gradient by the weights θ along d,

    Σ d · ∂F/∂θ = -d/dt ∂E/∂θ (x + t d)  ≈  -[∂E/∂θ (x + t d) - ∂E/∂θ (x - t d)] / 2t,

the difference of two first derivatives: no second derivative is formed (Pearlmutter, Neural
Computation 6, 147 (1994)). Their mean stands for ∂E/∂θ at x. The virial is a derivative by a
homogeneous strain of atoms and cell, so its part is one more direction, and both are gone along at
once: x becomes x + t (d + x S), an image's shift s becomes s + t s S, with

    S = -w_W / (3 N w_F) R.

The virial costs no further derivative. Atoms move by 3e-5 Å at most, and their distances change by
as much again under the strain, which leaves an error of some 1e-7 of the gradient.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from scatter.kernels.compiling import sources
from scatter.kernels.intrinsics import lanes_of
from scatter.mace.kernels.batch import replica
from scatter.mace.kernels.gradient import add_gradient
from scatter.mace.kernels.memory import of_gradient, of_structure

DISPLACEMENT = 3e-5  # Å, of the atom that is displaced most, or of a strained pair's length
TINY = 1e-12  # eV/Å


class Structures(NamedTuple):
    """Labelled structures, one after another."""

    at: NDArray  # where the atoms of each begin; one more at the end
    pairs_at: NDArray  # where its pairs begin; likewise
    positions: NDArray  # Å
    species: NDArray
    first: NDArray  # of each pair, counted within the structure
    second: NDArray
    shift: NDArray  # Å
    energies: NDArray  # eV
    forces: NDArray  # eV/Å; NaN where there is no label
    virials: NDArray  # eV, shape (structure, 3, 3); NaN where there is no label
    emphasis: NDArray  # ω of each atom


@njit
def _residuals(forces, labels, emphasis, squares):
    """Forces become ω (F - F*); their squares are added up by species; the largest is returned."""
    largest = TINY
    for i in range(len(forces)):
        for axis in range(3):
            label = labels[i, axis]
            residual = forces[i, axis] - label if label == label else 0.0  # NaN: there is none
            squares[i] += residual**2
            forces[i, axis] = emphasis[i] * residual
            largest = max(largest, abs(forces[i, axis]))
    return largest


@njit
def _virial(s, strain):
    """W of the structure that was evaluated last, in place; see `mace.cpu`."""
    width = lanes_of(s.tiles)
    strain[:] = 0
    for pair in range(s.start[-1]):
        place = pair // width * (3 * width) + pair % width
        d = s.apart[place], s.apart[place + width], s.apart[place + 2 * width]
        r = sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2)
        push = s.push[4 * pair : 4 * pair + 4]
        along = push[0] - (d[0] * push[1] + d[1] * push[2] + d[2] * push[3]) / r**2
        for a in range(3):
            for b in range(3):
                strain[a, b] += d[a] * (along * d[b] + push[b + 1]) / r


@njit
def _strained(virial, label, by):
    """W becomes S = `by` (W - W*), or nothing where there is no label; its Σ R² is answered."""
    square = 0.0
    for a in range(3):
        for b in range(3):
            known = label[a, b] == label[a, b]  # NaN: there is none
            residual = virial[a, b] - label[a, b] if known else 0.0
            square += residual**2
            virial[a, b] = by * residual
    return square


@njit
def _add_strain(vectors, strain, directions):
    """Add x S to d for every x."""
    for i in range(len(vectors)):
        for a in range(3):
            for b in range(3):
                directions[i, b] += vectors[i, a] * strain[a, b]


@njit
def _add_loss_gradient(x, species, listed, way, even, odd, weights, s, rooms, bars):
    """Add `even` ∂E/∂θ at x, and `odd` times its difference along the way, to `bars`.

    The way is the displacement of each atom, and that of the shift of each pair.
    """
    (moved, sent, shift), moving = rooms, np.ones(len(x)) > 0
    for sign in (1.0, -1.0):
        moved[:] = x + sign * way[0]
        shift[:] = listed[2] + sign * way[1]
        pairs = listed[0], listed[1], shift
        add_gradient(moved, species, moving, pairs, even + sign * odd, weights, s, sent, bars)


@njit
def _structure(k, d, by, learn, weights, s, rooms, bars, squares):
    """Residuals e and Σ R² of one structure, and the squares of its forces'; see `loss`."""
    begin, end, first, last = d.at[k], d.at[k + 1], d.pairs_at[k], d.pairs_at[k + 1]
    listed = d.first[first:last], d.second[first:last], d.shift[first:last]
    x, species, atoms = d.positions[begin:end], d.species[begin:end], end - begin
    f, strain = rooms[0][0, :atoms], np.zeros((3, 3))
    f[:] = 0
    error = replica(x, species, np.ones(atoms) > 0, listed, weights, s, f) - d.energies[k]
    largest = _residuals(f, d.forces[begin:end], d.emphasis[begin:end], squares)
    _virial(s, strain)
    square = _strained(strain, d.virials[k], -by[2] / (3 * atoms * by[1]))
    if learn:
        step = DISPLACEMENT / max(largest, weights.cutoff * np.abs(strain).max())
        f *= step
        strain *= step
        shifts = rooms[2][:, : last - first]
        shifts[0] = 0
        _add_strain(x, strain, f)
        _add_strain(listed[2], strain, shifts[0])
        even, odd = by[0] * error / atoms**2, -by[1] / (3 * atoms * step)
        moved = rooms[0][1, :atoms], rooms[1][: len(s.b)], shifts[1]
        _add_loss_gradient(x, species, listed, (f, shifts[0]), even, odd, weights, s, moved, bars)
    return error, square


def _loss_of(sources: int):
    """The compiled loss; see `mace._evaluate_of` for the number."""

    @njit(parallel=True, cache=True)
    def loss(chosen, structures, by, learn, weights, scratch, room, gradient):
        """Residuals of chosen structures; with `learn`, the gradient of Σ L is added up.

        Args:
            chosen: indices of structures.
            structures: all of them.
            by: w_E, w_F and w_W; w_F is above 0.
            learn: whether the gradient is wanted.
            weights: of the model, in double precision.
            scratch: working memory for the largest structure, one for each worker.
            room: more of it, shapes (worker, 2, atom, 3), that of `b` and (worker, 2, pair, 3).
            gradient: one for each worker, added to.

        Returns:
            e of each chosen structure, eV; the squares of its atoms' force residuals, summed
            over axes, eV²/Å², shape (structure, atom); and Σ R², eV², zero without a label.
        """
        assert sources
        workers, d = len(scratch.held), structures
        errors, squares = np.zeros(len(chosen)), np.zeros((len(chosen), room[0].shape[2]))
        of_virials = np.zeros(len(chosen))
        for worker in prange(workers):
            bars = of_gradient(gradient, worker)
            rooms = room[0][worker], room[1][worker], room[2][worker]
            for n in range(worker, len(chosen), workers):
                k = chosen[n]
                s = of_structure(scratch, worker, d.at[k + 1] - d.at[k])
                errors[n], of_virials[n] = _structure(
                    k, d, by, learn, weights, s, rooms, bars, squares[n]
                )
        return errors, squares, of_virials

    return loss


loss = _loss_of(sources(__file__))
