"""The molecule: which diatomic, in which rovibrational states, on which curve V(r)."""

import re
from collections import Counter
from collections.abc import Mapping
from itertools import product
from typing import Annotated

import numpy as np
from ase.data import covalent_radii
from pydantic import Field, field_validator, model_validator

from scatter import ebk
from scatter.initial.rovibrational import RovibrationalState
from scatter.potentials.base import Potential
from scatter.settings import OneOrMany, PositiveFloat, Table, UserError
from scatter.state import lone
from scatter.units import ISOTOPES

QuantumNumber = Annotated[int, Field(ge=0, le=1000)]
Condition = tuple[str, int, int, int | None]  # formula, v, J, m_J
MOST_STATES = 10_000

# Close enough for the levels of a stiff molecule to 1e-6 eV, far enough apart that the rounding
# of a float32 potential (1e-6 eV) hardly bends the curve.
_SPACING = 0.02
_LONGEST = 6.0  # Å
_AT_ONCE = 16  # replicas: what a calculator per slot can bear


def symbols(formula: str) -> tuple[str, str]:
    """The two isotopes of a diatomic: "HD" -> ("H", "D"), "N2" -> ("N", "N").

    Raises:
        ValueError: it is not a diatomic of the isotopes in `scatter.units`.
    """
    match = re.fullmatch(r"([A-Z][a-z]?)(2|[A-Z][a-z]?)", formula)
    pair = (match[1], match[1] if match[2] == "2" else match[2]) if match else ()
    if len(pair) != 2 or not set(pair) <= set(ISOTOPES):
        raise ValueError(
            f'"{formula}" is not a diatomic of {", ".join(ISOTOPES)}; '
            'write it as "H2", "HD" or "CO"'
        )
    return pair


class Molecule(Table):
    """Table `[molecule]`: the diatomic and its rovibrational states.

    The states are every v with every j, or those listed in `states`; every formula is given each
    of them, and every m_J where `mj` is written.
    """

    formula: OneOrMany[str] = Field(
        description='The diatomic, as "H2", "HD", "D2", "N2" or "HCl"; one formula or a list. '
        "D and T are isotopes of H; other symbols mean the most abundant isotope.",
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
    masses_amu: dict[str, PositiveFloat] = Field(
        default_factory=dict,
        description="Masses that replace the isotopes' own, amu, such as {H = 1.00794}.",
    )

    @field_validator("formula")
    @classmethod
    def _diatomic(cls, formulas: list[str]) -> list[str]:
        if len({frozenset(symbols(formula)) for formula in formulas}) < len(formulas):
            raise ValueError("names the same molecule twice; name each once")
        return formulas

    @model_validator(mode="after")
    def _states(self) -> "Molecule":
        if (self.states is None) == (self.v is None and self.j is None):
            raise ValueError("give either both v and j, or states = [[v, j], ...]")
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

    @model_validator(mode="after")
    def _projections(self) -> "Molecule":
        for _, _, J, m_J in self.conditions:
            if m_J is not None and abs(m_J) > J:
                raise ValueError(
                    f"mj = {m_J} is impossible for j = {J}; "
                    "every mj must lie between -j and j of every state"
                )
        return self

    @model_validator(mode="after")
    def _no_state_twice(self) -> "Molecule":
        (condition, count), *_ = Counter(self.conditions).most_common(1)
        if count > 1:
            formula, v, J, _ = condition
            raise ValueError(f"{formula} with v = {v}, j = {J} is named twice; name it once")
        return self

    @model_validator(mode="after")
    def _masses_of_its_own(self) -> "Molecule":
        present = {symbol for formula in self.formula for symbol in symbols(formula)}
        for symbol in self.masses_amu:
            if symbol not in present:
                raise ValueError(
                    f"masses_amu names {symbol}, which is in no formula; "
                    f"formula has {', '.join(sorted(present))}"
                )
        return self

    @property
    def conditions(self) -> list[Condition]:
        """Every (formula, v, J, m_J) once, the last varying fastest; m_J is None if isotropic."""
        states = self.states or list(product(self.v or [], self.j or []))
        projections = self.mj or [None]
        return [
            (formula, v, J, m_J)
            for formula, (v, J), m_J in product(self.formula, states, projections)
        ]

    def state(self, condition: Condition, curve: ebk.Curve) -> RovibrationalState:
        """The state of one condition, ready to be drawn from.

        Args:
            condition: one of `conditions`.
            curve: V(r) of its formula, from `bond_curve`.

        Raises:
            UserError: the potential does not bind it.
        """
        formula, v, J, m_J = condition
        (_, first), (_, second) = isotopes(formula, self.masses_amu)
        try:
            return RovibrationalState(v, J, m_J, (first, second), curve)
        except ebk.Unbound as error:
            raise UserError(
                f"[molecule] formula = {formula!r}, v = {v}, j = {J}: {error}; choose a lower state"
            ) from error


def isotopes(
    formula: str, masses: Mapping[str, float]
) -> tuple[tuple[int, float], tuple[int, float]]:
    """Atomic number and mass (amu) of each atom of a diatomic.

    Args:
        formula: such as "HD".
        masses: what replaces the isotopes' own masses, by symbol, amu.
    """
    (Z1, m1), (Z2, m2) = (ISOTOPES[symbol] for symbol in symbols(formula))
    first, second = symbols(formula)
    return (Z1, masses.get(first, m1)), (Z2, masses.get(second, m2))


def bond_curve(potential: Potential, first: int, second: int) -> ebk.Curve:
    """V(r) of an isolated diatomic, sampled from a potential.

    From half the sum of the covalent radii (0.31 Å for H2), within which a machine-learned V has
    never been taught anything, to 6 Å, or to where the atoms no longer feel each other. Levels
    are good to 1e-6 eV.

    Args:
        potential: that of the dynamics.
        first: atomic number of one atom.
        second: atomic number of the other.

    Raises:
        UserError: the potential does not know the elements, does not bind them, or is not finite.
    """
    shortest = 0.5 * (covalent_radii[first] + covalent_radii[second])
    longest = min(potential.cutoff, _LONGEST)
    r = np.linspace(shortest, longest, round((longest - shortest) / _SPACING) + 1)
    positions = np.zeros((len(r), 2, 3))
    positions[:, 1, 2] = r
    evaluator = potential.bind(lone(first, second), _AT_ONCE)
    energies = [
        np.asarray(evaluator.begin(np.arange(len(some)), some)[0], dtype=np.float64)
        for some in np.split(positions, range(_AT_ONCE, len(r), _AT_ONCE))
    ]
    V = np.concatenate(energies)
    if not np.isfinite(V).all():
        raise UserError(
            f"[potential]: {potential.description} gives {V[~np.isfinite(V)][0]} for two atoms "
            f"{r[~np.isfinite(V)][0]:.2f} Å apart (atomic numbers {first}, {second})"
        )
    try:
        return ebk.Curve(r, V)
    except ebk.Unbound as error:
        raise UserError(
            f"[potential]: {potential.description} does not bind the molecule with atomic numbers "
            f"{first}, {second}: {error}"
        ) from error
