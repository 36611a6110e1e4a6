"""The files of a campaign that runs elsewhere: what it starts from, and what came of it.

NumPy alone reads and writes them. Units: Å, eV, amu, and fs where a name says so.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from scatter.dynamics.bounds import Bounds
from scatter.dynamics.conditions import Finished
from scatter.dynamics.motions import Motion, Verlet
from scatter.dynamics.multistep import BondForce, MultiStep
from scatter.errors import UserError
from scatter.files import write_arrays
from scatter.foreign import arrays, reason, shown
from scatter.gpu.columns import (
    memory_column,
    memory_columns,
    refuse_odd_count,
    refuse_odd_endings,
    refuse_odd_leg,
    refuse_odd_limits,
    refuse_odd_words,
)
from scatter.outcomes import Reason
from scatter.state import Start, System

VERSION = 4
TEXTS = ("identity", "model_sha256", "precision")
RESULTS = ("identity", "potential", "device")


@dataclass(frozen=True)
class Limits:
    """The numbers of `[dynamics]` and `[stop]`."""

    timestep_fs: float
    max_time_fs: float
    energy_tolerance_eV: float
    dissociated_A: float
    scattered_A: float | Literal["auto"]
    near_A: float


@dataclass(frozen=True)
class PreparedLeg:
    """Trajectories that share a slab and the atomic numbers of the molecule. Units: Å, eV, amu.

    Attributes:
        numbers: atomic numbers, the molecule's last; so in all that follows.
        cell: lattice vectors as rows.
        pbc: periodicity.
        moving: False for frozen atoms.
        top: the outermost atoms.
        slab_positions: of each snapshot, shape (snapshot, atom, 3).
        slab_momenta: of each snapshot.
        slab_masses: shape (atom,).
        point: of each trajectory, as all that follows.
        number: of the trajectory in its point.
        snapshot: that it starts on.
        positions: of the molecule, shape (trajectory, 2, 3).
        momenta: of the molecule.
        masses: of the molecule, shape (trajectory, 2).
        closest: of each atom of the molecule to each of the slab; see `Bounds`, as the next two.
        shortest_bond: of the molecule.
        lowest: height.
        above_top: of the top plane above the mean of `top`.
        inner_steps: of the molecule's bond in each time step; 0 for velocity Verlet.
        bond_force: see `BondForce`, as the next.
        bond_shortest: Å.
    """

    numbers: np.ndarray
    cell: np.ndarray
    pbc: np.ndarray
    moving: np.ndarray
    top: np.ndarray
    slab_positions: np.ndarray
    slab_momenta: np.ndarray
    slab_masses: np.ndarray
    point: np.ndarray
    number: np.ndarray
    snapshot: np.ndarray
    positions: np.ndarray
    momenta: np.ndarray
    masses: np.ndarray
    closest: np.ndarray
    shortest_bond: np.ndarray
    lowest: np.ndarray
    above_top: np.ndarray = field(default_factory=lambda: np.array(0.0))
    inner_steps: np.ndarray = field(default_factory=lambda: np.array(0))
    bond_force: np.ndarray = field(default_factory=lambda: np.zeros(2))
    bond_shortest: np.ndarray = field(default_factory=lambda: np.array(1.0))

    def __len__(self) -> int:
        return len(self.point)

    @property
    def system(self) -> System:
        """The atoms of every replica."""
        pbc = (bool(self.pbc[0]), bool(self.pbc[1]), bool(self.pbc[2]))
        return System(
            self.numbers,
            self.cell,
            pbc,
            self.moving,
            self.top,
            float(self.above_top),
            projectile=self.masses.shape[1],
        )

    @property
    def bounds(self) -> Bounds | None:
        """What no trajectory must leave."""
        pbc, shortest, lowest = self.system.pbc, float(self.shortest_bond), float(self.lowest)
        bounds = Bounds(shortest, self.closest, lowest, self.cell, pbc)
        return None if bounds.none else bounds

    @property
    def motion(self) -> Motion:
        """The integrator."""
        if not self.inner_steps:
            return Verlet()
        bond = BondForce(self.bond_force, float(self.bond_shortest), np.inf)
        return MultiStep(bond, int(self.inner_steps))

    def start(self, item: int) -> Start:
        """The start of one trajectory, the same bits as in the campaign."""
        snapshot = self.snapshot[item]
        return Start(
            trajectory=item,
            positions=np.concatenate([self.slab_positions[snapshot], self.positions[item]]),
            momenta=np.concatenate([self.slab_momenta[snapshot], self.momenta[item]]),
            masses=np.concatenate([self.slab_masses, self.masses[item]]),
        )


@dataclass(frozen=True)
class PreparedCampaign:
    """All that a campaign's trajectories start from, in one file."""

    limits: Limits
    identity: str  # of the campaign: its conditions as JSON
    model_sha256: str
    precision: str
    guards_every: int  # steps of a trajectory from one look of the guards to the next
    legs: list[PreparedLeg]

    def write(self, file: Path) -> None:
        """Write it, whole or not at all."""
        words = {name: getattr(self, name) for name in TEXTS}
        numbers = {"limits": vars(self.limits), "guards_every": self.guards_every}
        content = {"version": VERSION, **numbers, **words}
        named = {f"{n}.{k}": v for n, leg in enumerate(self.legs) for k, v in vars(leg).items()}
        write_arrays(file, {"words": np.array(json.dumps(content)), **named})

    @classmethod
    def read(cls, file: Path) -> "PreparedCampaign":
        """Read it; nothing in the file is run.

        Raises:
            UserError: `scatter prepare` did not write it, or another version did.
        """
        words, legs = _load(file, "scatter prepare INPUT OUT.npz", TEXTS, _leg)
        told = {name: words[name] for name in ("limits", "guards_every", *TEXTS)}
        return cls(legs=legs, **told)


@dataclass(frozen=True)
class Endings:
    """The trajectories of one leg that have ended, a row each: `Finished` in columns.

    Attributes:
        point: of each trajectory.
        number: of the trajectory in its point.
        memories: of each observer, what it remembers by name.
    """

    point: np.ndarray
    number: np.ndarray
    trajectory: np.ndarray
    outcome: np.ndarray
    reason: np.ndarray
    steps: np.ndarray
    positions: np.ndarray
    momenta: np.ndarray
    potential: np.ndarray
    memories: dict[str, dict[str, np.ndarray]]

    @classmethod
    def of(cls, ended: Sequence[Finished], leg: PreparedLeg) -> "Endings":
        """Endings of trajectories of a leg."""
        names = [field.name for field in fields(Finished) if field.name != "memories"]
        columns = {name: np.array([getattr(each, name) for each in ended]) for name in names}
        memories = {
            observer: {
                name: np.array([each.memories[observer][name] for each in ended]) for name in memory
            }
            for observer, memory in (ended[0].memories if ended else {}).items()
        }
        mine = columns["trajectory"].astype(np.int64)
        return cls(leg.point[mine], leg.number[mine], **columns, memories=memories)

    def __len__(self) -> int:
        return len(self.point)

    def of_leg(self, leg: PreparedLeg) -> bool:
        """Whether these are trajectories of that leg."""
        if not len(self):
            return True
        mine = self.trajectory
        return bool(
            mine.max() < len(leg)
            and (leg.point[mine] == self.point).all()
            and (leg.number[mine] == self.number).all()
        )

    def __iter__(self) -> Iterator[Finished]:
        for n in range(len(self.trajectory)):
            yield Finished(
                trajectory=int(self.trajectory[n]),
                outcome=int(self.outcome[n]),
                reason=Reason(int(self.reason[n])),
                steps=int(self.steps[n]),
                positions=self.positions[n],
                momenta=self.momenta[n],
                potential=float(self.potential[n]),
                memories={
                    observer: {k: v[n] if v.ndim > 1 else v[n].item() for k, v in memory.items()}
                    for observer, memory in self.memories.items()
                },
            )


@dataclass(frozen=True)
class Results:
    """What came out of a prepared campaign so far."""

    identity: str
    potential: str  # identity of the potential, with its precision and device
    device: str
    legs: list[Endings]

    def write(self, file: Path) -> None:
        """Write it, whole or not at all."""
        words = {name: getattr(self, name) for name in RESULTS}
        named = {}
        for n, ended in enumerate(self.legs):
            columns = dict(vars(ended))
            for observer, memory in columns.pop("memories").items():
                for name, values in memory.items():
                    columns[memory_column(observer, name)] = values
            named |= {f"{n}.{k}": v for k, v in columns.items()}
        write_arrays(file, {"words": np.array(json.dumps({"version": VERSION, **words})), **named})

    @classmethod
    def read(cls, file: Path) -> "Results":
        """Read it; nothing in the file is run.

        Raises:
            UserError: `python -m scatter.gpu` did not write it, or another version did.
        """
        words, legs = _load(file, "python -m scatter.gpu PREPARED RESULTS", RESULTS, _endings)
        return cls(legs=legs, **{name: words[name] for name in RESULTS})


def _leg(**columns: np.ndarray) -> PreparedLeg:
    refuse_odd_leg(columns)
    return PreparedLeg(**columns)


def _endings(**columns: np.ndarray) -> Endings:
    refuse_odd_endings(columns)
    memories: dict[str, dict[str, np.ndarray]] = {}
    for key, (observer, name) in memory_columns(columns).items():
        if key in columns:  # where nothing has ended yet, none is
            memories.setdefault(observer, {})[name] = columns.pop(key)
    return Endings(**columns, memories=memories)


def _load(
    file: Path, maker: str, texts: tuple[str, ...], leg: Any
) -> tuple[dict[str, Any], list[Any]]:
    """The words of a file, and its legs."""
    try:
        content = arrays(file)
        words = json.loads(content.pop("words").item())
        refuse_odd_words(words, texts)
        if words.get("version") != VERSION:
            raise UserError(
                f"{file}: has version {shown(words.get('version'))}; make it with `{maker}`"
            )
        if texts == TEXTS:
            refuse_odd_limits(words.get("limits"))
            words["limits"] = Limits(**words["limits"])
            refuse_odd_count("guards_every", words["guards_every"])
        return words, [leg(**columns) for columns in _by_leg(content)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UserError(
            f"{file}: cannot be read ({reason(error)}); make it with `{maker}`"
        ) from error


def _by_leg(content: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """The arrays of each leg, which are numbered from zero."""
    legs: dict[str, dict[str, np.ndarray]] = {}
    for name, array in content.items():
        number, _, key = name.partition(".")
        legs.setdefault(number, {})[key] = array
    return [legs[str(number)] for number in range(len(legs))]
