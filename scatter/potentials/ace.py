"""A linear ACE, evaluated by our own kernel.

A replica's energy and forces are the same bits in any batch, slot and number of threads.
"""

from pathlib import Path

import numba
import numpy as np
from ase.data import chemical_symbols
from jaxtyping import Float, Int

from scatter.kernels import ace
from scatter.kernels.ace_memory import Scratch, Weights
from scatter.kernels.ace_tiles import WEIGHTS
from scatter.kernels.compiling import compile_for
from scatter.kernels.vectors import lanes
from scatter.potentials.ace_file import LinearAce
from scatter.potentials.ace_leverage import Leverage
from scatter.potentials.ace_program import Embedding, weights_of
from scatter.potentials.base import refuse_unknown_elements
from scatter.potentials.mace_fused import aligned
from scatter.potentials.neighbours import VerletLists
from scatter.state import System

SKIN = 0.8  # Å
WIDTH = lanes(64)


class Ace:
    """A linear ACE (`.npz`), on a CPU."""

    def __init__(self, model: LinearAce, name: str = "model", embedding: Embedding | None = None):
        """Take the arrays of a model.

        Args:
            model: the arrays.
            name: for people.
            embedding: what it has beyond a linear ACE.
        """
        self.model = model
        self.weights = aligned_weights(weights_of(model, WIDTH, embedding))
        numbers = [int(z) for z in model.numbers]
        self.elements = frozenset(numbers)
        self.cutoff = float(model.cutoff.max())
        self.guards = (Leverage(model),) if model.leverage.size else ()
        self.identity = model.sha256() + (embedding.sha256() if embedding else "")
        known = ", ".join(chemical_symbols[z] for z in numbers)
        kind = "embedded" if embedding else "linear"
        self.description = f"{kind} ACE {name} ({known})"

    @classmethod
    def read(cls, file: Path) -> "Ace":
        """The model in a file.

        Raises:
            UserError: the file is no linear ACE.
        """
        return cls(LinearAce.read(file), file.name)

    def bind(self, system: System, slots: int) -> "AceEvaluator":
        """An evaluator for `slots` replicas of `system`.

        Raises:
            UserError: the system holds an element that the model does not know.
        """
        refuse_unknown_elements(self, system)
        return AceEvaluator(self, system, slots)


class AceEvaluator:
    """Lists and working memory of up to `slots` replicas; see `Evaluator` in `base.py`."""

    def __init__(self, potential: Ace, system: System, slots: int):
        self.potential, self.system = potential, system
        known = potential.model.numbers.tolist()
        self.species = np.array([known.index(z) for z in system.numbers])
        self.lists = VerletLists(system, slots, potential.cutoff, SKIN)
        self.scratch = self._reserved(slots, self.lists.first.shape[1])
        nowhere = np.zeros((slots, len(system), 3))
        compile_for(ace.evaluate_batch, "ACE", *self._arguments(self.lists, nowhere))

    def begin(
        self, slots: Int[np.ndarray, " new"], positions: Float[np.ndarray, "new atom 3"]
    ) -> tuple[Float[np.ndarray, " new"], Float[np.ndarray, "new atom 3"]]:
        """Energies (eV) and forces (eV/Å) of the replicas that enter these slots."""
        self.lists.forget(slots)
        fresh = VerletLists(self.system, len(positions), self.potential.cutoff, SKIN)
        return self._evaluate(fresh, positions)

    def __call__(
        self, positions: Float[np.ndarray, "slot atom 3"]
    ) -> tuple[Float[np.ndarray, " slot"], Float[np.ndarray, "slot atom 3"]]:
        """Energies (eV) and forces (eV/Å) of every slot."""
        return self._evaluate(self.lists, positions)

    def keep(self, slots: Int[np.ndarray, " kept"]) -> None:
        """Go on with the replicas in these slots only."""
        self.lists.keep(slots)

    def _evaluate(
        self, lists: VerletLists, positions: Float[np.ndarray, "slot atom 3"]
    ) -> tuple[Float[np.ndarray, " slot"], Float[np.ndarray, "slot atom 3"]]:
        lists.update(positions)
        workers, capacity = len(self.scratch.held), lists.first.shape[1]
        if workers < min(len(positions), numba.get_num_threads()) or self.capacity < capacity:
            self.scratch = self._reserved(len(positions), capacity)
        energies, forces = ace.evaluate_batch(*self._arguments(lists, positions))
        # an atom that is nowhere is in no list, and the sum over the list would be finite
        energies[~np.isfinite(positions).all(axis=(1, 2))] = np.nan
        return energies, forces

    def _arguments(self, lists: VerletLists, positions: Float[np.ndarray, "slot atom 3"]) -> tuple:
        """What the kernel takes."""
        return (
            np.ascontiguousarray(positions), self.species, self.system.moving,
            (lists.first, lists.second, lists.shift), lists.counts,
            self.potential.weights, self.scratch,
        )  # fmt: skip

    def _reserved(self, slots: int, capacity: int) -> Scratch:
        """Working memory for as many workers as there are threads, and for lists of this length."""
        self.capacity = capacity
        workers = max(1, min(slots, numba.get_num_threads()))
        return scratch(self.potential.weights, len(self.system), capacity, workers)


def aligned_weights(weights: Weights) -> Weights:
    """The same arrays, those of real numbers where a register can be read at once."""
    real = {
        name: aligned(array)
        for name, array in weights._asdict().items()
        if isinstance(array, np.ndarray) and array.dtype == float
    }
    return weights._replace(**real)


def scratch(weights: Weights, atoms: int, capacity: int, workers: int) -> Scratch:
    """Working memory of the kernel.

    Args:
        weights: of the model.
        atoms: of one replica.
        capacity: most pairs of one replica.
        workers: how many replicas are computed at once.
    """
    species, environments = len(weights.constant), atoms * len(weights.constant)
    tiles = 2 * capacity // WIDTH + environments + 1
    factors = species * weights.factors
    values = factors + int(np.diff(weights.node_start).max())

    def reals(size: int) -> np.ndarray:
        return aligned(np.zeros((workers, size)))

    def integers(size: int) -> np.ndarray:
        return np.zeros((workers, size), np.int64)

    return Scratch(
        held=np.full((workers, atoms, 3), np.nan), fixed=reals(atoms * factors),
        fixed_count=integers(environments), count=integers(environments),
        start=integers(environments + 1), filled=integers(environments),
        first=integers(capacity + 1), second=integers(capacity + 1),
        vectors=reals(3 * capacity + 3), apart=reals(3 * WIDTH * tiles),
        neighbour=integers(WIDTH * tiles), program=integers(atoms), members=integers(WIDTH),
        knots=np.zeros((workers, WIDTH), np.int32), weights=reals(2 * WEIGHTS * WIDTH),
        tiles=reals(tiles * weights.tile_rows * WIDTH), a=reals(WIDTH * factors),
        values=reals(values * WIDTH), bars=reals(values * WIDTH), energy=reals(WIDTH),
        density_bars=reals(values * WIDTH), density=reals(WIDTH),
        own=reals(4), push=reals(3 * atoms + 3),
    )  # fmt: skip
