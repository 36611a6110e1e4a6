"""What a campaign fires: its projectiles by formula, made of its input and its potentials."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from scatter.campaign.apart import Placed
from scatter.campaign.parts import Parts
from scatter.campaign.ranks import Ranks
from scatter.campaign.thermal import Say
from scatter.columns import Column
from scatter.config import Input
from scatter.dynamics.guards import bounds_of
from scatter.initial.adsorbed import Adsorbed
from scatter.initial.atom import Atom
from scatter.initial.bond_curve import bond_curve
from scatter.initial.formulas import atoms_of, isotopes
from scatter.initial.incidence import DIVIDE_A
from scatter.initial.lone_molecule import LoneMolecule, from_atoms, from_formula
from scatter.initial.molecule import Condition, Molecule, RovibrationalState
from scatter.initial.normal_modes import NormalModes, normal_modes
from scatter.initial.polyatomic import Polyatomic
from scatter.initial.pools import POINTS, Sampling
from scatter.initial.projectile import Diatomic, Projectile
from scatter.initial.quantised import Internal, Quantised
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.state import lone
from scatter.structures import read_structure

Fired = dict[str, Projectile]  # by formula


def fired_by(
    input: Input,
    potential: Potential,
    starts: Potential,
    parts: Parts,
    ranks: Ranks,
    say: Say,
) -> tuple[Fired, list[Placed]]:
    """What the campaign fires, and how far each reaches where it begins.

    Args:
        input: of the campaign.
        potential: that final states are measured on.
        starts: that internal states are made on; often the same.
        parts: of the user's own.
        ranks: all of them must call this.
        say: tells the user what takes long.

    Raises:
        UserError: a potential does not know an element, or does not hold a state.
    """
    formulas = input.molecule.formula
    if input.incidence.adsorbed:
        begun = {f: ranks.share(lambda f=f: adsorbed(input, f, potential)) for f in formulas}
        return {**begun}, [
            Placed.at_rest(fragment.numbers, fragment.geometry) for fragment in begun.values()
        ]
    if input.molecule.kind == "diatomic":
        diatomics = ranks.share(lambda: diatomics_of(input, potential, starts))
        placed = [
            Placed.of(diatomic.numbers, diatomic.masses, longest)
            for diatomic in diatomics.values()
            for longest in [state.level.outer for state in diatomic.states.values()]
            or [input.incidence.divide_A or DIVIDE_A]
        ]
        return projectiles(diatomics, parts), placed
    fired: dict[str, Atom | Polyatomic] = {}
    for formula in formulas:
        if input.molecule.kind == "atom":
            fired[formula] = atom_of(input, formula, potential)
            continue
        modes, quantised = ranks.share(lambda f=formula: quantise(input, f, potential, starts, say))
        states = internal_states(input, len(quantised.modes))
        fired[formula] = Polyatomic(quantised, potential, states, modes)
    return {**fired}, [
        Placed.at_rest(fragment.numbers, fragment.geometry) for fragment in fired.values()
    ]


def adsorbed(input: Input, formula: str, potential: Potential) -> Adsorbed:
    """What begins on the surface; a molecule with the normal modes that it will be measured by.

    Raises:
        UserError: the potential does not know an element, or does not hold the molecule.
    """
    refuse_unknown(potential, formula, [number for number, _ in atoms_of(formula, {})])
    molecule = lone_molecule(input.molecule, formula)
    if len(molecule.numbers) == 1:
        return Adsorbed(molecule, None, potential)
    modes = normal_modes(molecule, potential)
    return Adsorbed(replace(molecule, positions=modes.positions), modes, potential)


def quantise(
    input: Input, formula: str, potential: Potential, starts: Potential, say: Say
) -> tuple[NormalModes | None, Quantised]:
    """A polyatomic's phase points on `starts`; its modes on `potential`, if that is another.

    Raises:
        UserError: a potential does not know an element, or does not hold the molecule or a state.
    """
    table = input.molecule
    for each in (potential, starts):
        refuse_unknown(each, formula, [number for number, _ in atoms_of(formula, {})])
    molecule = lone_molecule(table, formula)
    modes = normal_modes(molecule, starts)
    internals = [*internal_states(input, len(modes)).values()]
    method, points = table.sampling or "adiabatic-switching", table.phase_points or POINTS
    sampling = Sampling(method, points, seed=input.run.seed)
    quantised = Quantised.of(molecule, starts, internals, sampling, say, modes)
    return (None if potential is starts else normal_modes(molecule, potential)), quantised


def lone_molecule(table: Molecule, formula: str) -> LoneMolecule:
    """The atoms of a polyatomic where they are at first.

    Raises:
        UserError: the file of its geometry cannot be read, or holds other atoms.
    """
    if table.geometry is None:
        return from_formula(formula, table.masses_amu)
    atoms = atoms_of(formula, table.masses_amu)
    frame = read_structure(Path(table.geometry), "[molecule] geometry")
    if frame.numbers.tolist() != [number for number, _ in atoms]:
        raise UserError(
            f"[molecule] geometry = '{table.geometry}': holds {frame.get_chemical_formula()}, and "
            f"formula = '{formula}' lists other atoms, or in another order"
        )
    frame.set_array("masses", np.array([mass for _, mass in atoms]), float, ())
    return from_atoms(frame)


def internal_states(input: Input, modes: int) -> dict[str, Internal]:
    """The internal states of the campaign's polyatomics, by the words that points have.

    Raises:
        UserError: [molecule] modes names one that the molecule does not have.
    """
    table = input.molecule
    states = {}
    for words, vibration, J in table.internals:
        quanta = None
        if isinstance(vibration, dict):
            if beyond := [key for key in vibration if int(key) > modes]:
                raise UserError(
                    f"[molecule] modes names mode {beyond[0]}, and {table.formula[0]} has {modes}; "
                    "`scatter levels` lists them"
                )
            quanta = tuple(vibration.get(str(k + 1), 0) for k in range(modes))
        kelvin = None if isinstance(vibration, dict) else vibration
        states[words] = Internal(quanta, kelvin, J, table.k, table.rotation_K)
    return states


def of_molecules(fired: Mapping[str, Projectile]) -> list[Column]:
    """The columns of molecules: how they begin, and what is measured of those in the gas."""
    molecules = [each for each in fired.values() if isinstance(each, Polyatomic | Adsorbed)]
    columns = [column for each in molecules for column in (*each.columns, *each.measured)]
    return [*dict.fromkeys(columns)]


def atom_of(input: Input, formula: str, potential: Potential) -> Atom:
    """A single atom.

    Raises:
        UserError: the potential does not know the element.
    """
    (number, mass), *_ = atoms_of(formula, input.molecule.masses_amu)
    refuse_unknown(potential, formula, [number])
    return Atom((number,), np.array([mass]))


def refuse_unknown(potential: Potential, formula: str, numbers: Sequence[int]) -> None:
    """Raise UserError if a potential does not know the elements of a projectile."""
    if not {*numbers} <= potential.elements:
        raise UserError(
            f"[molecule] formula = '{formula}': the potential ({potential.description}) does "
            "not know this molecule's elements; choose another [potential]"
        )


def projectiles(diatomics: dict[str, Diatomic], parts: Parts) -> dict[str, Projectile]:
    """What is fired, of the kind that the parts say."""
    return {
        formula: parts.projectile(
            diatomic.numbers, diatomic.masses, diatomic.curve, diatomic.states
        )
        for formula, diatomic in diatomics.items()
    }


def diatomics_of(input: Input, potential: Potential, starts: Potential) -> dict[str, Diatomic]:
    """Every molecule of the campaign with its states.

    Args:
        input: of the campaign.
        potential: that final states are measured on.
        starts: that the states are quantised on; often the same.

    Raises:
        UserError: a potential does not know an element of it, or does not hold a state; or
            trajectories are to go on beyond the longest bond that the potential knows.
    """
    measured = curves_of(input, potential)
    for diatomic in measured.values():
        bounds_of(potential.domain, input.guards, input.stop, lone(*diatomic.numbers))
    begun = measured if starts is potential else curves_of(input, starts)
    states = find_states(input, begun)
    return {
        formula: replace(
            diatomic, states={key[1:4]: state for key, state in states.items() if key[0] == formula}
        )
        for formula, diatomic in measured.items()
    }


def curves_of(input: Input, potential: Potential) -> dict[str, Diatomic]:
    """Every molecule of the campaign on this potential, without states yet.

    Raises:
        UserError: the potential does not know one of its elements.
    """
    diatomics = {}
    for formula in input.molecule.formula:
        (z1, m1), (z2, m2) = isotopes(formula, input.molecule.masses_amu)
        refuse_unknown(potential, formula, (z1, z2))
        diatomics[formula] = Diatomic((z1, z2), np.array([m1, m2]), bond_curve(potential, z1, z2))
    return diatomics


def find_states(
    input: Input, diatomics: dict[str, Diatomic]
) -> dict[Condition, RovibrationalState]:
    """The quantised states of the campaign.

    Raises:
        UserError: the potential's curve does not hold one, or it reaches the bond of dissociation
            by its vibration alone.
    """
    states = {}
    for condition in input.molecule.conditions if input.molecule.quantised else ():
        formula, v, J, *_ = condition
        state = input.molecule.state(condition, diatomics[formula].curve)
        if state.level.outer >= input.stop.dissociated_A:
            raise UserError(
                f"[stop] dissociated_A = {input.stop.dissociated_A:g}: {formula} with v = {v}, "
                f"j = {J} stretches to {state.level.outer:.2f} Å by itself; choose a lower state, "
                "or a longer bond"
            )
        states[condition] = state
    return states
