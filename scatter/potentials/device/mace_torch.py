"""Many replicas in one graph of mace-torch, with lists made on the device: nothing waits for it.

The graph has room for `capacity` neighbours of every atom. A place without a neighbour joins the
atom to itself at twice the cutoff, where functions of a distance are zero, so that shapes stay as
they are from step to step. A model that makes something of such edges all the same is found out at
its first replicas, and gets graphs without them, whose size the host must ask for.
"""

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scatter.potentials.device.lists import Neighbours
from scatter.potentials.device.plain import ROOM, Plain
from scatter.potentials.device.potential import DeviceEvaluator
from scatter.state import Array, System

PLACES = 100_000  # in one graph: about 2 GB of a model of 16 channels, 16 GB of one of 128
FEW, ALIKE = 4, 1e-4  # replicas that are compared, and the most that energies may differ by, eV


class Bound(Plain):
    """A model of mace-torch bound to a system; lists are made anew in every call."""

    def __init__(self, weights: Any, system: System, species: Tensor, slots: int):
        """Take the model that `weights`, a `MaceTorch`, holds."""
        super().__init__(weights, system, species, slots)
        self.one_hot = torch.eye(
            len(weights.numbers), dtype=weights.dtype, device=species.device
        )[species]  # fmt: skip
        self.lattice = self.cell.vectors.to(weights.dtype)
        self.padded, self.compared = True, False

    def per_atom(self) -> int:
        """Bytes that the graph takes for an atom, about."""
        return max(1, ROOM * self.capacity // PLACES)

    def fresh(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies and forces of replicas that enter; the first ones show whether to pad."""
        self.reserve(positions)
        if len(positions) and not self.compared:
            self.compared, few = True, positions[:FEW]
            with_places, _ = self(few)
            self.padded = False
            without, _ = self(few)
            self.padded = bool(
                torch.allclose(with_places, without, rtol=0, atol=ALIKE, equal_nan=True)
            )
        return self(positions)

    def energies(self, positions: Tensor, near: Neighbours) -> Tensor:
        """Energy of each replica (eV), NaN where an atom is nowhere or a list is too short."""
        slots, atoms, _ = positions.shape
        own = torch.arange(slots * atoms, device=positions.device).reshape(slots, atoms, 1)
        first = own[:, :1]
        sender = torch.where(near.listed, near.sender + first, own).reshape(-1)
        receiver = own.expand_as(near.sender).reshape(-1)
        apart = near.shift.new_tensor([2 * self.cell.radius, 0.0, 0.0])
        shift = torch.where(near.listed[..., None], near.shift, apart).reshape(-1, 3)
        edges = torch.stack([sender, receiver])
        if not self.padded:
            listed = near.listed.reshape(-1)
            edges, shift = edges[:, listed], shift[listed]
        each = self._node_energies(positions, edges, -shift)
        lost = (near.count > self.capacity).any(dim=1)
        lost = lost | ~positions.isfinite().all(dim=-1).all(dim=-1)
        return torch.where(lost, torch.nan, each.double().sum(dim=1))

    def _node_energies(self, positions: Tensor, edges: Tensor, shift: Tensor) -> Tensor:
        """Energies of atoms; of an edge the vector is x_receiver - x_sender + shift."""
        (slots, atoms, _), w = positions.shape, self.weights
        batch = torch.arange(slots, device=positions.device)
        graph = {
            "positions": positions.reshape(-1, 3).to(w.dtype),
            "node_attrs": self.one_hot.repeat(slots, 1),
            "edge_index": edges,
            "shifts": shift.to(w.dtype),
            "unit_shifts": torch.zeros_like(shift, dtype=w.dtype),  # only the stress needs them
            "cell": self.lattice.repeat(slots, 1),
            "batch": batch.repeat_interleave(atoms, output_size=slots * atoms),
            "ptr": torch.arange(slots + 1, device=positions.device) * atoms,
            "head": torch.full_like(batch, w.head),
        }
        out = w.model(graph, training=False, compute_force=False)
        return out["node_energy"].reshape(slots, atoms)


class GraphEvaluator(DeviceEvaluator):
    """Replicas of one system on a `MaceTorch`; see `Evaluator` in `base.py`."""

    def __init__(self, potential: Any, system: System, slots: int):
        self.potential, self.first = potential, 0
        kind = np.array([potential.numbers.index(z) for z in system.numbers])
        species = torch.as_tensor(kind, device=potential.device)
        self.bound = Bound(potential, system, species, slots)

    def __call__(self, positions: Array) -> tuple[Array, Array]:
        """Energies (eV) and forces (eV/Å) of every slot.

        Arrays of NumPy come from those who make no steps again: lists grow at once.
        """
        found = super().__call__(positions)
        while isinstance(positions, np.ndarray) and self.grow():
            found = super().__call__(positions)
        return found


def quickest(model: Any, device: str) -> tuple[Any, str]:
    """The model as cuEquivariance computes it, where that is installed and there is a GPU.

    Returns:
        The model, and what computes it, for people.
    """
    if device == "cpu" or not (find_spec("cuequivariance") and find_spec("cuequivariance_torch")):
        return model, "mace-torch"
    from mace.cli.convert_e3nn_cueq import run

    before = torch.get_default_dtype()
    try:
        found: Any = run(model, device=device)
        return found.to(device).eval(), "mace-torch with cuEquivariance"
    except Exception as error:  # of libraries that change often; the model as it is does as well
        warnings.warn(f"cuEquivariance does not take this model ({error})", stacklevel=2)
        return model, "mace-torch"
    finally:
        torch.set_default_dtype(before)
