"""Whether two inputs define the same campaign: what shapes the results, and how two differ."""

import json
from typing import Any

from scatter.config.tables import Input
from scatter.config.values import quoted
from scatter.initial.incidence import Range
from scatter.settings import Table

# What may change when a campaign is continued, since it changes no trajectory.
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
UNSAID = {"dynamics.scheme": "verlet"}  # what campaigns did before they could say it
GROWING = "sampling.trajectories"  # may grow, not shrink

Identity = dict[str, Any]  # values as JSON can hold them, by `table.key`


def identity(settings: Input) -> Identity:
    """All settings that shape the results.

    Files are included by name only: their content enters the hashes of potential and slab.
    """
    shaping = {key: value for key, value in _flat(settings).items() if key not in FREE}
    return json.loads(json.dumps(shaping, default=str))


def difference(old: Identity, new: Identity) -> str | None:
    """The first setting in which two identities differ, as the start of a sentence; or None.

    More trajectories than before do not count as a difference: the campaign grows.
    """
    old, new = UNSAID | old, UNSAID | new
    for key in dict.fromkeys([*old, *new]):
        before, now = (json.dumps(settings.get(key), sort_keys=True) for settings in (old, new))
        grown = key == GROWING and (old.get(key) or 0) <= (new.get(key) or 0)
        if before != now and not grown:
            table, _, name = key.rpartition(".")
            rule = " (it may grow, not shrink)" if key == GROWING else ""
            was, is_now = _shown(old.get(key)), _shown(new.get(key))
            return f"[{table}] {name} was {was} and is now {is_now}{rule}"
    return None


def _shown(value: object) -> str:
    return "not given" if value is None else quoted(value)


def _flat(table: Table, name: str = "") -> dict[str, object]:
    flat = {}
    for key in type(table).model_fields:
        value = getattr(table, key)
        if isinstance(
            value, Range
        ):  # a range and a list of the same energies are the same campaign
            flat[f"{name}{key}"] = value.values
        elif isinstance(value, Table):
            flat |= _flat(value, f"{name}{key}.")
        else:
            flat[f"{name}{key}"] = value
    return flat
