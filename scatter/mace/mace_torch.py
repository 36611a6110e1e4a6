"""Any MACE model that mace-torch wrote, evaluated by mace-torch: general, and not fast.

On a CPU the model is called on a graph that is built here, from Verlet lists that last many steps,
and not through mace-torch's own `AtomicData`, which searches for neighbours at every step; for GPUs
see `device/mace_torch.py`.
"""

import hashlib
import io
import warnings
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
from ase.data import chemical_symbols
from jaxtyping import Float, Int

from scatter.mace.foldable import heads_of
from scatter.potentials.base import CPU, Evaluator, Potential, refuse_unknown_elements
from scatter.potentials.neighbours import VerletLists
from scatter.potentials.sharing import Sharing
from scatter.settings import UserError
from scatter.state import Array, System

SKIN = 1.0  # Å


class MaceTorch(Potential):
    """A MACE model (`.model`), on a CPU or a GPU.

    On a CPU every replica is a graph of its own: one graph of many replicas is slower there, and
    its bits depend on how many they are. On a GPU many replicas share a graph, and a replica's
    energy depends on its neighbours in the batch within rounding; cuEquivariance computes it where
    that is installed and gives the same.

    Attributes:
        model: as mace-torch computes it.
        faster: the same by cuEquivariance, or None.
    """

    def __init__(
        self,
        file: Path,
        device: str = "auto",
        precision: str = "float32",
        trust_pickle: bool = False,
        head: str | None = None,
    ):
        """Read the model.

        Args:
            file: a model pickled by mace-torch; reading it runs the code in it.
            device: "cpu", "cuda", or "auto", which is "cuda" if torch sees a GPU.
            precision: "float32" or "float64". Atoms' energies are summed in float64 always.
            trust_pickle: the user trusts where the file came from.
            head: name of the head that is used; by default the only one, or that called "default".

        Raises:
            UserError: the file is not trusted or holds no MACE model or no such head, mace-torch
                is not installed, or torch sees no GPU.
        """
        if not trust_pickle:
            raise UserError(
                f"[potential] file = '{file}': a .model file is a pickle, and opening it runs the "
                "code inside; if you trust where it came from, set trust_pickle = true in "
                "[potential] or give --trust-pickle"
            )
        self.torch, mace = _torch_with_mace(file)
        self.pool = _workers(self.torch)
        self.device = _device(self.torch, device)
        self.dtype = getattr(self.torch, precision)
        content = file.read_bytes()
        self.identity = f"{hashlib.sha256(content).hexdigest()} {precision} {self.device}"
        self.identity += f" {head}" if head else ""
        model = _read(self.torch, mace, file, content).to(self.device, self.dtype).eval()
        self.head = _head(model, file, head)
        self.model, faster, self.place = model.requires_grad_(False), None, CPU
        if self.device != "cpu":
            from scatter.mace.device.graphs import Graphs, by_cuequivariance

            self.place = Graphs(self.device)
            faster = by_cuequivariance(model, self.device)
        self.numbers = [int(z) for z in model.atomic_numbers]
        self.elements = frozenset(self.numbers)
        # Two groups of atoms with no edge between them add their energies, however many layers
        # of messages there are; so it is the length of an edge that counts.
        self.cutoff = float(model.r_max)
        known = ", ".join(chemical_symbols[z] for z in sorted(self.elements)[:8])
        more = ", ..." if len(self.elements) > 8 else ""
        self.words = f"MACE model {file.name} ({known}{more}; {precision} on {self.device}"
        self.take_faster(faster)

    def take_faster(self, model: Any) -> None:
        """Have another model beside mace-torch's that computes the same, or None."""
        self.faster = model
        by = ", mace-torch" if self.device != "cpu" else ""
        more = " with cuEquivariance" if model is not None else ""
        self.description = f"{self.words}{by}{more})"

    def bind(self, system: System, slots: int) -> Evaluator:
        """An evaluator for `slots` replicas of `system`."""
        refuse_unknown_elements(self, system)
        if self.device == "cpu":
            return MaceEvaluator(self, system, slots)
        from scatter.mace.device.graphs import GraphEvaluator

        return GraphEvaluator(self, system, slots)

    def virial(
        self, system: System, positions: Float[np.ndarray, "atom 3"]
    ) -> Float[np.ndarray, "3 3"] | None:
        """dE/dε of one structure, eV; on a CPU alone."""
        return MaceEvaluator(self, system, 1).virial(positions) if self.device == "cpu" else None


class MaceEvaluator(Evaluator):
    """A MACE model bound to a system on a CPU, with one Verlet list and one graph per replica."""

    def __init__(self, potential: MaceTorch, system: System, slots: int):
        self.potential, self.system = potential, system
        self.lists, self.sharing = VerletLists(system, slots, potential.cutoff, SKIN), Sharing()
        kind = [potential.numbers.index(z) for z in system.numbers]
        self.one_hot = self._tensor(np.eye(len(potential.numbers))[kind])
        self.cell = self._tensor(np.asarray(system.cell, float))

    def begin(self, slots: Array, positions: Array) -> tuple[Array, Array]:
        """Energies (eV) and forces (eV/Å) of the replicas that enter `slots`."""
        self.lists.forget(_numpy(slots))
        fresh = VerletLists(self.system, len(positions), self.potential.cutoff, SKIN)
        return self._answer(fresh, positions)

    def __call__(self, positions: Array) -> tuple[Array, Array]:
        """Energies (eV) and forces (eV/Å) of every slot."""
        return self._answer(self.lists, positions)

    def keep(self, slots: Array) -> None:
        """Continue with the replicas in `slots` only."""
        self.lists.keep(_numpy(slots))

    def _answer(self, lists: VerletLists, positions: Array) -> tuple[Array, Array]:
        """Energies and forces in the kind of array that the positions come in."""
        x = _numpy(positions)
        energies, forces = np.full(len(x), np.nan), np.full(x.shape, np.nan)
        whole = np.flatnonzero(np.isfinite(x).all(axis=(1, 2))).tolist()

        def evaluate(slot: int) -> None:
            energies[slot], forces[slot] = self._evaluate(lists, slot, x[slot])

        def work() -> None:
            lists.update(x)
            each = map if numba.get_num_threads() == 1 else self.potential.pool.map
            deque(each(evaluate, whole), maxlen=0)

        self.sharing(len(x), work)
        forces[:, ~self.system.moving] = 0.0
        if isinstance(positions, np.ndarray):
            return energies, forces
        there = {"device": positions.device}
        return tuple(self.potential.torch.as_tensor(each, **there) for each in (energies, forces))

    def _evaluate(
        self, lists: VerletLists, slot: int, x: Float[np.ndarray, "atom 3"]
    ) -> tuple[float, Float[np.ndarray, "atom 3"]]:
        """The graph of a replica through the model."""
        out = self.potential.model(self._graph(lists, slot, x), training=False, compute_force=True)
        each = out["node_energy"].detach().double().numpy()
        return each.sum(), out["forces"].double().numpy()

    def virial(self, x: Float[np.ndarray, "atom 3"]) -> Float[np.ndarray, "3 3"]:
        """dE/dε, eV; mace-torch's virial is minus that."""
        self.lists.update(x[None])
        out = self.potential.model(
            self._graph(self.lists, 0, x), training=False, compute_force=True, compute_virials=True
        )
        return -out["virials"][0].double().numpy()

    def _graph(
        self, lists: VerletLists, slot: int, x: Float[np.ndarray, "atom 3"]
    ) -> dict[str, Any]:
        torch, atoms = self.potential.torch, len(x)
        edges, shift = _edges(lists, slot, x, self.potential.cutoff)
        unit = np.rint(shift @ np.linalg.inv(self.system.cell))  # the virial alone needs them
        return {
            "positions": self._tensor(x),
            "node_attrs": self.one_hot,
            "edge_index": torch.as_tensor(edges, dtype=torch.int64),
            "shifts": self._tensor(shift),
            "unit_shifts": self._tensor(unit),
            "cell": self.cell,
            "batch": torch.zeros(atoms, dtype=torch.int64),
            "ptr": torch.tensor([0, atoms]),
            "head": torch.tensor([self.potential.head]),
        }

    def _tensor(self, array: np.ndarray) -> Any:
        return self.potential.torch.as_tensor(array, dtype=self.potential.dtype)


def _edges(
    lists: VerletLists, slot: int, x: Float[np.ndarray, "atom 3"], cutoff: float
) -> tuple[Int[np.ndarray, "2 edge"], Float[np.ndarray, "edge 3"]]:
    """Sender, receiver and shift (Å) of every edge: each pair within the cutoff, both ways."""
    used = lists.counts[slot]
    i, j, shift = lists.first[slot, :used], lists.second[slot, :used], lists.shift[slot, :used]
    near = ((x[j] - x[i] + shift) ** 2).sum(axis=-1) < cutoff**2
    i, j, shift = i[near], j[near], shift[near]
    return np.array([np.append(i, j), np.append(j, i)]), np.concatenate([shift, -shift])


def _numpy(array: Array) -> np.ndarray:
    """The same numbers in the memory of the CPU."""
    return np.asarray(array.cpu() if hasattr(array, "cpu") else array)


def _workers(torch: ModuleType) -> ThreadPoolExecutor:
    """As many threads as numba has, each of which has one of torch's, as this one has from now on.

    torch's own would share out each operation: last bits depend on how many they are, and each of a
    step's thousand operations waits for all of them.
    """
    torch.set_num_threads(1)
    return ThreadPoolExecutor(
        numba.get_num_threads(), initializer=torch.set_num_threads, initargs=(1,)
    )


def _torch_with_mace(file: Path) -> tuple[ModuleType, ModuleType]:
    """The modules torch and mace.modules."""
    try:
        # Both talk while they are imported, of what is no concern of the user's.
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return import_module("torch"), import_module("mace.modules")
    except ImportError as error:
        raise UserError(
            f"[potential] file = '{file}': a .model file needs torch and mace-torch, which come "
            f"with `pip install 'surface-scatter[mace]'` ({error})"
        ) from error


def _device(torch: ModuleType, device: str) -> str:
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "[potential] device = 'cuda': torch sees no GPU; "
            "install a CUDA build of torch, or set device = 'cpu'"
        )
    return ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device


def _read(torch: ModuleType, mace: ModuleType, file: Path, content: bytes) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = torch.load(io.BytesIO(content), map_location="cpu", weights_only=False)
    except Exception as error:  # a pickle of anything raises anything
        raise UserError(f"[potential] file = '{file}': cannot be read ({error})") from error
    if not isinstance(model, mace.MACE):
        raise UserError(
            f"[potential] file = '{file}': holds {type(model).__name__}, not a MACE model; "
            "give the .model that mace-torch wrote, not a checkpoint or a compiled model"
        )
    return _merged(model)


def _merged(model: Any) -> Any:
    """The same model, its adapters of low rank (LoRA) merged into what they adapt."""
    if not any(name.endswith(("lora_A", "lora_A.weight")) for name, _ in model.named_parameters()):
        return model
    return import_module("mace.modules.lora").merge_lora_weights(model)


def _head(model: Any, file: Path, name: str | None) -> int:
    heads = heads_of(model)
    if name is not None and name not in heads:
        raise UserError(
            f"[potential] head = '{name}': the model in '{file}' has no such head; it has "
            f"{', '.join(heads)}"
        )
    if name is not None or len(heads) == 1:
        return heads.index(name) if name is not None else 0
    named = [index for index, head in enumerate(heads) if head.lower() == "default"]
    if not named:
        raise UserError(
            f"[potential] file = '{file}': the model has the heads {', '.join(heads)}, and none "
            "is called 'default'; name one with head = ... in [potential], or with --head NAME"
        )
    return named[0]
