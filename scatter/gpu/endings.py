"""The trajectories of one leg that have ended elsewhere, in columns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from scatter.dynamics.conditions import Finished
from scatter.friction.motion import CLIPPED, ENERGIES, GIVEN
from scatter.gpu.checks import MOST, demand
from scatter.gpu.legs import PreparedLeg
from scatter.outcomes import Outcome, Reason
from scatter.saved import Saved, fit
from scatter.shapes import Bool, Float, Int

EACH, ATOMS = Float[np.ndarray, " trajectory"], Float[np.ndarray, "trajectory atom 3"]
MEMORIES = {  # of each observer that a campaign elsewhere has, what it remembers
    "faults": {"potential": EACH, "energy": EACH, "error": EACH},
    "lowest": {
        "lowest": EACH,
        "atoms": Float[np.ndarray, "trajectory own 3"],
        "top": EACH,
        "when": EACH,
    },
    "turns": {
        "falling": Bool[np.ndarray, " trajectory"],
        "turns": Int[np.ndarray, " trajectory"],
    },
    "residence": {"first_below": EACH, "last_below": EACH},
}
OTHERS = {  # where there is a bath, and where there are electrons
    "bath": {"given": EACH},
    "electrons": {
        GIVEN: Float[np.ndarray, "trajectory share"],
        CLIPPED: Int[np.ndarray, " trajectory"],
    },
}
PEAK = {"value": EACH, "time": EACH, "positions": ATOMS, "momenta": ATOMS}
MEASURED = ("leverage",)  # measures of guards, which remember where they were largest, where asked


@dataclass(frozen=True)
class Endings(Saved):
    """The trajectories of one leg that have ended, a row each: `Finished` in columns.

    Attributes:
        point: of each trajectory.
        number: of the trajectory in its point.
        memories: of each observer, what it remembers by name; of no trajectory, none.
    """

    noun, unbounded = "list of endings", frozenset({"positions", "momenta", "potential"})

    point: Int[np.ndarray, " trajectory"]
    number: Int[np.ndarray, " trajectory"]
    trajectory: Int[np.ndarray, " trajectory"]
    outcome: Int[np.ndarray, " trajectory"]
    reason: Int[np.ndarray, " trajectory"]
    steps: Int[np.ndarray, " trajectory"]
    positions: Float[np.ndarray, "trajectory atom 3"]
    momenta: Float[np.ndarray, "trajectory atom 3"]
    potential: Float[np.ndarray, " trajectory"]
    memories: dict[str, dict[str, np.ndarray]]

    @classmethod
    def of(cls, ended: Sequence[Finished], leg: PreparedLeg) -> "Endings":
        """Endings of trajectories of a leg."""
        if not ended:
            none, still = np.zeros(0, np.int64), np.zeros((0, len(leg.numbers), 3))
            return cls(none, none, none, none, none, none, still, still, np.zeros(0), {})
        names = [field.name for field in fields(Finished) if field.name != "memories"]
        columns = {name: np.array([getattr(each, name) for each in ended]) for name in names}
        memories = {
            observer: {
                name: np.array([each.memories[observer][name] for each in ended]) for name in memory
            }
            for observer, memory in ended[0].memories.items()
        }
        mine = columns["trajectory"]
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

    def refuse(self, sizes: Mapping[str, int]) -> None:
        """Raise Misfit unless trajectories can have ended so."""
        measured = {name: PEAK for name in MEASURED if name in self.memories}
        others = {name: table for name, table in OTHERS.items() if name in self.memories}
        tables, same = (
            (MEMORIES | others | measured if len(self) else {}),
            dict(sizes) | {"share": len(ENERGIES)},
        )
        demand("memories", self.memories.keys() == tables.keys())
        for observer, table in tables.items():
            fit(table, self.memories[observer], observer, same)
        for name in ("point", "number", "trajectory", "steps"):
            demand(name, vars(self)[name] >= 0, vars(self)[name] < MOST)
        for name in measured:
            time = self.memories[name]["time"]
            demand(f"{name}.time", time >= 0, time < np.inf)
        demand("outcome", np.isin(self.outcome, [ending for ending in Outcome if ending]))
        demand("reason", np.isin(self.reason, list(Reason)))
