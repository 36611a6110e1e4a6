"""A folded MACE model, evaluated by our own kernel: exact, fast, and without torch.

The file is made by `scatter convert`. A replica's energy and forces are the same bits in any
batch, slot and number of threads.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import chemical_symbols

from scatter.kernels import lanes
from scatter.kernels.memory import aligned
from scatter.mace.file import FoldedMace
from scatter.mace.kernels import batch as mace
from scatter.mace.kernels.couplings import MESSAGE_ROWS
from scatter.mace.kernels.harmonics import ROWS
from scatter.mace.kernels.memory import DensityMemory, MaceMemory
from scatter.mace.kernels.tiles import TILE_ROWS
from scatter.mace.weights import weights_of
from scatter.potentials.replicas import Compiled, Kernel, alone
from scatter.shapes import Float
from scatter.state import System


class MaceFused(Compiled):
    """A MACE model of two layers (`.npz`), on a CPU."""

    def __init__(self, folded: FoldedMace, precision: str = "float32", name: str = "model"):
        """Take the weights of a folded model.

        Args:
            folded: the arrays.
            precision: "float32" or "float64". Energies of atoms are summed in float64 always.
            name: for people.
        """
        self.folded, self.domain = folded, folded.domain
        self.weights = weights_of(self.folded, precision)
        self.kernel, self.numbers = Kernel("MACE", mace.evaluate_batch, scratch), folded.numbers
        numbers = self.numbers.tolist()
        self.elements = frozenset(numbers)
        self.cutoff = float(self.folded.cutoff)
        content = f"{folded.sha256()} {precision}"
        self.identity = hashlib.sha256(content.encode()).hexdigest()
        known = ", ".join(chemical_symbols[z] for z in numbers)
        self.description = f"fused MACE {name} ({known}; {precision})"

    @classmethod
    def read(cls, file: Path, precision: str = "float32") -> "MaceFused":
        """The model in a file that `scatter convert` wrote.

        Raises:
            UserError: the file is not a converted model.
        """
        return cls(FoldedMace.read(file), precision, file.name)

    def virial(
        self, system: System, positions: Float[np.ndarray, "atom 3"]
    ) -> Float[np.ndarray, "3 3"]:
        """dE/dε of one structure, eV: W_ab = Σ d_a ∂E/∂d_b over pairs, d from one to the other.

        The kernel leaves dE/dr and dE/dn of each pair in its working memory; `batch` makes forces
        of the same.
        """
        workers, _ = alone(self.kernel, self, system, positions)
        s, width = workers.scratch, workers.scratch.lanes.shape[1]
        pairs = np.arange(s.start[0, -1])
        place = (pairs // width * (3 * width) + pairs % width)[:, None] + width * np.arange(3)
        d = s.apart[0][place]
        r = np.sqrt((d**2).sum(axis=1, keepdims=True))
        n, push = d / r, s.push[0].reshape(-1, 4)[pairs].astype(float)
        by_n = push[:, 1:]
        along = push[:, :1] - (n * by_n).sum(axis=1, keepdims=True) / r
        return np.einsum("pa,pb->ab", d, along * n + by_n / r)


def scratch(weights: Any, atoms: int, capacity: int, workers: int) -> Any:
    """Working memory of the kernel.

    Args:
        weights: of the model.
        atoms: of one replica.
        capacity: most pairs of one replica.
        workers: how many replicas are computed at once.
    """
    kind = weights.energy_1.dtype
    width, channels = lanes(8 * kind.itemsize), len(weights.energy_1)
    tiles = capacity // width + 3  # the pairs of frozen atoms and all others fill tiles apart
    places = width * tiles

    def reals(size: int) -> np.ndarray:
        return aligned(np.zeros((workers, size), kind))

    def integers(size: int) -> np.ndarray:
        return np.zeros((workers, size), np.int64)

    features = atoms * ROWS * channels
    vectors = "product_v" in weights._fields
    sent = atoms * channels * (4 if vectors else 1)
    messages = atoms * channels * (MESSAGE_ROWS if vectors else ROWS)
    memory = MaceMemory(
        held=np.full((workers, atoms, 3), np.nan),
        fixed=reals(features),
        fixed_energy=np.zeros((workers, 1)),
        fixed_start=integers(atoms + 1),
        start=integers(atoms + 1),
        a=reals(features),
        m=reals(messages),
        a_2=reals(ROWS * channels),
        b=reals(sent),
        b_2=reals(channels),
        g=reals(sent),
        g_bar=reals(sent),
        x=reals(len(weights.energy_2)),
        lanes=reals(width),
        tiles=reals(tiles * TILE_ROWS * width),
        apart=aligned(np.zeros((workers, tiles * 3 * width))),
        knots=np.zeros((workers, places), np.int32),
        first=integers(places),
        second=integers(places),
        into_own=integers(places),
        into_other=integers(places),
        into_both=integers(places),
        push=reals(4 * places),
    )
    if "density" not in weights._fields:
        return memory
    names = "fixed_shares", "shares", "shares_bar"
    return DensityMemory(
        *memory,
        **{name: reals(atoms * width) for name in names},
        kept=reals(ROWS * channels),
        sums=reals(width),
        into_density=integers(places),
    )
