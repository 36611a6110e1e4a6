"""A committee of potentials: how much their forces on the molecule disagree."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from scatter.arrays import array_namespace
from scatter.potentials.base import Measure, Potential
from scatter.state import Array, System


class Committee:
    """Potentials that were trained alike from other beginnings; see `Guard` in `base.py`.

    Of M members the disagreement about a frame is

        max over the molecule's atoms a of  √( Σ_m |F_ma - F̄_a|² / M ),    F̄_a = Σ_m F_ma / M,

    the standard deviation of the force vector on the atom about which they disagree most, eV/Å.
    """

    column = "disagreement_eV_per_A"

    def __init__(self, members: Sequence[Potential]):
        """Take the members; the potential that the trajectories run on is one of them."""
        self.members = tuple(members)
        content = " ".join(member.identity for member in self.members)
        self.identity = sha256(content.encode()).hexdigest()

    def bind(self, system: System, slots: int) -> Measure:
        """What measures up to `slots` replicas of the system at a time.

        Raises:
            UserError: a member does not know an element of the system.
        """
        evaluators = [member.bind(system, slots) for member in self.members]

        def measure(positions: Array) -> Array:
            slots = np.arange(len(positions))
            forces = [
                evaluator.begin(slots, positions)[1][:, -system.projectile :, :]
                for evaluator in evaluators
            ]
            return disagreement(forces)

        return measure


def disagreement(forces: Sequence[Array]) -> Array:
    """The largest standard deviation of a force over the members, eV/Å, shape (slot,).

    Args:
        forces: of each member on the molecule's atoms, eV/Å, shape (slot, 2, 3).
    """
    xp = array_namespace(forces[0])
    mean, squares = 0 * forces[0], 0 * forces[0]
    for force in forces:
        mean = mean + force / len(forces)
    for force in forces:
        squares = squares + (force - mean) ** 2 / len(forces)
    per_atom = xp.sqrt(squares[..., 0] + squares[..., 1] + squares[..., 2])
    return xp.max(per_atom, axis=1)
