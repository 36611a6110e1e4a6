"""The families of models that a device evaluates, and which of them a file holds."""

from functools import cached_property
from pathlib import Path

from scatter.potentials.ace_file import LinearAce, holds_ace
from scatter.potentials.base import Guard, Potential
from scatter.potentials.device.potential import DevicePotential
from scatter.potentials.folded import FoldedMace


class MaceDevice(DevicePotential):
    """A MACE model of two layers with scalar features, on a device of torch's."""

    word, family = "MACE", "mace"

    @staticmethod
    def on_host(model: FoldedMace, precision: str, name: str) -> Potential:
        """The model on the CPU."""
        from scatter.potentials.mace_fused import MaceFused

        return MaceFused(model, precision, name)


class AceDevice(DevicePotential):
    """A linear ACE on a device of torch's.

    Attributes:
        guards: the leverage, where the file tells it.
    """

    word, family = "ACE", "ace"

    @cached_property
    def guards(self) -> tuple[Guard, ...]:
        """What measures beside the dynamics."""
        if not self.model.leverage.size:
            return ()
        return (self.part("leverage").Leverage(self.model, self.device),)

    @staticmethod
    def on_host(model: LinearAce, precision: str, name: str) -> Potential:
        """The model on the CPU, in double precision always."""
        from scatter.potentials.ace import Ace

        return Ace(model, name)


def read_model(file: Path) -> tuple[type[DevicePotential], FoldedMace | LinearAce]:
    """The family of the model in a file, and its arrays.

    Raises:
        UserError: the file holds neither a converted model nor a linear ACE.
    """
    if holds_ace(file):
        return AceDevice, LinearAce.read(file)
    return MaceDevice, FoldedMace.read(file)
