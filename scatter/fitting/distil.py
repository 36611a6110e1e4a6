"""From a teacher's labels to a compact MACE student that our own kernel evaluates."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scatter.fitting.convert import Agreement, convert
from scatter.fitting.train import Epoch, Training, parts_of, train
from scatter.settings import UserError


@dataclass(frozen=True)
class Student:
    """The shape of the model: two layers of scalar features.

    Attributes:
        channels: a multiple of 16.
        l_max: highest degree of the spherical harmonics, 1 to 3.
        correlation: factors in a product of densities, 1 to 3.
        cutoff_A: Å.
        radial: Bessel functions of the distance.
    """

    channels: int = 16
    l_max: int = 3
    correlation: int = 2
    cutoff_A: float = 5.0
    radial: int = 8

    def options(self) -> dict[str, Any]:
        """The shape in the words of mace-torch."""
        return {
            "model": "MACE",
            "num_interactions": 2,
            "hidden_irreps": f"{self.channels}x0e",
            "max_ell": self.l_max,
            "correlation": self.correlation,
            "r_max": self.cutoff_A,
            "num_radial_basis": self.radial,
            "E0s": "average",
        }


def distil(
    data: Path,
    out: Path,
    student: Student,
    training: Training,
    members: int,
    tell: Callable[[str, Epoch], None],
) -> list[tuple[Path, list[Agreement]]]:
    """Train students on a selected set and convert each to a `.npz`; goes on where it was stopped.

    The work lies beside `out`, in the folder `<stem>.training`, one folder for each member.

    Args:
        data: the set's folder.
        out: the potential to write; a committee's members are numbered.
        student: their shape.
        training: how they are trained; its seed is the first member's.
        members: how many, with seeds that follow.
        tell: is told of every epoch of every member.

    Returns:
        Each potential, and how well it agrees with the trained model.

    Raises:
        UserError: the set is not there or has no labels, `out` is no `.npz`, or a training fails.
    """
    if out.suffix != ".npz":
        raise UserError(f"OUT = '{out}': the name must end in .npz")
    parts = parts_of(data, training.batch)
    found = []
    for member in range(members):
        target = out if members == 1 else out.with_name(f"{out.stem}-{member + 1}.npz")
        folder = out.with_name(f"{out.stem}.training") / f"seed-{training.seed + member}"
        own = replace(training, seed=training.seed + member)
        model = train(
            folder, parts, own, student.options(), lambda epoch, name=target.name: tell(name, epoch)
        )
        found.append((target, convert(model, target, [], trust_pickle=True)))  # our own file
    return found
