"""Energies of a slab with one atom of a projectile at a time, on a linear ACE, without forces.

An atom of the slab that does not see that of the projectile has the energy which it has in the
clean slab. So the clean slab is computed once; for each atom of the projectile what it gives to A
is added to those A of the clean slab that it reaches, and energies of these atoms alone are
computed anew.
"""

import numpy as np
from numba import njit, prange

from scatter.ace.kernels.batch import choose, fix, look, run_forward
from scatter.ace.kernels.environments import arrange, pairs_within
from scatter.ace.kernels.memory import of_worker
from scatter.kernels.compiling import sources
from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.memory import copy, inner, known

# Marks of atoms: 0 frozen and 1 moving in the slab, far below both for a projectile's atom that is
# not there and far above them for the one that is.
ABSENT, PRESENT = -9, 9
CLEAN, TOUCHED = (1, 2), (PRESENT, 2 * PRESENT)  # sums of marks of the pairs that count


@inner
def _together(count, program, before, species, weights, s):
    """The energy of the first `count` of the members, or how it differs from the clean slab's.

    Of what is not known yet in the clean slab, energies and A are kept.
    """
    energy, size = 0.0, len(weights.constant) * weights.factors
    look(count, species, before, weights, s)
    run_forward(count, program, species, weights, s)
    for member in range(count):
        atom = s.members[member]
        mine = weights.constant[species[atom]] + s.energy[member]
        if s.marks[atom] != PRESENT and np.isnan(s.alone[atom]):
            copy(s.clean[atom * size : (atom + 1) * size], s.a[member * size : (member + 1) * size])
            s.alone[atom], energy = mine, energy + mine
        elif s.marks[atom] != PRESENT:
            energy += mine - s.alone[atom]
        else:
            energy += mine
    return energy


@inner
def _all_together(before, species, weights, s):
    """The energy of all atoms that have a program."""
    energy, width, last = 0.0, lanes_of(s.tiles), len(species) - 1
    for program in range(len(weights.node_start) - 1):
        count = 0
        for i in range(len(species)):
            if s.program[i] == program:
                s.members[count] = i
                count += 1
            if count == width or (count > 0 and i == last):
                energy += _together(count, program, before, species, weights, s)
                count = 0
    return energy


@inner
def _clean(positions, species, moving, slab, neighbours, weights, s):
    """The energy of the clean slab, whose A and energies are kept; NaN where atoms touch."""
    for i in range(len(species)):
        s.marks[i], s.alone[i] = moving[i] if i < slab else ABSENT, np.nan
    pairs = pairs_within(positions, species, s.marks, CLEAN, neighbours, weights, s)
    if pairs < 0:
        return np.nan
    arrange(pairs, species, weights, s)
    choose(species, s.fixed_count, weights, s)
    for environment in range(len(s.count)):
        s.clean_count[environment] = s.count[environment] + s.fixed_count[environment]
    for own in range(slab, len(species)):
        s.program[own] = -1
    return _all_together(s.fixed, species, weights, s)


@inner
def _touched(atom, positions, species, neighbours, weights, s):
    """What an atom adds to the energy of the clean slab; NaN where it touches another."""
    kinds = len(weights.constant)
    s.marks[atom] = PRESENT
    pairs = pairs_within(positions, species, s.marks, TOUCHED, neighbours, weights, s)
    if pairs < 0:
        return np.nan
    arrange(pairs, species, weights, s)
    choose(species, s.clean_count, weights, s)
    for i in range(len(species)):
        seen = s.start[(i + 1) * kinds] - s.start[i * kinds]
        if seen == 0 and i != atom:
            s.program[i] = -1
    added = _all_together(s.clean, species, weights, s)
    s.marks[atom] = ABSENT
    return added


@inner
def _replica(positions, species, moving, wanted, neighbours, weights, s, energies):
    """Energies of one replica with each atom that is wanted; NaN where atoms touch."""
    slab = len(species) - len(wanted)
    if not known(positions, moving, s.held):
        if not fix(positions, species, moving, neighbours, weights, s):
            return
    clean = _clean(positions, species, moving, slab, neighbours, weights, s)
    for own in range(len(wanted)):
        if wanted[own]:
            energies[own] = clean + _touched(slab + own, positions, species, neighbours, weights, s)


def _energies_of(sources: int):
    """The compiled evaluation of a batch; see `sources`."""

    @njit(parallel=True, cache=True)
    def evaluate(positions, species, moving, lists, counts, held, workers, wanted):
        """Energies in eV with each atom that is wanted, shape (slot, own); NaN of others.

        The arguments are those of `batch.evaluate_batch`, and which atoms are wanted. The energy of
        a replica is NaN where atoms touch.
        """
        assert sources
        energies = np.full(wanted.shape, np.nan)
        first, second, shift = lists
        for worker in prange(workers):
            s, weights = of_worker(held.memory, np.int64(worker)), held.weights
            for slot in range(worker, len(positions), workers):
                if wanted[slot].any():
                    n = counts[slot]
                    neighbours = first[slot, :n], second[slot, :n], shift[slot, :n]
                    _replica(
                        positions[slot], species, moving, wanted[slot], neighbours, weights, s,
                        energies[slot],
                    )  # fmt: skip
        return energies

    return evaluate


energies_batch = _energies_of(sources(__file__))
