"""What is remembered of each trajectory while it moves; array code, slots first."""

from dataclasses import dataclass, fields

from scatter.arrays import array_namespace
from scatter.shapes import Float
from scatter.state import Array, State, System


@dataclass
class Sight:
    """What the molecule looks like at one instant, per slot.

    Attributes:
        atoms: positions of the molecule's atoms, Å, shape (slot, 2, 3).
        top: z of the top plane, Å.
        Z: height of the centre of mass above the top plane, Å.
        height: of the lower atom above the top plane, Å.
        rising: vertical momentum of the centre of mass.
        bond: Å.
        energy: total energy, eV.
    """

    atoms: Array
    top: Array
    Z: Array
    height: Array
    rising: Array
    bond: Array
    energy: Array


def look(state: State, system: System) -> Sight:
    """The molecule as it is now; each slot on its own, whatever the batch."""
    xp = array_namespace(state.positions)
    atoms = state.positions[:, -2:, :]
    m1, m2 = state.masses[:, -2, 0], state.masses[:, -1, 0]
    # added one by one: the order of a reduction, and so its bits, could change with the batch size
    top = sum(state.positions[:, int(i), 2] for i in system.top) / len(system.top)
    if system.above_top:
        top = top + system.above_top
    z1, z2 = atoms[:, 0, 2], atoms[:, 1, 2]
    along = atoms[:, 1, :] - atoms[:, 0, :]
    return Sight(
        atoms=atoms,
        top=top,
        Z=(m1 * z1 + m2 * z2) / (m1 + m2) - top,
        height=xp.minimum(z1, z2) - top,
        rising=state.momenta[:, -2, 2] + state.momenta[:, -1, 2],
        bond=xp.sqrt(xp.sum(along * along, axis=1)),
        energy=state.energies + kinetic_energy(state.momenta, state.masses),
    )


def kinetic_energy(
    momenta: Float[Array, "slot atom 3"], masses: Float[Array, "slot atom 1"]
) -> Float[Array, " slot"]:
    """Σ p²/2m of each replica, eV."""
    xp = array_namespace(momenta)
    squares = momenta * momenta
    per_atom = (squares[:, :, 0] + squares[:, :, 1] + squares[:, :, 2]) / masses[:, :, 0]
    return 0.5 * xp.sum(per_atom, axis=1)


@dataclass
class Watch:
    """The memory of each trajectory: extremes and times since its start, per slot.

    Attributes:
        potential: potential energy at the start, eV.
        energy: total energy at the start, eV.
        error: largest distance of the total energy from that, eV.
        lowest: smallest Z so far, Å; `atoms`, `top` and `when` are what was then.
        atoms: Å, shape (slot, 2, 3).
        top: Å.
        when: time of the lowest point.
        falling: whether the centre of mass was falling at the last look.
        turns: how often the vertical velocity has changed its sign.
        first_below: first time that Z was below the near height; NaN before.
        last_below: last time that Z was below the near height; NaN before.
    """

    potential: Array
    energy: Array
    error: Array
    lowest: Array
    atoms: Array
    top: Array
    when: Array
    falling: Array
    turns: Array
    first_below: Array
    last_below: Array

    @classmethod
    def of(cls, state: State, sight: Sight) -> "Watch":
        """Begin to watch trajectories at their start."""
        xp = array_namespace(state.positions)
        zero = xp.zeros_like(sight.Z)
        return cls(
            potential=state.energies + 0,
            energy=sight.energy,
            error=zero,
            lowest=sight.Z,
            atoms=sight.atoms + 0,
            top=sight.top,
            when=zero + 0,
            falling=sight.rising < 0,
            turns=xp.zeros_like(sight.Z, dtype=xp.int64),
            first_below=zero + xp.nan,
            last_below=zero + xp.nan,
        )

    def see(self, sight: Sight, time: Array, near: float) -> None:
        """Take in the present instant; `near` is the height, Å, that residence counts below."""
        xp = array_namespace(time)
        self.error = xp.maximum(self.error, xp.abs(sight.energy - self.energy))  # NaN stays
        lower = sight.Z < self.lowest
        self.lowest = xp.where(lower, sight.Z, self.lowest)
        self.atoms = xp.where(lower[:, None, None], sight.atoms, self.atoms)
        self.top = xp.where(lower, sight.top, self.top)
        self.when = xp.where(lower, time, self.when)
        turned = xp.where(self.falling, sight.rising > 0, sight.rising < 0)
        self.falling = self.falling ^ turned
        self.turns = self.turns + xp.astype(turned, xp.int64)
        below = sight.Z < near
        self.first_below = xp.where(below & xp.isnan(self.first_below), time, self.first_below)
        self.last_below = xp.where(below, time, self.last_below)

    def put(self, slots: Array, other: "Watch") -> None:
        """Begin anew in these slots with what `other` holds."""
        for field in fields(self):
            getattr(self, field.name)[slots] = getattr(other, field.name)

    def keep(self, slots: Array) -> None:
        """Go on with these slots only."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name)[slots])
