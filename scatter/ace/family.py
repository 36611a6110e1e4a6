"""Linear ACEs: `.npz` of `scatter fit`, `.yace` of LAMMPS, and `.json` of ACE1.jl."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

from scatter.ace.file import LinearAce
from scatter.errors import UserError
from scatter.potentials.array_file import holds_array
from scatter.potentials.base import Guard, Potential
from scatter.potentials.device.potential import DevicePotential
from scatter.potentials.families import Family, Options


class AceDevice(DevicePotential):
    """A linear ACE on a device of torch's.

    Attributes:
        guards: the leverage, where the file holds it.
    """

    kind = "ace"
    parts = {
        "weights": "scatter.ace.device.weights:AceTensors",
        "plain": "scatter.ace.device.plain:PlainAce",
        "fused": "scatter.ace.device.fused:FusedAce",
        "leverage": "scatter.ace.device.leverage:Leverage",
    }

    @cached_property
    def guards(self) -> tuple[Guard, ...]:
        """What measures beside the dynamics."""
        if not self.model.leverage.size:
            return ()
        return (self.part("leverage")(self.model, self.device),)


def on_cpu(model: LinearAce, precision: str, name: str) -> Potential:
    """A linear ACE on the CPU, in double precision always."""
    from scatter.ace.cpu import Ace

    return Ace(model, name)


class AceFamily(Family):
    """Linear ACEs; on a CPU also with a power of a density."""

    suffixes = (".npz", ".yace", ".json")
    on = {"cpu": on_cpu, "cuda": AceDevice}

    def holds(self, file: Path) -> bool:
        """Whether the file is a `.yace` or a `.json`, or holds the arrays of a linear ACE."""
        return file.suffix in (".yace", ".json") or holds_array(file, "products_2")

    def read(self, file: Path) -> LinearAce:
        """A linear ACE.

        Raises:
            UserError: the file holds none, or a power of a density beside it.
        """
        if file.suffix == ".json":
            from scatter.ace.ace1 import read_ace1

            return read_ace1(file)
        if file.suffix != ".yace":
            return LinearAce.read(file)
        from scatter.ace.yace.read import read_yace

        model, embedding = read_yace(file)
        if embedding is not None:
            raise UserError(
                f"[potential] file = '{file}': a density of its atoms has a power, which the "
                "kernels of a GPU do not compute; leave device out, and it runs on the CPU"
            )
        return model

    def open(self, options: Options) -> Potential:
        """The ACE that the options describe.

        Raises:
            UserError: the file cannot be read, or does not go with the device or the precision.
        """
        file = self.file(options)
        if options.device == "cuda":
            return super().open(options)
        if options.precision == "float32":
            raise UserError(
                "[potential] precision = 'float32': on the CPU an ACE is evaluated in double "
                "precision; leave the key out, or set device = 'cuda'"
            )
        from scatter.ace.cpu import Ace

        return Ace.read(file)

    def beside(self, options: Options, file: str) -> Options:
        """As of any model, but for the precision on a CPU, where an ACE has only one."""
        options = super().beside(options, file)
        return options if options.device == "cuda" else replace(options, precision=None)
