"""What a validation is asked for, and which requests contradict one another."""

from dataclasses import dataclass
from pathlib import Path

from scatter.labels import STANDARD, Keys
from scatter.settings import UserError
from scatter.validation.materials.cells import require_libraries
from scatter.validation.materials.crystals import crystals_of

STRUCTURES = (".extxyz", ".xyz")


@dataclass(frozen=True)
class Wanted:
    """What is to be validated, and against what."""

    potential: str  # name of the potential under test
    against: str  # name of its teacher, or a file of labelled structures
    output: Path  # folder for all results
    structures: Path | None = None  # file of structures for the teacher to label
    sticking: Path | None = None  # `input.toml` of the campaign to run on both
    properties: bool = True  # whether to compute properties
    quick: bool = False  # fewer properties and fewer trajectories
    molecule: tuple[str, ...] = ()  # elements of the molecule; by default all but the commonest
    trust_pickle: bool = False  # the user trusts where a pickled potential came from
    keys: Keys = STANDARD  # of the labels of `against`
    heads: tuple[str | None, str | None] = (None, None)  # of both, where a .model has several
    materials: str | None = None  # crystals: phases of elements, or a file

    @property
    def labelled(self) -> bool:
        """Whether the reference is a file of labels rather than a potential."""
        return Path(self.against).suffix in STRUCTURES

    @property
    def names(self) -> tuple[str, str]:
        """Of potential and reference, in words; distinct even where the files have one name."""
        tested, reference = Path(self.potential).name, Path(self.against).name
        if tested == reference:
            return f"{tested} (tested)", f"{reference} (reference)"
        return tested, reference


def refuse(wanted: Wanted) -> None:
    """Raise UserError where the request contradicts itself."""
    if wanted.labelled and wanted.structures:
        raise UserError(
            f"--structures {wanted.structures}: --against {wanted.against} has its own structures; "
            "leave one of the two out, or name a potential after --against"
        )
    if wanted.labelled and wanted.sticking:
        raise UserError(
            f"--sticking {wanted.sticking}: a file of labels cannot run trajectories; name a "
            "potential after --against"
        )
    asked = wanted.structures, wanted.sticking, wanted.materials, wanted.properties
    if not wanted.labelled and not any(asked):
        raise UserError(
            f"--against {wanted.against}: there is nothing to compare the two potentials on; "
            "name a file of structures after --structures, the input of a campaign after "
            "--sticking, or crystals after --materials, or leave out --no-properties"
        )
    if wanted.keys.named and not wanted.labelled:
        option, key = next(iter(wanted.keys.named.items()))
        raise UserError(
            f"--{option}-key {key}: no labels are read, since {wanted.against} is a potential; "
            "leave it out, or name a file of labels after --against"
        )
    if wanted.labelled and wanted.heads[1] is not None:
        raise UserError(
            f"--against-head {wanted.heads[1]}: {wanted.against} holds labels, which have no "
            "heads; leave it out"
        )
    for path in (wanted.structures, Path(wanted.against) if wanted.labelled else None):
        if path and not path.is_file():
            raise UserError(f"{path}: there is no such file")


def refuse_materials(wanted: Wanted) -> None:
    """Raise UserError where crystals are wanted that are none, or cannot be looked at here."""
    if wanted.materials:
        require_libraries()
        crystals_of(wanted.materials)
