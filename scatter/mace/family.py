"""The family of MACE models: `.model` files of mace-torch, and folded ones in `.npz` files."""

from pathlib import Path

from scatter.errors import UserError
from scatter.mace.file import FoldedMace
from scatter.potentials.array_file import holds_array
from scatter.potentials.base import Potential
from scatter.potentials.device.potential import DevicePotential
from scatter.potentials.families import SHIPPED, Family, Options


class MaceDevice(DevicePotential):
    """A MACE model of two layers, on a device of torch's."""

    kind = "mace"
    parts = {
        "weights": "scatter.mace.device.weights:MaceTensors",
        "plain": "scatter.mace.device.plain:PlainMace",
        "fused": "scatter.mace.device.fused:FusedMace",
    }


def on_cpu(model: FoldedMace, precision: str, name: str) -> Potential:
    """A folded model on the CPU."""
    from scatter.mace.cpu import MaceFused

    return MaceFused(model, precision, name)


class MaceFamily(Family):
    """MACE models of two layers with scalar or vector features; any by mace-torch, slowly."""

    allows = ("device", "precision", "trust_pickle", "head")
    suffixes = (".model", ".npz")
    on = {"cpu": on_cpu, "cuda": MaceDevice}

    def holds(self, file: Path) -> bool:
        """Whether the file is a `.model`, or holds a folded model."""
        return file.suffix == ".model" or holds_array(file, "radial_1")

    def read(self, file: Path) -> FoldedMace:
        """A folded model.

        Raises:
            UserError: the file was not written by `scatter convert`, or by another version.
        """
        return FoldedMace.read(file)

    def open(self, options: Options) -> Potential:
        """A folded model by our kernels, or a `.model` by mace-torch.

        "auto" is a GPU for a `.model` if torch sees one, and the CPU for a folded model, so that
        the same input gives the same bits anywhere.

        Raises:
            UserError: the file cannot be read or trusted, or what it needs is not installed.
        """
        file = self.file(options)
        if file.suffix == ".npz":
            if options.head is not None:
                raise UserError(
                    f"[potential] head = '{options.head}': the .npz of a converted model has one "
                    "head; leave it out, or convert the head you want with --head NAME"
                )
            return super().open(options)
        if file.suffix != ".model":
            raise UserError(
                f"[potential] file = '{file}': kind = 'mace' reads a .model file of mace-torch, or "
                "the .npz that `scatter convert` makes of it"
            )
        from scatter.mace.mace_torch import MaceTorch

        precision = options.precision or "float32"
        return MaceTorch(file, options.device, precision, options.trust_pickle, options.head)

    def may_use_gpu(self, options: Options) -> bool:
        """A GPU is used where it is asked for, and by a `.model` where there is one."""
        return options.device == "cuda" or (
            options.device == "auto" and Path(str(options.file)).suffix == ".model"
        )


class Shipped(MaceFamily):
    """The MACE for hydrogen on copper that ships with scatter."""

    needs, allows, suffixes = (), ("device", "precision"), ()

    def holds(self, file: Path) -> bool:
        """No file of the user's."""
        return False

    def file(self, options: Options) -> Path:
        """The file that ships."""
        return SHIPPED

    def may_use_gpu(self, options: Options) -> bool:
        """A GPU is used where it is asked for."""
        return options.device == "cuda"
