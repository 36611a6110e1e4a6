"""The families of models that a device evaluates, and which of them a file holds."""

from pathlib import Path

from scatter.potentials.base import Potential
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


def read_model(file: Path) -> tuple[type[DevicePotential], FoldedMace]:
    """The family of the model in a file, and its arrays.

    Raises:
        UserError: the file is no converted model.
    """
    return MaceDevice, FoldedMace.read(file)
