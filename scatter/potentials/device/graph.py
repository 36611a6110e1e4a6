"""Any mace-torch model on a device: many replicas in one graph, which is built there at every step.

Shapes do not depend on where atoms are. A replica has room for so many edges, and those that are
left over join its first atom to itself from beyond the cutoff, where no message is sent. So nothing
here waits for the device, and a step can be recorded as a CUDA graph.
"""

import sys
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scatter.errors import UserError
from scatter.potentials.device.lists import Cell, neighbours, room_for
from scatter.state import Array, System

EDGES_AT_ONCE = 200_000  # about 2 GB of a model of 16 channels, 16 GB of one of 128
CROWDED = 8  # a list longer than so many times the first one is not made room for
TRIED = 4  # replicas on which another way to compute them is compared
ALIKE = {torch.float32: 1e-3, torch.float64: 1e-8}  # eV and eV/Å

Answer = tuple[Tensor, Tensor]


class GraphEvaluator:
    """A `MaceTorch` bound to a system; lists are made anew in every call.

    Attributes:
        padded: whether left-over edges change nothing, as the first replicas have shown.
        generation: changes when the arrays are other ones than before.
    """

    def __init__(self, potential: Any, system: System, slots: int):
        self.potential, self.model, self.slots = potential, potential.model, slots
        self.atoms, self.device = len(system), potential.device
        self.cell = Cell.of(system, potential.cutoff, self.device)
        self.moving = torch.as_tensor(system.moving, device=self.device)[:, None]
        kind = [potential.numbers.index(z) for z in system.numbers]
        self.one_hot = self._real(torch.eye(len(potential.numbers))[kind])
        self.first = self.capacity = self.room = self.generation = 0
        self.most = torch.zeros(2, dtype=torch.int64, device=self.device)
        self.at_once, self.padded, self.tried = 1, True, False
        self.fixed: dict[int, dict[str, Tensor]] = {}

    def begin(self, slots: Array, positions: Array) -> tuple[Array, Array]:
        """Energies (eV) and forces (eV/Å) of the replicas that enter `slots`."""
        x, back = self._taken(positions)
        self._reserve(x)
        self._choose(x)
        return back(self._answer(x))

    def __call__(self, positions: Array) -> tuple[Array, Array]:
        """Energies (eV) and forces (eV/Å) of every slot.

        NaN where a list overflows; for NumPy arrays, which the host waits for, there is more room.
        """
        x, back = self._taken(positions)
        found = self._answer(x)
        while isinstance(positions, np.ndarray) and self.grow():
            found = self._answer(x)
        return back(found)

    def keep(self, slots: Array) -> None:
        """Nothing is kept from call to call."""

    def grow(self) -> bool:
        """Wait for the device, and make room where a list has had none since the last time.

        Raises:
            UserError: an atom had far more neighbours than there was room for at first.
        """
        longest, edges = self.most.tolist()
        self.first = self.first or self.capacity
        if longest <= self.capacity and edges <= self.room:
            return False
        if longest > CROWDED * self.first:
            raise UserError(
                f"[potential]: an atom came to have {longest} neighbours, and its list on the "
                f"{self.device} device had room for {self.first}, which follow from the starts; "
                "such dense places mean that atoms were lost: see whether the potential holds for "
                "these conditions, or run them with device = 'cpu'"
            )
        self._make_room(longest, edges)
        return True

    def _reserve(self, positions: Tensor) -> None:
        """Make room for the edges that replicas have at these positions, and some more."""
        counts = [neighbours(part, self.cell, 1).count for part in positions.split(64)]
        longest = max((int(count.max()) for count in counts), default=0)
        edges = max((int(count.sum(dim=1).max()) for count in counts), default=0)
        if 1.1 * longest > self.capacity or 1.02 * edges > self.room:
            self._make_room(longest, edges)

    def _make_room(self, longest: int, edges: int) -> None:
        self.capacity = max(self.capacity, room_for(longest))
        self.room = max(self.room, -(-int(1.1 * edges + 32) // 32) * 32)
        self.at_once = max(1, min(self.slots, EDGES_AT_ONCE // self.room))
        self.generation += 1
        self.most.zero_()

    def _choose(self, positions: Tensor) -> None:
        """See on the first replicas whether padding, and cuEquivariance, change nothing."""
        some = positions[positions.isfinite().all(dim=-1).all(dim=-1)][:TRIED]
        if self.tried or not len(some):
            return
        self.tried = True
        expected = self._evaluate(some, self.model, padded=False)
        if not self._alike(expected, self._evaluate(some, self.model, padded=True)):
            self.padded = False
            tell(
                f"{self.potential.description}: edges that should send nothing change its energy, "
                "so they are left out, and the host waits at every step"
            )
        if (faster := self.potential.faster) is None:
            return
        try:
            found = self._evaluate(some, faster, self.padded)
        except Exception as error:  # other libraries' kernels raise anything
            return tell(f"cuEquivariance is not used: it fails ({type(error).__name__}: {error})")
        if not self._alike(expected, found):
            return tell("cuEquivariance is not used: its energies are not those of the model")
        self.model = faster

    def _alike(self, expected: Answer, found: Answer) -> bool:
        limit = ALIKE[self.potential.dtype]
        return all(
            torch.allclose(a, b, rtol=1e-3 * limit, atol=limit, equal_nan=True)
            for a, b in zip(expected, found, strict=True)
        )

    def _answer(self, positions: Tensor) -> Answer:
        """In turns of as many replicas as there is memory for."""
        while True:
            try:
                parts = [
                    self._evaluate(part, self.model, self.padded)
                    for part in positions.split(self.at_once)
                ]
            except torch.OutOfMemoryError as error:
                self._take_fewer(error)
                continue
            return torch.cat([e for e, _ in parts]), torch.cat([f for _, f in parts])

    def _take_fewer(self, error: Exception) -> None:
        """Fewer replicas in a turn, while nothing is being recorded."""
        if self.device == "cuda" and torch.cuda.is_current_stream_capturing():
            raise error
        if self.at_once == 1:
            raise UserError(
                f"[potential]: the {self.device} device has no memory for one replica of "
                f"{self.atoms} atoms with {self.room} edges ({error})"
            ) from error
        self.at_once //= 2
        self.fixed.clear()

    def _evaluate(self, positions: Tensor, model: Any, padded: bool) -> Answer:
        """One graph of these replicas through a model."""
        finite = positions.isfinite().all(dim=-1).all(dim=-1)
        graph, lost = self._graph(positions, finite, padded)
        with torch.enable_grad():
            out = model(graph, training=False, compute_force=True)
        energies = out["node_energy"].detach().double().reshape(len(positions), -1).sum(dim=1)
        forces = out["forces"].detach().double().reshape(positions.shape)
        energies = torch.where(lost, torch.nan, energies)
        forces = torch.where(lost[:, None, None], torch.nan, forces)
        return energies, torch.where(self.moving, forces, 0.0)

    def _graph(
        self, positions: Tensor, finite: Tensor, padded: bool
    ) -> tuple[dict[str, Tensor], Tensor]:
        """What mace-torch calls a batch, and which replicas are lost: nowhere, or without room."""
        near = neighbours(positions, self.cell, self.capacity)
        slots, places = len(positions), self.atoms * self.capacity
        each = near.count.sum(dim=1)
        self.most = torch.maximum(self.most, torch.stack([near.count.max(), each.max()]))
        listed = near.listed.reshape(slots, places)
        # the place of every edge among those of its replica; the last one is thrown away
        place = torch.where(listed, listed.cumsum(dim=1) - 1, self.room).clamp(max=self.room)
        number = torch.arange(places, device=self.device).expand(slots, places)
        chosen = number.new_zeros(slots, self.room + 1).scatter_(1, place, number)[:, :-1]
        there = torch.arange(self.room, device=self.device) < each[:, None]
        own = torch.arange(slots, device=self.device)[:, None] * self.atoms
        sender = own + torch.where(there, near.sender.reshape(slots, -1).gather(1, chosen), 0)
        receiver = own + torch.where(there, chosen // self.capacity, 0)
        # mace-torch adds it to receiver less sender
        shift = -near.shift.reshape(slots, -1, 3).gather(1, chosen[..., None].expand(-1, -1, 3))
        shift = torch.where(there[..., None], shift, 2 * self.cell.radius)
        edges, shift = torch.stack([sender, receiver]).reshape(2, -1), shift.reshape(-1, 3)
        if not padded:
            kept = there.flatten()
            edges, shift = edges[:, kept], shift[kept]
        x = torch.where(finite[:, None, None], positions, 0.0)
        lost = ~finite | (near.count > self.capacity).any(dim=1) | (each > self.room)
        graph = {
            "positions": self._real(x.reshape(-1, 3)), "edge_index": edges,
            "shifts": self._real(shift), "unit_shifts": torch.zeros_like(self._real(shift)),
            **self._unchanging(slots),
        }  # fmt: skip
        return graph, lost

    def _unchanging(self, count: int) -> dict[str, Tensor]:
        """What a graph of so many replicas holds besides positions and edges."""
        if count not in self.fixed:
            index = {"device": self.device, "dtype": torch.int64}
            number = torch.arange(count + 1, **index)
            self.fixed[count] = {
                "node_attrs": self.one_hot.repeat(count, 1),
                "cell": self._real(self.cell.vectors).repeat(count, 1),
                "batch": number[:-1].repeat_interleave(self.atoms),
                "ptr": number * self.atoms,
                "head": torch.full((count,), self.potential.head, **index),
            }
        return self.fixed[count]

    def _real(self, array: Tensor) -> Tensor:
        return array.to(self.device, self.potential.dtype)

    def _taken(self, array: Array) -> tuple[Tensor, Any]:
        """The array on the device, and what brings an answer back to where the array was."""
        if not isinstance(array, np.ndarray):
            return array, lambda found: found
        x = torch.as_tensor(array, device=self.device)
        return x, lambda found: tuple(each.cpu().numpy() for each in found)


def tell(sentence: str) -> None:
    """Say something to the user that changes no result."""
    print(f"scatter: {sentence}", file=sys.stderr, flush=True)
