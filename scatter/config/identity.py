"""Whether two inputs define the same campaign: what shapes the results, and how two differ."""

import json
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import Any

from scatter import foreign
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
    "sampling.target_product",
    "sampling.target_relative_error",
    "sampling.max_trajectories",
    "sampling.method",
    "sampling.replicates",
    "sampling.max_replicates",
    "sampling.moves",
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
UNSAID = {  # what campaigns did before they could say it
    "incidence.kind": "beam",
    "dynamics.scheme": "verlet",
    "dynamics.bath": "none",
}
UNSAID_TABLES = ("friction",)  # of which they did what is done by default
OF_A_BATH = ("dynamics.bath_layers", "dynamics.bath_per_fs")  # nothing where there is none
GEOMETRY = "molecule.geometry_sha256"
GROWING = "sampling.trajectories"  # may grow, not shrink
OF_POINTS = {  # lists that name the conditions of points: what is in them stays
    "molecule.formula",
    "molecule.v",
    "molecule.j",
    "molecule.mj",
    "molecule.states",
    "molecule.modes",
    "molecule.vibration_K",
    "incidence.energy_eV",
    "incidence.polar_deg",
    "incidence.azimuth_deg",
    "surface.facet",
    "surface.temperature_K",
}
LATTICE = {"surface.lattice_constant_A", "surface.c_over_a"}  # tables by temperature may grow
RULES = {GROWING: " (it can grow, but not shrink)"} | dict.fromkeys(
    OF_POINTS, " (conditions can be added, but not removed)"
)

Identity = dict[str, Any]  # values as JSON can hold them, by `table.key`


def identity(settings: Input) -> Identity:
    """All settings that shape the results.

    Files are included by name only, since their content enters the hashes of potential and slab;
    but for the geometry of a molecule, whose content is included by its hash.

    Raises:
        UserError: the file of the geometry cannot be read.
    """
    shaping = {key: value for key, value in _flat(settings).items() if key not in FREE}
    if settings.molecule.geometry is not None:
        shaping[GEOMETRY] = sha256(foreign.content(Path(settings.molecule.geometry))).hexdigest()
    return json.loads(json.dumps(shaping, default=str))


def difference(old: Identity, new: Identity, free: Collection[str] = ()) -> str | None:
    """The first setting in which two identities differ, as the start of a sentence; or None.

    More trajectories than before do not count as a difference: the campaign grows.

    Args:
        old: of before.
        new: of now.
        free: keys that may differ.
    """
    old, new = made_explicit(old), made_explicit(new)
    for key in dict.fromkeys([*old, *new]):
        if key in free:
            continue
        before, now = (json.dumps(settings.get(key), sort_keys=True) for settings in (old, new))
        grown = key == GROWING and (old.get(key) or 0) <= (new.get(key) or 0)
        if before != now and key == GEOMETRY:
            return "the file of [molecule] geometry has changed"
        if before != now and not grown:
            table, _, name = key.rpartition(".")
            was, is_now = _shown(old.get(key)), _shown(new.get(key))
            return f"[{table}] {name} was {was} and is now {is_now}{RULES.get(key, '')}"
    return None


def made_explicit(stored: Identity) -> Identity:
    """An identity with what older campaigns left unsaid, without keys of a bath that is none."""
    whole = {**UNSAID, **_of_tables_unsaid(), **stored}
    bathless = whole["dynamics.bath"] == "none"
    return {key: v for key, v in whole.items() if not (bathless and key in OF_A_BATH)}


def _of_tables_unsaid() -> Identity:
    """What older inputs mean by tables that they could not write."""
    flat: dict[str, object] = {}
    for name in UNSAID_TABLES:
        flat |= _flat(Input.model_fields[name].get_default(), f"{name}.")
    return json.loads(json.dumps(flat, default=str))


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
