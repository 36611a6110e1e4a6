"""The internal states of a molecule that a campaign begins in, with phase points for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import NamedTuple

from scatter.initial import tops
from scatter.initial.lone_molecule import LoneMolecule
from scatter.initial.normal_modes import NormalModes, normal_modes
from scatter.initial.pools import (
    FEWEST,
    Pool,
    Sampling,
    pool_of,
    quanta_words,
    thermal_states,
)
from scatter.initial.switching import Quanta
from scatter.potentials.base import Potential
from scatter.settings import UserError

MOST_QUANTA = 50


class Share(NamedTuple):
    """A vibrational state among those of a point.

    Attributes:
        quanta: n of each mode.
        population: of the state; those of a point add up to 1.
        points: that a trajectory draws one of.
    """

    quanta: Quanta
    population: float
    points: int


@dataclass(frozen=True)
class Internal:
    """The internal state that the trajectories of a point begin in.

    Either quanta or vibration_K is given, and either J or rotation_K.

    Attributes:
        quanta: n of each mode, in order of frequency.
        vibration_K: n of each mode by Boltzmann at this temperature, drawn for each trajectory.
        J: |L|² = J(J+1) ħ².
        projection: K, of a symmetric top L along its axis, in ħ; None: uniform among -J ... J.
        rotation_K: L by Boltzmann at this temperature.
    """

    quanta: Quanta | None = None
    vibration_K: float | None = None
    J: int | None = None
    projection: int | None = None
    rotation_K: float | None = None

    @property
    def words(self) -> str:
        """As people write it, which is how points and results name it."""
        vibration = quanta_words(self.quanta) if self.quanta else f"T_vib = {self.vibration_K:g} K"
        if self.rotation_K is not None:
            return f"{vibration}, T_rot = {self.rotation_K:g} K"
        along = "" if self.projection is None else f", K = {self.projection}"
        return f"{vibration}, J = {self.J}{along}"

    def shares(self, modes: NormalModes, points: int) -> "tuple[Share, ...]":
        """The vibrational states that it means.

        Args:
            modes: of the molecule.
            points: phase points of a state, of a gas those of its most populated one.

        Raises:
            UserError: it names no state, or two, or not one of this molecule; or there are too
                many.
        """
        if (self.quanta is None) == (self.vibration_K is None):
            raise UserError("give either the quanta of the modes or a temperature of the vibration")
        if self.quanta is not None:
            _refuse_quanta(self.quanta, modes)
            return (Share(self.quanta, 1.0, points),)
        populations = thermal_states(modes, self.vibration_K or 0.0)
        most = max(populations.values())
        return tuple(
            Share(quanta, share, min(points, max(FEWEST, ceil(points * share / most))))
            for quanta, share in populations.items()
        )

    def refuse_rotation(self, modes: NormalModes, name: str) -> None:
        """Raise UserError unless one rotation is named that this molecule has."""
        if (self.J is None) == (self.rotation_K is None):
            raise UserError(f"{name}: give either j or a temperature of the rotation")
        tops.refuse_projection(modes.top, self.J, self.projection, name)


@dataclass(frozen=True)
class Quantised:
    """A molecule with phase points of all states that a campaign needs; plain arrays.

    Attributes:
        modes: of the molecule.
        pools: by the quanta of their states.
        shares: the states of each of the campaign's internal states.
    """

    modes: NormalModes
    pools: Mapping[Quanta, Pool]
    shares: Mapping[Internal, tuple[Share, ...]]

    @classmethod
    def of(
        cls,
        molecule: LoneMolecule,
        potential: Potential,
        internals: Sequence[Internal],
        sampling: Sampling,
        say: Callable[[str], None] = lambda _: None,
        modes: NormalModes | None = None,
    ) -> "Quantised":
        """Relax a molecule and make the phase points of all states.

        Args:
            molecule: its atoms.
            potential: that the trajectories start on.
            internals: of all points of the campaign.
            sampling: how phase points are made.
            say: tells the user what takes long.
            modes: of the molecule on this potential, where they are known.

        Raises:
            UserError: the potential does not hold the molecule or a state of it.
        """
        modes, name = modes or normal_modes(molecule, potential), molecule.name
        for internal in internals:
            internal.refuse_rotation(modes, name)
        shares = {each: each.shares(modes, sampling.points) for each in internals}
        sizes: dict[Quanta, int] = {}
        for share in (share for those in shares.values() for share in those):
            sizes[share.quanta] = max(share.points, sizes.get(share.quanta, 0))
        say(f"{name}: {sum(sizes.values())} phase points of {len(sizes)} vibrational states ...")
        pools = {
            quanta: pool_of(modes, potential, quanta, replace(sampling, points=size))
            for quanta, size in sizes.items()
        }
        if doubted := [pool for pool in pools.values() if pool.doubt]:
            worst = max(doubted, key=lambda pool: pool.spread_eV / pool.mean_eV)
            say(f"{name}: {len(doubted)} of {len(pools)} states are ill defined; {worst.doubt}")
        return cls(modes, pools, shares)


def _refuse_quanta(quanta: Quanta, modes: NormalModes) -> None:
    """Raise UserError unless they are a number for each mode."""
    words = quanta_words(quanta)
    if len(quanta) != len(modes):
        raise UserError(
            f"{words} has {len(quanta)} numbers of quanta, and the molecule has {len(modes)} "
            "modes; give one number for each, in order of frequency"
        )
    if not all(0 <= n <= MOST_QUANTA for n in quanta):
        raise UserError(f"{words}: numbers of quanta are 0 to {MOST_QUANTA}")
