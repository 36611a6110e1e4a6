"""A crystal on a potential beside the same on its reference: rows, scores and a figure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan, sqrt

import numpy as np

from scatter.plots.materials import Drawn, material_figure
from scatter.plots.style import Figure
from scatter.settings import UserError
from scatter.validation.materials.crystals import Crystal
from scatter.validation.materials.material import Material, answers_on, material
from scatter.validation.materials.merit import Score, scores
from scatter.validation.properties import Comparison
from scatter.validation.rows import Row

UNITS = {"energies": "meV/atom", "forces": "meV/Å", "virials": "meV/atom"}


@dataclass
class ComparedMaterial:
    """A crystal on both potentials.

    Attributes:
        rows: its numbers.
        scores: of the categories; none without a reference.
        failures: a sentence for each number that there is not.
        figure: None where there is nothing to draw.
    """

    rows: list[Row] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    figure: Figure | None = None


def compared_material(
    pair: Comparison, crystal: Crystal, quick: bool, say: Callable[[str], None]
) -> ComparedMaterial:
    """Measure a crystal on both potentials; see `material`.

    A crystal that does not come to rest on one of them is a sentence in the report, and stops
    nothing. Without it on the potential under test there is nothing to show.
    """
    result, found = ComparedMaterial(), []
    for potential, name in zip((pair.potential, pair.reference), pair.names, strict=True):
        if potential is not None:
            try:
                found.append((name, potential, material(potential, crystal, quick, say)))
            except UserError as error:
                result.failures.append(f"{name}: {error}")
                if potential is pair.potential:
                    return result
    own, *others = [measured for _, _, measured in found]
    result.rows = _rows(own, others[0] if others else None)
    result.failures += [line for _, _, each in found for line in each.failures]
    result.figure = material_figure([_drawn(name, each) for name, _, each in found], crystal.name)
    if others:
        (_, tested, _), (_, reference, theirs) = found
        ours, known = (answers_on(each, theirs.cell) for each in (tested, reference))
        result.rows += [
            Row(f"RMSE of {name} of strained, rattled cells", UNITS[name], rmse, 0.0)
            for name, values in known.items()
            for rmse in [1e3 * sqrt(np.mean((ours[name] - values) ** 2))]
        ]
        result.scores = scores(own.vectors() | ours, theirs.vectors() | known)
    return result


def _rows(own: Material, reference: Material | None) -> list[Row]:
    theirs = reference.numbers() if reference else {}
    rows = [Row(*key, value, theirs.get(key, nan)) for key, value in own.numbers().items()]
    if reference:
        apart = own.phonons.all - reference.phonons.all
        rms = float(np.sqrt(np.mean(apart**2)))
        rows.append(Row("RMSE of phonons along the path", "THz", rms, 0.0))
    return rows


def _drawn(name: str, found: Material) -> Drawn:
    phonons = found.phonons
    return Drawn(
        name,
        found.volumes,
        found.energies - found.energies.min(),
        phonons.distances,
        phonons.frequencies,
        phonons.labels,
        phonons.grid,
        phonons.density,
    )
