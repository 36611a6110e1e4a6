"""The kinds of models: how a file of each is recognised, read, and evaluated on a CPU or a GPU.

Scatter's own stand in `OWN`. An installed package adds one by an entry point of the group
`scatter.potentials`, which is named as the `kind` in `[potential]` and points to a subclass of
`Family`. A family is imported when its kind, or a file, is asked for; NumPy alone is needed here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, ClassVar, Literal

from scatter.errors import UserError
from scatter.potentials.base import Potential

GROUP = "scatter.potentials"
OWN = {
    name: EntryPoint(name, value, GROUP)
    for name, value in {
        "default": "scatter.mace.family:Shipped",
        "analytic": "scatter.potentials.kinds:AnalyticFamily",
        "mace": "scatter.mace.family:MaceFamily",
        "ace": "scatter.ace.family:AceFamily",
        "ase": "scatter.potentials.kinds:AseFamily",
    }.items()
}
SHIPPED = Path(__file__).parents[1] / "models" / "h2_cu.npz"


@dataclass(frozen=True)
class Options:
    """The keys of `[potential]` that families read; `docs/input.md` says what each means."""

    file: str | None = None
    calculator: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["float32", "float64"] | None = None
    trust_pickle: bool = False
    head: str | None = None


class Family:
    """A kind of model; one of your own is a subclass with `suffixes`, `read` and `on`.

    Attributes:
        name: the `kind` in `[potential]`, which the entry point gives.
        needs: keys of `[potential]` that must be there; see `Options`.
        allows: keys that may be there.
        suffixes: of its files.
        on: by place ("cpu", "cuda"), what makes a `Potential` of a model: called with what `read`
            answers, "float32" or "float64", and `name=`, the file's name. A `DevicePotential` on
            "cuda" runs under `python -m scatter.gpu` too.
    """

    name: str
    needs: ClassVar[tuple[str, ...]] = ("file",)
    allows: ClassVar[tuple[str, ...]] = ("device", "precision")
    suffixes: ClassVar[tuple[str, ...]] = ()
    on: ClassVar[Mapping[str, Callable[..., Potential]]] = {}

    def holds(self, file: Path) -> bool:
        """Whether a file holds a model of this kind, well or badly; nothing in it is run."""
        return file.suffix in self.suffixes

    def read(self, file: Path) -> Any:
        """The model in a file; nothing in it is run.

        Raises:
            UserError: the file holds no such model.
        """
        raise NotImplementedError

    def file(self, options: Options) -> Path:
        """The model's file.

        Raises:
            UserError: there is no such file.
        """
        file = Path(str(options.file))
        if not file.is_file():
            raise UserError(f"[potential] file = '{file}': there is no such file")
        return file

    def open(self, options: Options) -> Potential:
        """The potential that the options describe; "auto" is the CPU.

        Raises:
            UserError: the file cannot be read, or no model of this kind runs on that device.
        """
        file, place = self.file(options), "cuda" if options.device == "cuda" else "cpu"
        if place not in self.on:
            raise UserError(
                f"[potential] device = '{place}': a model of kind = '{self.name}' runs on "
                f"{' or '.join(self.on)} only; set device to that"
            )
        return self.on[place](self.read(file), options.precision or "float32", name=file.name)

    def may_use_gpu(self, options: Options) -> bool:
        """Whether a potential that the options describe may take a GPU of this machine."""
        return options.device == "cuda"

    def beside(self, options: Options, file: str) -> Options:
        """Options of another model, in a file, that is evaluated beside a potential."""
        shared = {"device", "precision", "trust_pickle"} & set(self.allows)
        return Options(file=file, **{key: getattr(options, key) for key in shared})


def kinds() -> Iterator[EntryPoint]:
    """All kinds that there are, scatter's own first."""
    yield from OWN.values()
    yield from (entry for entry in entry_points(group=GROUP) if entry.name not in OWN)


@cache
def family(kind: str) -> Family:
    """The family of a kind.

    Raises:
        UserError: no kind has that name, or the package that has it cannot be imported.
    """
    entry = OWN.get(kind) or next((entry for entry in kinds() if entry.name == kind), None)
    if entry is None:
        names = ", ".join(entry.name for entry in kinds())
        raise UserError(f"[potential] kind = '{kind}': is not one of {names}")
    try:
        made = entry.load()()
    except Exception as error:  # somebody else's code fails in any way
        raise UserError(
            f"[potential] kind = '{kind}': {entry.value} cannot be imported ({error}); fix or "
            f"remove the package that provides it"
        ) from error
    if not isinstance(made, Family):
        raise UserError(
            f"[potential] kind = '{kind}': {entry.value} is not a subclass of "
            "scatter.potentials.families.Family; fix or remove the package that provides it"
        )
    made.name = kind
    return made


def family_of(file: Path) -> Family:
    """The family of the model in a file, by its name and content; MACE where no family holds it."""
    all_kinds = (family(entry.name) for entry in kinds())
    return next((each for each in all_kinds if each.holds(file)), family("mace"))


def beside(options: Options, file: str) -> Potential:
    """Another model in a file, opened as what it is, on the device of a potential.

    Raises:
        UserError: there is no such file, or it cannot be read or trusted.
    """
    if not Path(file).is_file():
        raise UserError(f"[potential] committee = '{file}': there is no such file")
    its = family_of(Path(file))
    try:
        return its.open(its.beside(options, file))
    except UserError as error:
        text = str(error).replace("[potential] file", "[potential] committee")
        raise UserError(text) from error
