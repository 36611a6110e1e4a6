"""The files of a campaign that runs elsewhere: what it starts from, and what came of it.

NumPy alone reads and writes them. Units: Å, eV, amu, and fs where a name says so.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from scatter.dynamics.conditions import Finished
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
from scatter.gpu.legs import Limits, PreparedLeg
from scatter.outcomes import Reason

VERSION = 4
TEXTS = ("identity", "model_sha256", "precision")
RESULTS = ("identity", "potential", "device")


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
