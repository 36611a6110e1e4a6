"""Whether two inputs mean the same campaign: all that shapes results, and the first difference."""

import json
from typing import Any

from scatter.config.tables import Input
from scatter.config.values import quoted
from scatter.initial.incidence import Range
from scatter.settings import Table

# What may change from one start of a campaign to the next without changing any trajectory.
FREE = {
    "run.output",
    "run.slots",
    "run.threads",
    "sampling.target_error",
    "sampling.target_relative_error",
    "sampling.max_trajectories",
    "frames.trajectories",
    "frames.every",
    "guards.coupling_eV",
    "guards.disagreement_eV_per_A",
    "guards.leverage",
    "guards.most_failed",
    "guards.most_unsettled",
    "potential.trust_pickle",
    "surface.images",
}
GROWING = "sampling.trajectories"  # may grow, not shrink


def identity(settings: Input) -> dict[str, Any]:
    """All settings that shape the results, by `table.key`, as values that JSON can hold.

    Files are in it by name only: what they hold is for the hashes of the potential and the slab.
    """
    found = {key: value for key, value in _flat(settings).items() if key not in FREE}
    return json.loads(json.dumps(found, default=str))


def difference(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    """The first setting in which two identities differ, as the start of a sentence; or None.

    More trajectories than before are no difference: the campaign then grows.
    """
    for key in dict.fromkeys([*old, *new]):
        before, now = (json.dumps(settings.get(key), sort_keys=True) for settings in (old, new))
        grown = key == GROWING and (old.get(key) or 0) <= (new.get(key) or 0)
        if before != now and not grown:
            table, _, name = key.rpartition(".")
            rule = " (it may grow, not shrink)" if key == GROWING else ""
            was, is_now = _shown(old.get(key)), _shown(new.get(key))
            return f"[{table}] {name} was {was} and is now {is_now}{rule}"
    return None


def _shown(value: Any) -> str:
    return "not given" if value is None else quoted(value)


def _flat(table: Table, name: str = "") -> dict[str, Any]:
    found = {}
    for key in type(table).model_fields:
        value = getattr(table, key)
        if isinstance(value, Range):  # the same energies, listed or not, are the same campaign
            found[f"{name}{key}"] = value.values
        elif isinstance(value, Table):
            found |= _flat(value, f"{name}{key}.")
        else:
            found[f"{name}{key}"] = value
    return found
