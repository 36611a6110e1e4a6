"""A potential on a GPU: positions come as tensors and never leave it, or as NumPy arrays.

On a GPU fused kernels compute it, on the CPU plain formulas. Torch and Triton are imported when a
potential is opened.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from pkgutil import resolve_name
from typing import Any, ClassVar

import numpy as np

from scatter.errors import UserError
from scatter.potentials.base import (
    Evaluator,
    Place,
    Potential,
    WithEach,
    refuse_unknown_elements,
)
from scatter.potentials.families import Family, family
from scatter.state import Array, System

CROWDED = 8  # lists longer than so many times the first ones are not made room for


class Device(Place):
    """A device of torch's: arrays are tensors there."""

    exact = False
    most_slots, every, idle = 16384, 20, 0.5

    def __init__(self, torch: Any, device: str, kernels: str = "plain"):
        """Take a device.

        Args:
            torch: the library.
            device: "cuda", or "cpu".
            kernels: "fused" where a step may be recorded on a GPU.
        """
        self.torch, self.device = torch, device
        self.recorded = device != "cpu" and kernels == "fused"

    def array(self, array: np.ndarray) -> Array:
        """The same numbers on the device."""
        return self.torch.as_tensor(array, device=self.device)

    def numpy(self, array: Array) -> np.ndarray:
        """A NumPy array of one's own of a tensor."""
        return np.array(array.cpu().numpy())

    def stepping(self, batch: Any) -> Callable[[], None]:
        """What moves a batch by a step: of the fused kernels on a GPU, its step as a CUDA graph."""
        if not self.recorded:
            return batch.step
        return import_module("scatter.potentials.device.capture").Captured(batch)


class DevicePotential(Potential):
    """A model whose arrays stand in an `.npz`, on a device of torch's.

    Attributes:
        kind: the family's.
        parts: where its classes stand, which need torch: "weights", its arrays as tensors; "plain"
            and "fused", what computes it for a system.
    """

    kind: ClassVar[str]
    parts: ClassVar[Mapping[str, str]]

    def __init__(
        self,
        model: Any,
        precision: str = "float32",
        device: str = "cuda",
        name: str = "model",
        kernels: str | None = None,
    ):
        """Take the weights of a model to the device.

        Args:
            model: the arrays.
            precision: "float32" or "float64". Energies of atoms are summed in float64 always.
            device: "cuda", or "cpu" to check the same code without a GPU.
            name: for people.
            kernels: "fused" or "plain"; by default the fused ones on a GPU.

        Raises:
            UserError: torch is not installed, or sees no GPU.
        """
        self.torch = _torch(device)
        self.model, self.precision, self.device, self.name = model, precision, device, name
        self.kernels = kernels or ("plain" if device == "cpu" else "fused")
        self.elements = frozenset(int(z) for z in model.numbers)
        self.cutoff, self.domain = float(np.max(model.cutoff)), model.domain
        self.place = Device(self.torch, device, self.kernels)
        self.identity = identity(model, precision, device)
        self.description = f"{self.kernels} {self.kind.upper()} {name} ({precision} on {device})"
        self.weights = self.part("weights").of(model, precision, device)

    def part(self, name: str) -> Any:
        """The class of this name of the model's family."""
        return resolve_name(self.parts[name])

    def formulas(self, kernels: str, system: System, slots: int) -> Any:
        """What computes the model for `slots` replicas of a system, "fused" or "plain"."""
        known = self.model.numbers.tolist()
        species = self.place.array(np.array([known.index(z) for z in system.numbers]))
        return self.part(kernels)(self.weights, system, species, slots)

    @cached_property
    def host(self) -> Potential:
        """The same model on the CPU, for all but the trajectories."""
        return family(self.kind).on["cpu"](self.model, self.precision, name=self.name)

    def bind(self, system: System, slots: int) -> "DeviceEvaluator":
        """An evaluator for `slots` replicas of `system`.

        Raises:
            UserError: the system holds an element that the model does not know.
        """
        refuse_unknown_elements(self, system)
        return DeviceEvaluator(self, system, slots)

    def with_each(self, system: System, slots: int) -> WithEach:
        """Energies of the slab with one atom of the projectile at a time, of tensors there.

        Raises:
            UserError: the system holds an element that the model does not know.
        """
        refuse_unknown_elements(self, system)
        return import_module("scatter.potentials.device.with_each").DeviceWithEach(
            self, system, slots
        )


class Elsewhere(Potential):
    """A model that a device elsewhere evaluates: what is known of it here.

    It has the identity of the potential there, is bound to no system, and runs here as `host`.
    """

    def __init__(self, its: Family, model: Any, precision: str, device: str, name: str):
        self.model, self.precision, self.domain = model, precision, model.domain
        self.here = its.on["cpu"](model, precision, name=name)
        self.elements, self.cutoff = self.here.elements, self.here.cutoff
        self.identity = identity(model, precision, device)
        self.description = f"{its.name.upper()} {name} ({precision} on {device}, elsewhere)"

    @property
    def host(self) -> Potential:
        """The same model on the CPU of this machine."""
        return self.here

    def bind(self, system: System, slots: int) -> Any:
        """Nothing runs on it here."""
        raise TypeError("trajectories of this potential run elsewhere")


class DeviceEvaluator(Evaluator):
    """Lists and working memory of `slots` replicas on the device; see `Evaluator` in `base.py`.

    Attributes:
        crowd: says, of a number, that a list came to be so long.
    """

    grows = True
    crowd = "an atom came to have {} neighbours, and its list"

    def __init__(self, potential: DevicePotential, system: System, slots: int):
        self.potential = potential
        self.bound = potential.formulas(potential.kernels, system, slots)
        self.first = 0  # room of the lists at the first look

    @property
    def generation(self) -> int:
        """Changes when the arrays are other ones than before."""
        return self.bound.generation

    def begin(self, slots: Array, positions: Array) -> tuple[Array, Array]:
        """Energies (eV) and forces (eV/Å) of the replicas that enter `slots`.

        Raises:
            UserError: the GPU's memory does not suffice.
        """
        x, back = self._taken(positions)
        with self._room():
            answer = self.bound.fresh(x)
        self.bound.forget(self._taken(slots)[0])
        return back(answer)

    def __call__(self, positions: Array) -> tuple[Array, Array]:
        """Energies (eV) and forces (eV/Å) of every slot."""
        x, back = self._taken(positions)
        return back(self.bound(x))

    def keep(self, slots: Array) -> None:
        """Continue with the replicas in `slots` only."""
        self.bound.keep(self._taken(slots)[0])

    def grow(self) -> bool:
        """Wait for the device, and make room where a list has had none since the last time.

        Returns:
            Whether it had none: energies since then are NaN, and wrong for no other replica.

        Raises:
            UserError: a list would have been far longer than there was room for at first, or the
                GPU's memory does not suffice.
        """
        longest, room = int(self.bound.longest()), self.bound.capacity
        self.first = self.first or room
        if longest <= room:
            return False
        if longest > CROWDED * self.first:
            raise UserError(
                f"[potential]: {self.crowd.format(longest)} on the {self.potential.device} device "
                f"had room for {self.first}, which follow from the starts; such crowding means "
                f"that atoms were lost: check that the potential is valid for these conditions, or "
                "run them with device = 'cpu'"
            )
        with self._room():
            self.bound.make_room(longest)
        return True

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Say in a sentence that a GPU has no memory for so much."""
        try:
            yield
        except self.potential.torch.OutOfMemoryError as error:
            message = str(error).partition("\n")[0]
            raise UserError(
                f"[run] slots: the GPU has no memory for so many trajectories at once ({message}); "
                "set fewer (--slots of `python -m scatter.gpu`), or let fewer ranks share it"
            ) from error

    def _taken(self, array: Array) -> tuple[Array, Any]:
        """The array on the device, and what brings an answer back to where the array was."""
        if not isinstance(array, np.ndarray):
            return array, lambda answer: answer
        return self.potential.place.array(array), lambda answer: tuple(
            t.cpu().numpy() for t in answer
        )


def identity(model: Any, precision: str, device: str) -> str:
    """Hash of all that determines the values of a model on a device."""
    return hashlib.sha256(f"{model.sha256()} {precision} {device}".encode()).hexdigest()


def _torch(device: str) -> Any:
    try:
        torch = import_module("torch")
    except ImportError as error:
        raise UserError(
            f"[potential] device = '{device}': needs torch, and a CUDA build of it for a GPU; "
            f"pytorch.org names the command for your driver ({error})"
        ) from error
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "[potential] device = 'cuda': torch sees no GPU; "
            "install a CUDA build of torch, or set device = 'cpu'"
        )
    return torch
