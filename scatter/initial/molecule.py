"""The molecule: which diatomic, in which rovibrational states, on which curve V(r)."""

import re
from collections import Counter
from itertools import product
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from scatter import ebk
from scatter.initial.formulas import atom_symbols, isotopes, kind_of
from scatter.initial.rovibrational import RovibrationalState
from scatter.settings import OneOrMany, PositiveFloat, Table, UserError

QuantumNumber = Annotated[int, Field(ge=0, le=1000)]
Quanta = Annotated[int, Field(ge=0, le=50)]
OF_DIATOMICS = ("v", "j", "mj", "states")
OF_POLYATOMICS = "modes vibration_K j k rotation_K sampling phase_points geometry".split()
MOST_STATES = 10_000
EITHER = "give either both v and j, or states = [[v, j], ...]"


class Condition(NamedTuple):
    """A projectile in an internal state, of `scatter.conditions`; what does not apply is None."""

    formula: str
    v: int | None = None
    J: int | None = None
    mJ: int | None = None
    state: str | None = None


class Molecule(Table):
    """Table `[molecule]`: the projectile, and its internal states.

    An atom has none. The states of a diatomic are every v with every j, or those listed in
    `states`; every formula is given each of them, and every m_J where `mj` is written.
    """

    formula: OneOrMany[str] = Field(
        description='The projectile, as "H", "H2", "HD", "HCl" or "CHD3"; one formula or a list, '
        "all of them atoms, all diatomics or all polyatomics. D and T are isotopes of H; other "
        "symbols mean the most abundant isotope.",
    )
    v: OneOrMany[QuantumNumber] | None = Field(
        default=None, description="Vibrational quantum number; one value or a list."
    )
    j: OneOrMany[QuantumNumber] | None = Field(
        default=None, description="Rotational quantum number J; one value or a list."
    )
    mj: OneOrMany[int] | None = Field(
        default=None,
        description="Projection of J on the surface normal, from -j to j; one value or a list. "
        "Without it, the orientation is isotropic.",
    )
    states: (
        Annotated[
            list[Annotated[list[QuantumNumber], Field(min_length=2, max_length=2)]],
            Field(min_length=1),
        ]
        | None
    ) = Field(default=None, description="Pairs [v, j], such as [[0, 1], [1, 1]]; excludes v and j.")
    modes: OneOrMany[dict[str, Quanta]] | None = Field(
        default=None,
        description="For polyatomics: quanta of the normal modes, in order of frequency, such as "
        '{"1" = 1}; those left out have none. One state or a list; by default the ground state.',
    )
    vibration_K: OneOrMany[PositiveFloat] | None = Field(
        default=None,
        description="For polyatomics, in place of modes: quanta by Boltzmann at this temperature "
        "(of a nozzle), drawn for each trajectory; one value or a list.",
    )
    k: int | None = Field(
        default=None,
        description="For a symmetric top: angular momentum along its axis, ħ, from -j to j; "
        "without "
        "it, uniform among them.",
    )
    rotation_K: PositiveFloat | None = Field(
        default=None,
        description="For polyatomics, in place of j: rotation by Boltzmann at this temperature.",
    )
    sampling: Literal["adiabatic-switching", "normal-modes"] | None = Field(
        default=None,
        description='For polyatomics: "adiabatic-switching" makes quantised phase points on the '
        'potential, which is usual; "normal-modes" leaves them harmonic, as in older literature.',
    )
    phase_points: Annotated[int, Field(gt=0, le=1_000_000)] | None = Field(
        default=None,
        description="For polyatomics: phase points of each vibrational state, of which every "
        "trajectory draws one; by default 1024.",
    )
    geometry: str | None = Field(
        default=None,
        min_length=1,
        description="For polyatomics: file with the atoms in the formula's order, relaxed on the "
        "potential; by default ASE's geometry of that formula is.",
    )
    masses_amu: dict[str, PositiveFloat] = Field(
        default_factory=dict,
        description="Masses that replace the isotopes' own, amu, such as {H = 1.00794}.",
    )

    @field_validator("modes")
    @classmethod
    def _modes_by_number(cls, states: list[dict[str, int]] | None) -> list[dict[str, int]] | None:
        for mode in (mode for state in states or () for mode in state):
            if not re.fullmatch("[1-9][0-9]{0,2}", mode):
                raise ValueError(
                    f'names mode "{mode}"; modes are counted from 1 on in order of frequency, as '
                    'in {"1" = 1}'
                )
        return states

    @field_validator("formula")
    @classmethod
    def _one_kind(cls, formulas: list[str]) -> list[str]:
        if len({tuple(sorted(atom_symbols(formula))) for formula in formulas}) < len(formulas):
            raise ValueError("names the same molecule twice; name each once")
        if len(kinds := {kind_of(formula): formula for formula in formulas}) > 1:
            named = " and ".join(f"{formula} ({kind})" for kind, formula in kinds.items())
            raise ValueError(f"mixes {named}; run a separate campaign for each kind")
        return formulas

    @model_validator(mode="after")
    def _states(self) -> "Molecule":
        self._refuse_keys_of_others()
        if self.kind != "diatomic" or not self.quantised:
            return self
        if self.states is not None and (self.v is not None or self.j is not None):
            raise ValueError(EITHER)
        if self.states is None and (self.v is None or self.j is None):
            missing = "v" if self.v is None else "j"
            raise ValueError(f"{missing} is missing; give both v and j, or states = [[v, j], ...]")
        pairs = len(self.states or ()) or len(self.v or ()) * len(self.j or ())
        if (count := len(self.formula) * pairs * len(self.mj or [0])) > MOST_STATES:
            raise ValueError(
                f"{count:,} combinations of formula, v, j and mj; at most {MOST_STATES:,} are one "
                "campaign, so divide it"
            )
        return self

    @property
    def of_states(self) -> list[str]:
        """The keys that say in which state it begins, of those that are given."""
        names = (*OF_DIATOMICS, *OF_POLYATOMICS)
        return [name for name in names if name != "geometry" and getattr(self, name) is not None]

    def _refuse_keys_of_others(self) -> None:
        """Every key is of some kinds of projectile, and is not said of others."""
        own = {"atom": (), "diatomic": OF_DIATOMICS, "polyatomic": OF_POLYATOMICS}[self.kind]
        for key in (*OF_DIATOMICS, *OF_POLYATOMICS):
            if key not in own and getattr(self, key) is not None:
                of = "diatomics" if key in OF_DIATOMICS else "polyatomics"
                raise ValueError(
                    f"{key} applies to {of} only, and {self.formula[0]} is not one of them; "
                    f"remove it"
                )
        if self.modes is not None and self.vibration_K is not None:
            raise ValueError("modes and vibration_K both say how it vibrates; give one")
        if self.kind == "polyatomic" and self.j is not None and self.rotation_K is not None:
            raise ValueError("j and rotation_K both say how it rotates; give one")

    @model_validator(mode="after")
    def _projections(self) -> "Molecule":
        for _, _, J, m_J, _ in self.conditions:
            if m_J is not None and J is not None and abs(m_J) > J:
                raise ValueError(
                    f"mj = {m_J} is impossible for j = {J}; "
                    "every mj must lie between -j and j of every state"
                )
        return self

    @model_validator(mode="after")
    def _no_state_twice(self) -> "Molecule":
        for (formula, v, J, *_), count in Counter(self.conditions).items():
            if count > 1:
                raise ValueError(f"{formula} with v = {v}, j = {J} is named twice; name it once")
        return self

    @model_validator(mode="after")
    def _masses_of_its_own(self) -> "Molecule":
        present = {symbol for formula in self.formula for symbol in atom_symbols(formula)}
        for symbol in self.masses_amu:
            if symbol not in present:
                raise ValueError(
                    f"masses_amu names {symbol}, which is in no formula; "
                    f"formula has {', '.join(sorted(present))}"
                )
        return self

    @property
    def kind(self) -> str:
        """What all formulas are: "atom", "diatomic" or "polyatomic"."""
        return kind_of(self.formula[0])

    @property
    def quantised(self) -> bool:
        """Whether states of a diatomic are named; where it begins in none, they are not."""
        return not (self.v is None and self.j is None and self.states is None)

    @property
    def conditions(self) -> list[Condition]:
        """Every internal state of every formula once, the last part varying fastest."""
        if self.kind == "atom" or (self.kind == "diatomic" and not self.quantised):
            return [Condition(formula) for formula in self.formula]
        if self.kind == "polyatomic":
            words = [words for words, *_ in self.internals]
            return [Condition(f, state=state) for f in self.formula for state in words]
        states = self.states or list(product(self.v or [], self.j or []))
        projections = self.mj or [None]
        return [
            Condition(formula, v, J, m_J)
            for formula, (v, J), m_J in product(self.formula, states, projections)
        ]

    @property
    def internals(self) -> list[tuple[str, dict[str, int] | float, int | None]]:
        """Internal states of polyatomics: in words, quanta by mode or a temperature, and J."""
        vibrations: list[tuple[str, dict[str, int] | float]] = [
            (f"T_vib = {kelvin:g} K", kelvin) for kelvin in self.vibration_K or ()
        ]
        for quanta in self.modes or [{}] * (not vibrations):
            excited = sorted((int(mode), n) for mode, n in quanta.items() if n)
            words = ", ".join(f"n{mode} = {n}" for mode, n in excited) or "ground state"
            vibrations.append((words, {str(mode): n for mode, n in excited}))
        along = "" if self.k is None else f", K = {self.k}"
        rotations = [(f"J = {J}{along}", J) for J in self.j or [0]]
        if self.rotation_K is not None:
            rotations = [(f"T_rot = {self.rotation_K:g} K", None)]
        return [
            (f"{vibration}, {rotation}", state, J)
            for vibration, state in vibrations
            for rotation, J in rotations
        ]

    def state(self, condition: Condition, curve: ebk.Curve) -> RovibrationalState:
        """The state of one condition, ready to be drawn from.

        Args:
            condition: one of `conditions`.
            curve: V(r) of its formula, from `bond_curve`.

        Raises:
            UserError: the potential does not bind it.
        """
        formula, v, J, m_J, _ = condition
        assert v is not None
        assert J is not None
        (_, first), (_, second) = isotopes(formula, self.masses_amu)
        try:
            return RovibrationalState(v, J, m_J, (first, second), curve)
        except ebk.Unbound as error:
            raise UserError(
                f"[molecule] formula = {formula!r}, v = {v}, j = {J}: {error}; choose a lower state"
            ) from error
