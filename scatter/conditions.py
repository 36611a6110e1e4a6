"""The conditions of a point, each declared once: its column, its words, its axis, its option.

All that stores, chooses, writes, says or draws a condition takes it from `CONDITIONS`. Those of a
projectile's internal state apply to some projectiles only: a diatomic has v, J and mJ, a polyatomic
a `state`, an atom neither. Those of incidence do not apply to what begins adsorbed, whose state is
`ADSORBED`. What does not apply is None, or 0 for a number of incidence, and is neither stored nor
said.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import isnan, nan
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar, get_type_hints

if TYPE_CHECKING:  # a run needs no table, and can start without pandas
    import pandas as pd

Value = str | float | int | None
Row = TypeVar("Row")


class Axis(NamedTuple):
    """A condition that curves may run along.

    Attributes:
        rank: the condition of lowest rank that varies is the one that was scanned.
        label: of the axis.
        about: half of what is shown around a single point.
    """

    rank: int
    label: str
    about: float


@dataclass(frozen=True)
class Condition:
    """How one condition is stored, chosen and said.

    Attributes:
        kind: of NumPy, or "str".
        unit: "" where there is none.
        meaning: in words, for the reference of the results.
        heading: of its column in a terminal; conditions with one heading share a column.
        said: what its value is put into.
        drawn: the same in figures; "": alike.
        zero: what 0 is called, if it has a name.
        unchosen: what None is called; "": it is always chosen.
        written: what None is in `sticking.csv`.
        option: of the command line that chooses it among the points to average.
        axis: if curves may run along it.
        of: what it is a part of, in `PARTS`; "": of every point.
    """

    kind: str
    unit: str
    meaning: str
    heading: str
    words: str = "{}"
    drawn: str = ""
    zero: str = ""
    unchosen: str = ""
    written: str = ""
    option: str = ""
    axis: Axis | None = None
    of: str = ""


@dataclass(frozen=True)
class Conditions:
    """What the trajectories of one point have in common; `CONDITIONS` says what each means."""

    facet: Annotated[str, Condition("str", "", "label of the surface", "surface", option="--facet")]
    T_K: Annotated[
        float,
        Condition(
            *("f8", "K", "surface temperature", "T", "{} K"),
            option="--temperature",
            axis=Axis(3, "Surface temperature (K)", 150.0),
        ),
    ]
    molecule: Annotated[
        str,
        Condition(
            *("str", "", "formula; D and T are isotopes of hydrogen", "state"),
            option="--molecule",
        ),
    ]
    v: Annotated[
        int | None,
        Condition(*("u2", "", "vibrational quantum number", "state", "v = {}", "$v$ = {}"), of="v"),
    ]
    J: Annotated[
        int | None,
        Condition(*("u2", "", "rotational quantum number", "state", "J = {}", "$J$ = {}"), of="v"),
    ]
    mJ: Annotated[
        float | None,
        Condition(
            *("f8", "", "chosen projection of J on the surface normal; NaN when isotropic"),
            *("mJ", "m_J = {}", "$m_J$ = {}"),
            unchosen="isotropic",
            of="v",
        ),
    ]
    energy_eV: Annotated[
        float,
        Condition(
            *("f8", "eV", "incidence energy", "energy", "{} eV"),
            of="incidence",
            axis=Axis(1, "Incidence energy (eV)", 0.25),
        ),
    ]
    polar_deg: Annotated[
        float,
        Condition(
            *("f8", "°", "angle of incidence from the normal", "polar"),
            *("polar {}°", r"$\theta$ = {}°"),
            zero="normal incidence",
            of="incidence",
            option="--polar",
            axis=Axis(2, "Polar angle of incidence (°)", 15.0),
        ),
    ]
    azimuth_deg: Annotated[
        float | None,
        Condition(
            *("f8", "°", "direction of flight, from the first lattice vector; NaN if random"),
            *("azimuth", "azimuth {}°", r"$\phi$ = {}°"),
            unchosen="random azimuth",
            written="random",
            option="--azimuth",
            of="incidence",
        ),
    ]
    state: Annotated[
        str | None,
        Condition(
            *("str", "", "internal state of a polyatomic molecule, in words, or adsorbed", "state"),
            of="state",
        ),
    ] = field(default=None, kw_only=True)


CONDITIONS: dict[str, Condition] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Conditions, include_extras=True).items()
}
STATE = ("v", "J", "mJ", "state")  # those of the projectile's internal state
ADSORBED = "adsorbed"  # state of a projectile that begins on the surface
PARTS = {  # kind of projectile -> see `Condition.of`
    "atom": ("incidence",),
    "diatomic": ("v", "incidence"),
    "polyatomic": ("state", "incidence"),
    ADSORBED: ("state",),
    "desorption": (),
}
OF_KIND = {
    kind: tuple(name for name, condition in CONDITIONS.items() if condition.of in ("", *parts))
    for kind, parts in PARTS.items()
}
# What stands in conditions that do not apply.
ABSENT: dict[str, Any] = {**dict.fromkeys(CONDITIONS), "energy_eV": nan, "polar_deg": nan}


def kind_of(row: Conditions) -> str:
    """The kind of projectile that conditions are of, of `OF_KIND`; or "desorption"."""
    if row.state == ADSORBED:
        return ADSORBED
    if isnan(row.energy_eV):
        return "desorption"
    if row.v is not None:
        return "diatomic"
    return "atom" if row.state is None else "polyatomic"


def applying(row: Conditions) -> tuple[str, ...]:
    """The conditions that apply to a row's projectile."""
    return OF_KIND[kind_of(row)]


def condition_columns(names: Iterable[str] = CONDITIONS) -> Iterator[tuple[str, str, str, str]]:
    """Name, kind, unit and meaning of conditions, as of the columns of a table."""
    for name in names:
        condition = CONDITIONS[name]
        yield name, condition.kind, condition.unit, condition.meaning


def grouped(
    rows: Iterable[Row], *free: str, of: Callable[[Row], Any] = lambda row: row
) -> list[list[Row]]:
    """Rows that agree in all conditions but the free ones, in the order of the first of each group.

    Args:
        rows: with conditions as their attributes.
        free: conditions that may differ.
        of: what has the conditions of a row, if it is not the row itself.
    """
    groups: dict[tuple[Value, ...], list[Row]] = {}
    for row in rows:
        fixed = tuple(getattr(of(row), name) for name in CONDITIONS if name not in free)
        groups.setdefault(fixed, []).append(row)
    return [*groups.values()]


def tables_of(table: "pd.DataFrame", *free: str) -> "list[pd.DataFrame]":
    """Parts of a long table that agree in all conditions but the free ones, in order of coming."""
    fixed = [name for name in CONDITIONS if name in table and name not in free]
    return [part for _, part in table.groupby(fixed, sort=False, dropna=False)] if fixed else []
