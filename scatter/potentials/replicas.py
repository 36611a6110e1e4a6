"""Replicas of one system on a compiled kernel: their pair lists, and working memory for threads."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numba
import numpy as np
from jaxtyping import Float, Int

from scatter.kernels.compiling import compile_for
from scatter.kernels.held import Held
from scatter.potentials.base import Evaluator, Potential, refuse_unknown_elements
from scatter.potentials.neighbours import VerletLists
from scatter.potentials.sharing import Sharing
from scatter.state import System

SKIN = 0.8  # Å; a longer list costs less than listing more often

Positions = Float[np.ndarray, "slot atom 3"]
Answer = tuple[Float[np.ndarray, " slot"], Float[np.ndarray, "slot atom 3"]]


class Replicas(Evaluator):
    """Up to `slots` replicas and their pair lists; see `Evaluator` in `base.py`."""

    def __init__(
        self,
        system: System,
        slots: int,
        cutoff: float,
        evaluate: Callable[[VerletLists, Positions], Answer],
    ):
        """Make room for lists of every pair within the cutoff.

        Args:
            system: the atoms of every replica.
            slots: how many replicas there are at most.
            cutoff: Å.
            evaluate: energies (eV) and forces (eV/Å) of replicas from their lists and positions.
        """
        self.system, self.cutoff, self.evaluate = system, cutoff, evaluate
        self.lists, self.sharing = VerletLists(system, slots, cutoff, SKIN), Sharing()

    def begin(self, slots: Int[np.ndarray, " slot"], positions: Positions) -> Answer:
        """Energies (eV) and forces (eV/Å) of the replicas that enter these slots."""
        fresh = VerletLists(self.system, len(positions), self.cutoff, SKIN)
        answer = self._answer(fresh, positions)
        self.lists.enter(slots, fresh)
        return answer

    def __call__(self, positions: Positions) -> Answer:
        """Energies (eV) and forces (eV/Å) of every slot."""
        return self._answer(self.lists, positions)

    def keep(self, slots: Int[np.ndarray, " kept"]) -> None:
        """Continue with the replicas in these slots only."""
        self.lists.keep(slots)

    def _answer(self, lists: VerletLists, positions: Positions) -> Answer:
        def work() -> Answer:
            lists.update(positions)
            return self.evaluate(lists, positions)

        energies, forces = self.sharing(len(positions), work)
        # an atom that is nowhere is in no list, and the sum over the list would be finite
        energies[~np.isfinite(positions).all(axis=(1, 2))] = np.nan
        return energies, forces


class Kernel(NamedTuple):
    """A compiled kernel that evaluates replicas, each by one thread.

    Attributes:
        name: for people.
        evaluate: compiled; takes what `Workers.arguments` gives.
        scratch: makes working memory from weights, atoms of a replica, most pairs of a replica,
            and workers.
    """

    name: str
    evaluate: Callable[..., Any]
    scratch: Callable[[Any, int, int, int], Any]


class Workers:
    """A kernel with the weights of a model and working memory, one worker for each thread.

    Attributes:
        species: of each atom, an index into the model's.
        scratch: working memory; its first axis is the worker.
        held: weights and working memory, as the kernel takes them.
    """

    def __init__(self, kernel: Kernel, weights: Any, numbers: np.ndarray, system: System):
        """Take a model whose species have these atomic numbers; there is no memory yet."""
        self.kernel, self.weights, self.moving = kernel, weights, system.moving
        known = numbers.tolist()
        self.species = np.array([known.index(z) for z in system.numbers])
        self.count = self.capacity = 0

    def __call__(self, lists: VerletLists, positions: Positions, *more: np.ndarray) -> Any:
        """What the kernel makes of replicas with these lists, and of what it takes besides.

        Energies (eV) and forces (eV/Å), but for kernels of energies alone.
        """
        self._reserve(len(positions), lists.first.shape[1])
        return self.kernel.evaluate(*self.arguments(lists, positions), *more)

    def make_ready(self, lists: VerletLists, *more: np.ndarray) -> None:
        """Compile, where this has not been done, and make room for such lists."""
        self._reserve(*lists.first.shape)
        arguments = *self.arguments(lists, lists.reference), *more
        compile_for(self.kernel.evaluate, self.kernel.name, *arguments)

    def arguments(self, lists: VerletLists, positions: Positions) -> tuple:
        """What the kernel takes."""
        return (
            np.ascontiguousarray(positions),
            self.species,
            self.moving,
            (lists.first, lists.second, lists.shift),
            lists.counts,
            self.held,
            self.count,
        )

    def _reserve(self, slots: int, capacity: int) -> None:
        """Have as many workers as there are threads, and room for lists of this length."""
        count = max(1, min(slots, numba.get_num_threads()))
        if self.count < count or self.capacity < capacity:
            self.count, self.capacity = max(count, self.count), max(capacity, self.capacity)
            self.scratch = self.kernel.scratch(
                self.weights, len(self.species), self.capacity, self.count
            )
            self.held = Held(self.weights, self.scratch)


def alone(
    kernel: Kernel, model: "Compiled", system: System, positions: Float[np.ndarray, "atom 3"]
) -> tuple[Workers, Any]:
    """A kernel's answer for one structure whose atoms all move, and who has computed it."""
    refuse_unknown_elements(model, system)
    free = replace(system, moving=np.ones(len(system), bool))
    workers = Workers(kernel, model.weights, model.numbers, free)
    lists = VerletLists(free, 1, model.cutoff, SKIN)
    lists.update(positions[None])
    workers.make_ready(lists)
    return workers, workers(lists, positions[None])


class Compiled(Potential):
    """A model that a compiled kernel evaluates on the CPU.

    Attributes:
        kernel: that evaluates.
        weights: of the model, as the kernel reads them.
        numbers: atomic numbers of the model's species.
    """

    kernel: Kernel
    weights: Any
    numbers: np.ndarray

    def bind(self, system: System, slots: int) -> Replicas:
        """An evaluator for `slots` replicas of `system`; the kernel is compiled if it was not.

        Raises:
            UserError: the system holds an element that the model does not know.
        """
        refuse_unknown_elements(self, system)
        workers = Workers(self.kernel, self.weights, self.numbers, system)
        replicas = Replicas(system, slots, self.cutoff, workers)
        workers.make_ready(replicas.lists)
        return replicas
