"""Table `[potential]`: which potential to use, and how it is opened.

What a kind needs (torch, ASE's calculators) is imported only when a potential of it is opened.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from scatter.potentials.base import Potential
from scatter.potentials.committee import Committee
from scatter.settings import Table, UserError

Kind = Literal["default", "analytic", "mace", "ace", "ase"]

SHIPPED = Path(__file__).parents[1] / "models" / "h2_cu.npz"

# The keys that mean something to each kind, besides `kind` itself; the needed ones come first.
NEEDED: dict[str, tuple[str, ...]] = {
    "mace": ("file",), "ace": ("file",), "ase": ("calculator",),
}  # fmt: skip
OPTIONAL: dict[str, tuple[str, ...]] = {
    "default": ("device", "precision"),
    "mace": ("device", "precision", "trust_pickle"),
    "ace": ("device", "precision"),
    "ase": ("parameters",),
}


class PotentialTable(Table):
    """Table `[potential]`: the potential energy surface that the atoms move on."""

    kind: Kind = Field(
        default="default",
        description="`default`: the MACE for hydrogen on copper that ships with scatter; "
        "`analytic`: a qualitative model of the same; `mace` and `ace`: a model file; `ase`: any "
        "calculator of ASE.",
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        description="The model file, for `mace`: a `.model` written by mace-torch, or the "
        "`.npz` that `scatter convert` makes of it; for `ace`: the `.npz` of `scatter fit`, or a "
        "`.yace` file of LAMMPS.",
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
        description="A `.model` file is a pickle, and opening it runs the code inside; true "
        "says that you trust where it came from.",
    )

    committee: list[str] = Field(
        default_factory=list,
        description="Other model files, of MACE and of ACE alike, whose forces are compared with "
        "this potential's while the trajectories run; they change no trajectory.",
    )

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> "PotentialTable":
        needed, optional = NEEDED.get(self.kind, ()), OPTIONAL.get(self.kind, ())
        for key in needed:
            if getattr(self, key) is None:
                raise ValueError(f"kind = '{self.kind}' needs the key '{key}'")
        for key, field in type(self).model_fields.items():
            written = getattr(self, key) != field.get_default(call_default_factory=True)
            if written and key not in ("kind", "committee", *needed, *optional):
                kinds = [kind for kind in NEEDED if key in (*NEEDED[kind], *OPTIONAL.get(kind, ()))]
                raise ValueError(
                    f"the key '{key}' means nothing to kind = '{self.kind}'; "
                    f"leave it out, or choose kind = '{kinds[0]}'"
                )
        return self


def open_potential(table: PotentialTable) -> Potential:
    """The potential that the table describes.

    Raises:
        UserError: the file cannot be read or trusted, the calculator is unknown, or what the
            kind needs is not installed.
    """
    if table.kind == "mace":
        return _open_mace(table)
    if table.kind == "ace":
        return _open_ace(table)
    if table.kind == "ase" and ":" in str(table.calculator):
        from scatter.potentials.own import open_own

        return open_own(str(table.calculator), table.parameters)
    if table.kind == "ase":
        from scatter.potentials.ase import AseCalculator

        return AseCalculator(str(table.calculator), table.parameters)
    if table.kind == "default":
        return _open_folded(SHIPPED, table)
    from scatter.potentials.analytic import Analytic

    return Analytic()


def open_committee(table: PotentialTable, potential: Potential) -> Committee | None:
    """The committee that watches, this potential its first member; None where none is asked for.

    Every member is opened as what its file is, whatever the kind of this potential.

    Raises:
        UserError: a member's file cannot be read or trusted.
    """
    if not table.committee:
        return None
    return Committee([potential, *(_open_member(file, table) for file in table.committee)])


def _open_member(file: str, table: PotentialTable) -> Potential:
    if not Path(file).is_file():
        raise UserError(f"[potential] committee = '{file}': there is no such file")
    kind = _kind_of(Path(file))
    shared = table.model_dump(include={"device", "precision", "trust_pickle"})
    if kind == "ace":
        del shared["trust_pickle"]
        if table.device != "cuda":
            del shared["precision"]  # an ACE has one on the CPU, float64
    try:
        return open_potential(PotentialTable(kind=kind, file=file, **shared))
    except UserError as error:
        text = str(error).replace("[potential] file", "[potential] committee")
        raise UserError(text) from error


def _kind_of(file: Path) -> Literal["mace", "ace"]:
    """What a model file is, by its name and content."""
    from scatter.potentials.ace_file import holds_ace

    return "ace" if file.suffix == ".yace" or holds_ace(file) else "mace"


def potential_from_name(text: str, trust_pickle: bool = False) -> Potential:
    """The potential that a word of the command line names.

    Args:
        text: a model file, `default`, `analytic`, or `ase:` and the name of a calculator.
        trust_pickle: the user trusts where a pickled file came from.

    Raises:
        UserError: nothing of that name can be opened.
    """
    if text == "default":
        return open_potential(PotentialTable())
    if text == "analytic":
        return open_potential(PotentialTable(kind="analytic"))
    if text.startswith("ase:") and text != "ase:":
        return open_potential(PotentialTable(kind="ase", calculator=text.removeprefix("ase:")))
    if not Path(text).is_file():
        raise UserError(
            f"potential '{text}': there is no such file, and it is none of the names "
            "default, analytic, ase:emt (or ase: and another calculator of ASE)"
        )
    if _kind_of(Path(text)) == "ace":
        return open_potential(PotentialTable(kind="ace", file=text))
    return open_potential(PotentialTable(kind="mace", file=text, trust_pickle=trust_pickle))


def _open_ace(table: PotentialTable) -> Potential:
    file = Path(str(table.file))
    if not file.is_file():
        raise UserError(f"[potential] file = '{file}': there is no such file")
    model, embedding = _ace_in(file)
    if table.device == "cuda":
        if embedding is not None:
            raise UserError(
                f"[potential] file = '{file}': a density of its atoms has a power, which the "
                "kernels of a GPU do not compute; leave device out, and it runs on the CPU"
            )
        from scatter.potentials.device.models import AceDevice

        return AceDevice(model, table.precision or "float32", name=file.name)
    if table.precision == "float32":
        raise UserError(
            "[potential] precision = 'float32': on the CPU an ACE is evaluated in double "
            "precision; leave the key out, or set device = 'cuda'"
        )
    from scatter.potentials.ace import Ace

    return Ace(model, file.name, embedding)


def _ace_in(file: Path) -> tuple[Any, Any]:
    """The linear ACE in an `.npz` or a `.yace`, and what it has beyond one."""
    if file.suffix == ".yace":
        from scatter.potentials.yace_read import read_yace

        return read_yace(file)
    from scatter.potentials.ace_file import LinearAce

    return LinearAce.read(file), None


def _open_folded(file: Path, table: PotentialTable) -> Potential:
    """A converted model; "auto" is the CPU, so that the same input gives the same bits anywhere."""
    precision = table.precision or "float32"
    if table.device == "cuda":
        from scatter.potentials.device.models import MaceDevice
        from scatter.potentials.folded import FoldedMace

        return MaceDevice(FoldedMace.read(file), precision, name=file.name)
    from scatter.potentials.mace_fused import MaceFused

    return MaceFused.read(file, precision)


def _open_mace(table: PotentialTable) -> Potential:
    file = Path(str(table.file))
    if not file.is_file():
        raise UserError(f"[potential] file = '{file}': there is no such file")
    if file.suffix == ".npz":
        return _open_folded(file, table)
    if file.suffix != ".model":
        raise UserError(
            f"[potential] file = '{file}': kind = 'mace' reads a .model file of mace-torch, or "
            "the .npz that `scatter convert` makes of it"
        )
    from scatter.potentials.mace import MaceTorch

    return MaceTorch(file, table.device, table.precision or "float32", table.trust_pickle)
