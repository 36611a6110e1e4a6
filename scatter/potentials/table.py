"""Table `[potential]`: which potential to use, and how it is opened.

What a kind needs (torch, ASE's calculators) is imported only when a potential of it is opened.
"""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, WrapValidator, model_validator

from scatter.potentials import families
from scatter.potentials.base import Potential
from scatter.potentials.committee import Committee
from scatter.potentials.families import OWN, Options, family, family_of
from scatter.settings import Table, UserError


def _or_installed(value: object, is_own: Any) -> Any:
    """One of our own kinds, or one that an installed package has."""
    try:
        return is_own(value)
    except ValidationError:
        if value in [entry.name for entry in families.kinds()]:
            return value
        raise


Kind = Annotated[Literal["default", "analytic", "mace", "ace", "ase"], WrapValidator(_or_installed)]


class PotentialTable(Table):
    """Table `[potential]`: the potential energy surface that the atoms move on."""

    kind: Kind = Field(
        default="default",
        description="`default`: the MACE for hydrogen on copper that ships with scatter; "
        "`analytic`: a qualitative model of the same; `mace` and `ace`: a model file; `ase`: any "
        "calculator of ASE; an installed package may add others.",
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        description="The model file, for `mace`: a `.model` written by mace-torch, or the "
        "`.npz` that `scatter convert` makes of it; for `ace`: the `.npz` of `scatter fit`, or a "
        "`.yace` file of LAMMPS, or a `.json` of ACEpotentials.jl before 0.7.",
    )
    calculator: str | None = Field(
        default=None,
        min_length=1,
        description='Name of the ASE calculator, for `ase`, such as "emt"; or, as '
        '"package.module:Name", a class or function of your own that makes a calculator or a '
        "`scatter.Potential`.",
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="Keyword arguments of the ASE calculator, for `ase`. One that runs a program "
        "through files works in a folder for each slot: temporary ones, or within `directory`, "
        "where they are left.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto",
        description="Where a MACE model or an ACE is evaluated; `auto` is the CPU for an `.npz` "
        "and a `.yace`, and for a `.model` a GPU if torch sees one.",
    )
    precision: Literal["float32", "float64"] | None = Field(
        default=None,
        description="Arithmetic of a MACE model, by default float32, with atoms' energies summed "
        "in float64; of an ACE on a GPU that of forces, by default float32, for its energies are "
        "float64, as everything is on the CPU. Positions and momenta are float64 always.",
    )
    trust_pickle: bool = Field(
        default=False,
        description="A `.model` file is a pickle, and opening it runs the code inside; true means "
        "that you trust its origin.",
    )
    head: str | None = Field(
        default=None,
        min_length=1,
        description="Name of the head of a `.model` that has several, such as one that was "
        "fine-tuned with replay; by default the one called `default`, as in mace-torch.",
    )

    committee: list[str] = Field(
        default_factory=list,
        description="Other model files, of MACE and of ACE alike, whose forces are compared with "
        "this potential's while the trajectories run; they change no trajectory.",
    )

    @property
    def options(self) -> Options:
        """The keys that families read."""
        return Options(**{key.name: getattr(self, key.name) for key in fields(Options)})

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> "PotentialTable":
        its, keys, usual = family(self.kind), vars(self.options), vars(Options())
        for key in its.needs:
            if keys[key] is None:
                raise ValueError(f"kind = '{self.kind}' needs the key '{key}'")
        for key, value in keys.items():
            if value != usual[key] and key not in (*its.needs, *its.allows):
                owner = next(each for each in map(family, OWN) if each.needs and key in _keys(each))
                raise ValueError(
                    f"the key '{key}' has no meaning for kind = '{self.kind}'; leave it out, or "
                    f"choose kind = '{owner.name}'"
                )
        return self


def _keys(of: families.Family) -> tuple[str, ...]:
    return (*of.needs, *of.allows)


def open_potential(table: PotentialTable) -> Potential:
    """The potential that the table describes.

    Raises:
        UserError: the file cannot be read or trusted, the calculator is unknown, or what the
            kind needs is not installed.
    """
    return family(table.kind).open(table.options)


def open_committee(table: PotentialTable, potential: Potential) -> Committee | None:
    """The committee that watches, this potential its first member; None where none is asked for.

    Every member is opened as what its file is, whatever the kind of this potential.

    Raises:
        UserError: a member's file cannot be read or trusted.
    """
    if not table.committee:
        return None
    members = [families.beside(table.options, file) for file in table.committee]
    return Committee([potential, *members])


def potential_from_name(
    text: str, trust_pickle: bool = False, head: str | None = None
) -> Potential:
    """The potential that a word of the command line names.

    Args:
        text: a model file, `default`, `analytic`, or `ase:` and the name of a calculator.
        trust_pickle: the user trusts where a pickled file came from.
        head: name of the head of a `.model` that has several.

    Raises:
        UserError: nothing of that name can be opened, or it has no heads.
    """
    if head is not None and Path(text).suffix != ".model":
        raise UserError(f"--head {head}: '{text}' is not a .model, and has no heads; leave it out")
    if text in ("default", "analytic"):
        return family(text).open(Options())
    if text.startswith("ase:") and text != "ase:":
        return family("ase").open(Options(calculator=text.removeprefix("ase:")))
    if not Path(text).is_file():
        raise UserError(
            f"potential '{text}': there is no such file, and it is not one of the names "
            "default, analytic, ase:emt (or ase: and another calculator of ASE)"
        )
    return family_of(Path(text)).open(Options(file=text, trust_pickle=trust_pickle, head=head))
