"""A linear ACE, evaluated by our own kernel.

A replica's energy and forces are the same bits in any batch, slot and number of threads.
"""

from pathlib import Path

import numpy as np
from ase.data import chemical_symbols

from scatter.ace.file import LinearAce
from scatter.ace.kernels import batch as ace
from scatter.ace.kernels.energies import energies_batch
from scatter.ace.kernels.memory import AceArrays, AceMemory
from scatter.ace.kernels.tiles import WEIGHTS
from scatter.ace.kernels.virial import virials_batch
from scatter.ace.leverage import Leverage
from scatter.ace.program import Embedding, weights_of
from scatter.kernels import lanes
from scatter.kernels.memory import aligned
from scatter.potentials.base import refuse_unknown_elements
from scatter.potentials.neighbours import VerletLists
from scatter.potentials.replicas import SKIN, Compiled, Kernel, Workers, alone
from scatter.shapes import Bool, Float
from scatter.state import System

WIDTH = lanes(64)


class Ace(Compiled):
    """A linear ACE (`.npz`), on a CPU."""

    def __init__(self, model: LinearAce, name: str = "model", embedding: Embedding | None = None):
        """Take the arrays of a model.

        Args:
            model: the arrays.
            name: for people.
            embedding: what it has beyond a linear ACE.
        """
        self.model, self.embedding = model, embedding
        self.weights = aligned_weights(weights_of(model, WIDTH, embedding))
        self.kernel, self.numbers = Kernel("ACE", ace.evaluate_batch, scratch), model.numbers
        numbers = self.numbers.tolist()
        self.elements = frozenset(numbers)
        self.cutoff = float(model.cutoff.max())
        self.guards = (Leverage(model),) if model.leverage.size else ()
        self.identity = model.sha256() + (embedding.sha256() if embedding else "")
        known = ", ".join(chemical_symbols[z] for z in numbers)
        kind = "embedded" if embedding else "linear"
        self.description = f"{kind} ACE {name} ({known})"

    @classmethod
    def read(cls, file: Path) -> "Ace":
        """The model in a file: an `.npz`, a `.json`, or a `.yace`, which may have an embedding.

        Raises:
            UserError: the file is not a linear ACE.
        """
        if file.suffix == ".yace":
            from scatter.ace.yace.read import read_yace

            model, embedding = read_yace(file)
            return cls(model, file.name, embedding)
        if file.suffix == ".json":
            from scatter.ace.ace1 import read_ace1

            return cls(read_ace1(file), file.name)
        return cls(LinearAce.read(file), file.name)

    def with_each(self, system: System, slots: int) -> "AceWithEach":
        """Energies of the slab with one atom of the projectile at a time.

        Raises:
            UserError: the system holds an element that the model does not know.
        """
        refuse_unknown_elements(self, system)
        return AceWithEach(self, system, slots)

    def virial(
        self, system: System, positions: Float[np.ndarray, "atom 3"]
    ) -> Float[np.ndarray, "3 3"]:
        """dE/dε of one structure, eV."""
        return alone(Kernel("ACE stress", virials_batch, scratch), self, system, positions)[1][0]


class AceWithEach:
    """Energies of a slab with one atom of a projectile at a time, on an ACE."""

    def __init__(self, model: Ace, system: System, slots: int):
        """Make room for lists of so many replicas."""
        kernel = Kernel("ACE energy", energies_batch, scratch_of_energies)
        weights = aligned_weights(weights_of(model.model, WIDTH, model.embedding, forces=False))
        self.workers = Workers(kernel, weights, model.numbers, system)
        self.lists = VerletLists(system, slots, model.cutoff, SKIN)
        self.ready = False

    def __call__(
        self, positions: Float[np.ndarray, "slot atom 3"], wanted: Bool[np.ndarray, "slot own"]
    ) -> Float[np.ndarray, "slot own"]:
        """Those with atoms that are wanted, eV; NaN of others, and of what is not finite.

        Lists of other replicas stay as they are: valid wherever atoms have not moved since.
        """
        lists, rows = self.lists, len(positions)
        wanted = wanted & np.isfinite(positions.sum(axis=2).sum(axis=1))[:, None]
        some = wanted.any(axis=1)
        if not some.any():
            return np.full(wanted.shape, np.nan)
        if not self.ready:
            lists.reference[:] = positions[some.argmax()]
        whole = lists.reference.copy()
        due = np.zeros((len(whole), wanted.shape[1]), bool)
        whole[:rows][some], due[:rows] = positions[some], wanted
        lists.update(whole)
        if not self.ready:
            self.workers.make_ready(lists, due)
            self.ready = True
        return self.workers(lists, whole, due)[:rows]


def aligned_weights(weights: AceArrays) -> AceArrays:
    """The same arrays, those of real numbers where a register can be read at once."""
    real = {
        name: aligned(array)
        for name, array in weights._asdict().items()
        if isinstance(array, np.ndarray) and array.dtype == float
    }
    return weights._replace(**real)


def scratch_of_energies(weights: AceArrays, atoms: int, capacity: int, workers: int) -> AceMemory:
    """Working memory of the kernel that computes no forces; see `scratch`."""
    species = len(weights.constant)

    def reals(size: int) -> np.ndarray:
        return aligned(np.zeros((workers, size)))

    return scratch(weights, atoms, capacity, workers)._replace(
        bars=reals(0),
        density_bars=reals(0),
        marks=np.zeros((workers, atoms), np.int64),
        clean=reals(atoms * species * weights.factors),
        clean_count=np.zeros((workers, atoms * species), np.int64),
        alone=reals(atoms),
    )


def scratch(weights: AceArrays, atoms: int, capacity: int, workers: int) -> AceMemory:
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

    return AceMemory(
        held=np.full((workers, atoms, 3), np.nan),
        fixed=reals(atoms * factors),
        fixed_count=integers(environments),
        count=integers(environments),
        start=integers(environments + 1),
        filled=integers(environments),
        first=integers(capacity + 1),
        second=integers(capacity + 1),
        vectors=reals(3 * capacity + 3),
        apart=reals(3 * WIDTH * tiles),
        neighbour=integers(WIDTH * tiles),
        program=integers(atoms),
        members=integers(WIDTH),
        knots=np.zeros((workers, WIDTH), np.int32),
        weights=reals(2 * WEIGHTS * WIDTH),
        tiles=reals(tiles * weights.tile_rows * WIDTH),
        a=reals(WIDTH * factors),
        values=reals(values * WIDTH),
        bars=reals(values * WIDTH),
        energy=reals(WIDTH),
        density_bars=reals(values * WIDTH),
        density=reals(WIDTH),
        own=reals(4),
        push=reals(3 * atoms + 3),
        marks=integers(0),
        clean=reals(0),
        clean_count=integers(0),
        alone=reals(0),
    )
