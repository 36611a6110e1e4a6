"""A loss of energies and forces of many structures, and its gradient by the weights of a model.

For one structure of N atoms, with residuals e = E - E* and r = F - F* and an emphasis ω on atoms,

    L = w_E (e / N)² + w_F Σ ω r² / 3N.

Forces are derivatives of the energy, so with the direction d = ω r their part of the gradient is a
derivative of the energy's gradient by the weights θ along d,

    Σ d · ∂F/∂θ = -d/dt ∂E/∂θ (x + t d)  ≈  -[∂E/∂θ (x + t d) - ∂E/∂θ (x - t d)] / 2t,

the difference of two first derivatives: no second derivative is formed (Pearlmutter, Neural
Computation 6, 147 (1994)). Their mean stands for ∂E/∂θ at x. Atoms move by 0.0003 Å at most, which
leaves an error of some 1e-7 of the gradient; its rounding is smaller.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from scatter.kernels.compiling import sources
from scatter.mace.kernels.batch import replica
from scatter.mace.kernels.gradient import add_gradient
from scatter.mace.kernels.memory import of_gradient, of_structure

DISPLACEMENT = 0.0003  # Å, of the atom that is displaced most
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
def _add_loss_gradient(x, species, listed, directions, even, odd, weights, s, room, worker, bars):
    """Add `even` ∂E/∂θ at x, and `odd` times its difference along the directions, to `bars`."""
    atoms, moving = len(x), np.ones(len(x)) > 0
    moved, sent = room[0][worker, 1, :atoms], room[1][worker, : len(s.b)]
    for sign in (1.0, -1.0):
        moved[:] = x + sign * directions
        add_gradient(moved, species, moving, listed, even + sign * odd, weights, s, sent, bars)


def _loss_of(sources: int):
    """The compiled loss; see `mace._evaluate_of` for the number."""

    @njit(parallel=True, cache=True)
    def loss(chosen, structures, by_energy, by_force, learn, weights, scratch, room, gradient):
        """Residuals of chosen structures; with `learn`, the gradient of Σ L is added up.

        Args:
            chosen: indices of structures.
            structures: all of them.
            by_energy: w_E.
            by_force: w_F.
            learn: whether the gradient is wanted.
            weights: of the model, in double precision.
            scratch: working memory for the largest structure, one for each worker.
            room: more of it, shape (worker, 2, atom, 3) and that of `b`.
            gradient: one for each worker, added to.

        Returns:
            e of each chosen structure, eV, and the squares of its atoms' force residuals, summed
            over axes, eV²/Å², shape (structure, atom).
        """
        assert sources
        workers, d = len(scratch.held), structures
        errors, squares = np.zeros(len(chosen)), np.zeros((len(chosen), room[0].shape[2]))
        for worker in prange(workers):
            bars = of_gradient(gradient, worker)
            for n in range(worker, len(chosen), workers):
                begin, end = d.at[chosen[n]], d.at[chosen[n] + 1]
                first, last = d.pairs_at[chosen[n]], d.pairs_at[chosen[n] + 1]
                listed = d.first[first:last], d.second[first:last], d.shift[first:last]
                x, species, atoms = d.positions[begin:end], d.species[begin:end], end - begin
                s, f = of_structure(scratch, worker, atoms), room[0][worker, 0, :atoms]
                f[:] = 0
                energy = replica(x, species, np.ones(atoms) > 0, listed, weights, s, f)
                errors[n] = energy - d.energies[chosen[n]]
                largest = _residuals(f, d.forces[begin:end], d.emphasis[begin:end], squares[n])
                if learn:
                    step = DISPLACEMENT / largest
                    f *= step
                    even, odd = by_energy * errors[n] / atoms**2, -by_force / (3 * atoms * step)
                    _add_loss_gradient(
                        x, species, listed, f, even, odd, weights, s, room, worker, bars
                    )
        return errors, squares

    return loss


loss = _loss_of(sources(__file__))
