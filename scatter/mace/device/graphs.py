"""Many replicas in one graph of mace-torch, with lists made on the device: nothing waits for it.

A replica has room for so many edges, and those that are left over join an atom to itself at more
than twice the cutoff, where functions of a distance are zero. So shapes stay as they are from step
to step, and a step can be recorded. The first replicas show whether a model makes something of such
edges all the same, which costs it graphs of other shapes, and whether cuEquivariance, where it is
installed, computes the same as mace-torch.
"""

import io
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scatter.errors import UserError
from scatter.potentials.device.capture import Captured, apart, tell
from scatter.potentials.device.lists import Edges, edges
from scatter.potentials.device.plain import Plain
from scatter.potentials.device.potential import Device, DeviceEvaluator
from scatter.state import Array, System

PLACES = 100_000  # in one graph: about 2 GB of a model of 16 channels, 16 GB of one of 128
FEW = 4  # replicas that are compared
ALIKE = {torch.float32: 1e-3, torch.float64: 1e-6}  # eV and eV/Å: rounding is a hundredth of it
WARM = 10  # steps before one is recorded: TorchScript compiles itself anew in the first ones

Answer = tuple[Tensor, Tensor]


class BatchedMace(Plain):
    """A model of mace-torch bound to a system; lists are made anew in every call.

    Attributes:
        model: what computes, that of mace-torch or of cuEquivariance.
        padded: whether edges that are left over change nothing.
        fits: replicas that there is memory for at once, as far as is known.
    """

    margin = 1.02

    def __init__(self, weights: Any, system: System, species: Tensor, slots: int):
        """Take the models that `weights`, a `MaceTorch`, holds."""
        super().__init__(weights, system, species, slots)
        self.model = weights.model
        self.one_hot = torch.eye(len(weights.numbers), dtype=weights.dtype, device=species.device)[
            species
        ]
        self.lattice = self.cell.vectors.to(weights.dtype)
        self.padded, self.compared, self.fits = True, False, PLACES

    def lists(self, positions: Tensor, capacity: int) -> Edges:
        """Edges of replicas that have so many places."""
        return edges(positions, self.cell, capacity)

    def room_for(self, most: int) -> int:
        """Places to have for so many edges, which vary by a few per cent as a molecule comes."""
        return -(-int(1.1 * most + 32) // 32) * 32

    def at_once(self) -> int:
        """Replicas in one graph."""
        return max(1, min(self.fits, PLACES // max(1, self.capacity)))

    def fresh(self, positions: Tensor) -> Answer:
        """Energies and forces of replicas that enter; the first ones show what can compute them."""
        self.reserve(positions)
        if not self.compared:
            sound = positions[positions.isfinite().all(dim=-1).all(dim=-1)]
            if len(sound):
                self.compared = True
                self._choose(sound[:FEW])
        return self(positions)

    def _choose(self, few: Tensor) -> None:
        """See whether edges that are left over, and cuEquivariance, give the same."""
        self.padded = False
        expected = self(few)
        self.padded = True
        if not self._off(expected, self(few)) <= ALIKE[self.weights.dtype]:
            self.padded = False
            tell(
                "edges without a neighbour change the energies of this model, so its graphs have "
                "none, and the host waits for the device at every step"
            )
        if self.weights.faster is None:
            return
        try:
            self.model = self.weights.faster
            off = self._off(expected, self(few))
            why = f"it is off by {off:.2g} eV or eV/Å"
        except Exception as error:  # of libraries that change often
            off, why = np.inf, f"{type(error).__name__}: {error}"
        if not off <= ALIKE[self.weights.dtype]:
            self.model = self.weights.model
            self.weights.take_faster(None)
            tell(f"this model is computed without cuEquivariance: {why}")

    def _off(self, expected: Answer, answer: Answer) -> float:
        """How far energies (eV) are off, beyond rounding of large ones, or forces (eV/Å)."""
        rounding = 4 * torch.finfo(self.weights.dtype).eps * float(expected[0].abs().max())
        energy, force = (apart(a, b) for a, b in zip(expected, answer, strict=True))
        return max(energy - rounding, force)

    def __call__(self, positions: Tensor) -> Answer:
        """Energies (eV), NaN where a list overflows, and forces (eV/Å).

        Raises:
            UserError: there is no memory for a single replica.
        """
        while True:
            try:
                return super().__call__(positions)
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                self._take_fewer(min(self.at_once(), len(positions)), error)
                if recording():
                    raise

    def _take_fewer(self, now: int, error: Exception) -> None:
        """Half as many replicas at once; what is recorded holds memory, and is made anew."""
        if now <= 1:
            raise UserError(
                f"[potential]: the {self.weights.device} device has no memory for one replica of "
                f"{len(self.species)} atoms with {self.capacity} pairs of neighbours; take a "
                "smaller model or slab, or run it with device = 'cpu'"
            ) from error
        self.fits = now // 2
        self.generation += 1
        tell(f"the device has memory for {self.fits} replicas at once, not for {now}")

    def energies(self, positions: Tensor, near: Edges) -> Tensor:
        """Energy of each replica (eV), NaN where an atom is nowhere or a list is too short."""
        slots, atoms, _ = positions.shape
        before = torch.arange(slots, device=positions.device)[:, None] * atoms
        joined = torch.stack([near.sender + before, near.receiver + before]).reshape(2, -1)
        shift = -near.shift.reshape(-1, 3)  # mace-torch adds it to receiver less sender
        if not self.padded:
            listed = near.listed.reshape(-1)
            joined, shift = joined[:, listed], shift[listed]
        each = self._node_energies(positions, joined, shift)
        lost = (near.count > self.capacity) | ~positions.isfinite().all(dim=-1).all(dim=-1)
        return torch.where(lost, torch.nan, each.double().sum(dim=1))

    def _node_energies(self, positions: Tensor, joined: Tensor, shift: Tensor) -> Tensor:
        """Energies of atoms; of an edge the vector is x_receiver - x_sender + shift."""
        (slots, atoms, _), w = positions.shape, self.weights
        number = torch.arange(slots * atoms, device=positions.device)
        graph = {
            "positions": positions.reshape(-1, 3).to(w.dtype),
            "node_attrs": self.one_hot.repeat(slots, 1),
            "edge_index": joined,
            "shifts": shift.to(w.dtype),
            "unit_shifts": torch.zeros_like(shift, dtype=w.dtype),  # only the stress needs them
            "cell": self.lattice.repeat(slots, 1),
            "batch": number // atoms,
            "ptr": torch.arange(slots + 1, device=positions.device) * atoms,
            "head": torch.full_like(number[:slots], w.head),
        }
        out = self.model(graph, training=False, compute_force=False)
        return out["node_energy"].reshape(slots, atoms)


class Graphs(Device):
    """Where replicas share a graph; a step is recorded if its shapes stay as they are."""

    most_slots = 1024

    def __init__(self, device: str):
        """Take a device of torch's."""
        super().__init__(torch, device)

    def stepping(self, batch: Any) -> Callable[[], None]:
        """What moves a batch by a step: a CUDA graph of it, or the step."""
        return Captured(batch, WARM) if batch.evaluator.bound.padded else batch.step


class GraphEvaluator(DeviceEvaluator):
    """Replicas of one system on a `MaceTorch`; see `Evaluator` in `base.py`."""

    crowd = "a replica came to have {} pairs of neighbours, and its list"

    def __init__(self, potential: Any, system: System, slots: int):
        self.potential, self.first = potential, 0
        kind = np.array([potential.numbers.index(z) for z in system.numbers])
        species = torch.as_tensor(kind, device=potential.device)
        self.bound = BatchedMace(potential, system, species, slots)

    def __call__(self, positions: Array) -> tuple[Array, Array]:
        """Energies (eV) and forces (eV/Å) of every slot.

        Arrays of NumPy come from those who make no steps again: lists grow at once.
        """
        answer = super().__call__(positions)
        while isinstance(positions, np.ndarray) and self.grow():
            answer = super().__call__(positions)
        return answer


def out_of_memory(error: RuntimeError) -> bool:
    """Whether a GPU had no memory; of what TorchScript runs, only the words tell."""
    return isinstance(error, torch.cuda.OutOfMemoryError) or "out of memory" in str(error)


def recording() -> bool:
    """Whether a CUDA graph is being recorded."""
    return torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()


def by_cuequivariance(model: Any, device: str) -> Any:
    """The same model as cuEquivariance computes it, or None; `model` is left as it is.

    None if it is not installed, there is no GPU, or it does not take the model (printed).
    """
    if device == "cpu" or not (find_spec("cuequivariance") and find_spec("cuequivariance_torch")):
        return None
    before, dtype = torch.get_default_dtype(), next(model.parameters()).dtype
    try:
        # Both libraries talk while they are imported, of what is no concern of the user's.
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            converted: Any = import_module("mace.cli.convert_e3nn_cueq").run(model, device=device)
        return converted.to(device, dtype).eval().requires_grad_(False)
    except Exception as error:  # of libraries that change often; the model as it is does as well
        tell(f"this model is computed without cuEquivariance: {type(error).__name__}: {error}")
        return None
    finally:
        torch.set_default_dtype(before)
