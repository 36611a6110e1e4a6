"""What campaigns in one figure are called: by what differs between them, never by their folders."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scatter import store
from scatter.analysis.curve import scanned
from scatter.conditions import CONDITIONS
from scatter.results.folder import ResultsFile

# Tables and keys whose values the conditions of the curves say, or that change no physics.
SAID = ("run.", "molecule.", "incidence.", "sampling.", "surface.element", "surface.facet")
SAID += ("surface.temperature_K", "surface.lattice_constant_A", "surface.file", "potential.")
FILE = re.compile(r"([\w.-]+?)\.(?:npz|model|yace|pth|pt)\b(?: \([^)]*\))?")


def potential_words(potential: str) -> str:
    """A potential as figures name it: "fused MACE h2_cu.npz (H, Cu; float32)" is MACE h2_cu."""
    return FILE.sub(r"\1", potential.removeprefix("fused "))


def names_of(folders: Sequence[Path], every: Sequence[ResultsFile]) -> list[str]:
    """A name for each campaign but the first: its potential, its settings, or its place.

    Empty where the conditions tell its curves from those of all campaigns before.
    """
    potentials = [potential_words(results.description["potential"]) for results in every]
    settings = [_settings(folder) for folder in folders]
    names: list[str] = []
    for n in range(1, len(every)):
        parts = [potentials[n]] * (potentials[n] != potentials[0])
        parts += _differing(settings[n], settings[0])
        alone = all(_told(every[n], before) for before in every[:n])
        name = ", ".join(parts)
        taken = name in names or not (name or alone)
        names.append(", ".join([*parts, f"campaign {n + 1}"]) if taken else name)
    return names


def _settings(folder: Path) -> Mapping[str, Any]:
    if not (folder / store.MANIFEST).is_file():
        return {}
    identity = store.read_manifest(folder).get("identity", {})
    return {key: value for key, value in identity.items() if not key.startswith(SAID)}


def _differing(own: Mapping[str, Any], first: Mapping[str, Any]) -> list[str]:
    """The settings that are not those of the first campaign, in words."""
    keys = [key for key in own if key in first and own[key] != first[key]]
    return [f"{key.rpartition('.')[2]} = {_value(own[key])}" for key in keys]


def _value(value: Any) -> str:
    return "none" if value is None else str(value)


def _told(results: ResultsFile, before: ResultsFile) -> bool:
    """Whether no curve of a campaign has the conditions of one of another campaign."""
    fixed = ["surface", *(name for name in CONDITIONS if name != scanned(before.rows))]
    own, its = (
        {tuple(getattr(row, name) for name in fixed) for row in each.rows}
        for each in (results, before)
    )
    return not own & its
