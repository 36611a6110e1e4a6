"""A crystal on a potential beside the same on its reference: rows, scores and a figure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import nan, sqrt

import numpy as np
from jaxtyping import Float

from scatter.plots.materials import Drawn, material_figure
from scatter.plots.style import Figure
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.validation.materials.crystals import Crystal
from scatter.validation.materials.material import (
    ABOVE,
    AT_REST,
    Material,
    answers_on,
    material,
)
from scatter.validation.materials.merit import Score, merit, scores
from scatter.validation.pieces import Piece
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

    @property
    def piece(self) -> Piece:
        """As the report keeps it, but for the figure."""
        return {
            "rows": [row.piece for row in self.rows],
            "scores": [asdict(score) for score in self.scores],
            "merit": merit(self.scores) if self.scores else None,
            "failures": self.failures,
        }


def compared_material(
    pair: Comparison, crystal: Crystal, quick: bool, say: Callable[[str], None]
) -> ComparedMaterial:
    """Measure a crystal on both potentials; see `material`.

    A crystal that does not come to rest on one of them is a sentence in the report, and stops
    nothing. Without it on the potential under test there is nothing to show.
    """
    result, measured = ComparedMaterial(), dict[str, Material]()
    for potential, name in zip((pair.potential, pair.reference), pair.names, strict=True):
        if potential is not None:
            try:
                measured[name] = material(potential, crystal, quick, say)
            except UserError as error:
                result.failures.append(f"{name}: {error}")
                if potential is pair.potential:
                    return result
    own, *others = measured.values()
    result.rows = _rows(own, others[0] if others else None)
    result.failures += [line for each in measured.values() for line in each.failures]
    drawn = [drawn_of(name, each) for name, each in measured.items()]
    result.figure = material_figure(drawn, crystal.name)
    if others and pair.reference:
        _add_answers(result, pair.potential, pair.reference, own, others[0])
    return result


def _add_answers(
    result: ComparedMaterial, tested: Potential, reference: Potential, own: Material, its: Material
) -> None:
    """Errors on strained, rattled cells of the reference's crystal, and the scores of all."""
    ours, known = (answers_on(each, its.cell) for each in (tested, reference))
    for name, values in known.items():
        rmse = 1e3 * sqrt(np.mean((ours[name] - values) ** 2))
        result.rows.append(
            Row(f"RMSE of {name} of strained, rattled cells", UNITS[name], rmse, 0.0)
        )
    result.scores = scores(own.vectors() | ours, its.vectors() | known)


def _rows(own: Material, reference: Material | None) -> list[Row]:
    theirs = reference.numbers() if reference else {}
    rows = [Row(*key, value, theirs.get(key, nan)) for key, value in own.numbers().items()]
    if reference and own.phonons.all.shape == reference.phonons.all.shape:
        rms = float(np.sqrt(np.mean((own.phonons.all - reference.phonons.all) ** 2)))
        rows.append(Row("RMSE of phonons along the path", "THz", rms, 0.0))
    return rows


def phases(crystals: Mapping[str, Piece]) -> list[Row]:
    """How far crystals are above the first of the same composition, at rest and free energies.

    Args:
        crystals: the pieces of a validation.
    """
    firsts: dict[str, str] = {}
    rows = []
    for name, part in crystals.items():
        first = firsts.setdefault(part["formula"], name)
        if name != first:
            ours, theirs = (_energies(crystals[each]["rows"]) for each in (name, first))
            rows += [
                Row(f"{name} above {first}, {what}", "eV/atom", *(ours[what] - theirs[what]))
                for what in ours
                if what in theirs
            ]
    return rows


def _energies(rows: Sequence[Piece]) -> dict[str, Float[np.ndarray, "2"]]:
    """By what it is the energy of an atom on both potentials; NaN where it is not known."""
    both = {row["quantity"]: _both(row) for row in rows}
    free = {
        f"at {name.removeprefix(f'{ABOVE} at ')}": both[AT_REST] + value
        for name, value in both.items()
        if name.startswith(ABOVE)
    }
    return {"at rest": both[AT_REST], **free} if both else {}


def _both(row: Piece) -> Float[np.ndarray, "2"]:
    return np.array([row["potential"], row["reference"]], float)  # null becomes NaN


def drawn_of(name: str, measured: Material) -> Drawn:
    """A crystal's curves on one potential."""
    phonons = measured.phonons
    return Drawn(
        name,
        measured.volumes,
        measured.energies - measured.energies.min(),
        phonons.distances,
        phonons.frequencies,
        phonons.labels,
        phonons.grid,
        phonons.density,
    )
