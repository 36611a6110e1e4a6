"""Commands about quanta: `scatter levels` of a molecule, `scatter zero-point` of a campaign."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scatter.cli.words import Head, PotentialName, Trust, app
from scatter.errors import UserError

if TYPE_CHECKING:
    from scatter.initial.normal_modes import NormalModes
    from scatter.initial.pools import Sampling
    from scatter.potentials.base import Potential

V, J, POINTS = 2, 5, 256  # by default


@app.command()
def levels(
    formula: Annotated[str, typer.Argument(help="A molecule, such as H2, HD, CH4 or CHD3.")],
    potential: PotentialName = "default",
    v: Annotated[
        int | None, typer.Option(min=0, help=f"Highest v of a diatomic, by default {V}.")
    ] = None,
    j: Annotated[
        int | None, typer.Option(min=0, help=f"Highest J of a diatomic, by default {J}.")
    ] = None,
    langer: Annotated[bool, typer.Option(help="(J+1/2)² in place of J(J+1).")] = False,
    points: Annotated[
        int | None,
        typer.Option(min=2, help=f"Phase points of a polyatomic's state, by default {POINTS}."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    head: Head = None,
    trust_pickle: Trust = False,
) -> None:
    """Print the levels of a molecule on a potential: rovibrational by EBK, or of normal modes."""
    from scatter.initial.lone_molecule import isotopes_of
    from scatter.potentials.table import potential_from_name

    if len(isotopes_of(formula)) > 2:
        given = {"--v": v, "--j": j, "--langer": langer or None}
        _refuse(given, "a diatomic", formula)
        surface = potential_from_name(potential, trust_pickle, head)
        _polyatomic(formula, surface, points or POINTS, as_json)
        return
    _refuse({"--points": points}, "a polyatomic", formula)
    surface = potential_from_name(potential, trust_pickle, head)
    _diatomic(formula, surface, V if v is None else v, J if j is None else j, langer, as_json)


@app.command("zero-point")
def zero_point(
    input: Annotated[Path, typer.Argument(help="The input file of a campaign that has run.")],
    site: Annotated[
        str | None,
        typer.Option(metavar="SITE", help="Of the minimum-energy path; by default the first."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, help="V_b + ZPE of the saddle, eV, in place of a path.")
    ] = None,
    trust_pickle: Trust = False,
) -> None:
    """Find barrier, zero-point energies and leakage, and which reactions of INPUT are classical."""
    from scatter.validation.zero_point import write_zero_point

    write_zero_point(input, site, threshold, trust_pickle)


def _refuse(given: dict[str, Any], of: str, formula: str) -> None:
    """Raise UserError for options that mean nothing to this molecule."""
    for option, value in given.items():
        if value is not None:
            raise UserError(f"{option} applies to {of} only; leave it out for {formula}")


def _diatomic(
    formula: str, potential: "Potential", v: int, j: int, langer: bool, as_json: bool
) -> None:
    from scatter.ebk import level_rows, reduced_mass
    from scatter.initial.bond_curve import bond_curve
    from scatter.initial.formulas import isotopes

    try:
        (first, m1), (second, m2) = isotopes(formula, {})
    except ValueError as error:
        raise UserError(str(error)) from error
    rows = level_rows(v, j, bond_curve(potential, first, second), reduced_mass(m1, m2), langer)
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    convention = "(J+1/2)²" if langer else "J(J+1)"
    print(f"{formula} on {potential.description}; EBK with L² = {convention} ħ²")
    print("  v   J   E - E_min (eV)   spacing (eV)   inner (Å)   outer (Å)   period (fs)")
    for row in rows:
        print(
            f"{row['v']:3.0f} {row['J']:3.0f} {row['energy_eV']:16.6f} {row['spacing_eV']:14.6f}"
            f" {row['inner_A']:11.4f} {row['outer_A']:11.4f} {row['period_fs']:13.4f}"
        )


def _polyatomic(formula: str, potential: "Potential", points: int, as_json: bool) -> None:
    from scatter.initial.lone_molecule import from_formula
    from scatter.initial.normal_modes import normal_modes
    from scatter.initial.pools import Sampling
    from scatter.initial.vibrational_levels import mode_rows, state_rows

    modes, sampling = normal_modes(from_formula(formula), potential), Sampling(points=points)
    if as_json:
        states = state_rows(modes, potential, sampling)
        print(json.dumps({"modes": mode_rows(modes), "states": states}, indent=1))
        return
    _print_modes(formula, modes, potential)
    _print_states(modes, potential, sampling)


def _print_modes(formula: str, modes: "NormalModes", potential: "Potential") -> None:
    moments = ", ".join(f"{moment:.4f}" for moment in modes.moments)
    shape = "linear molecule" if modes.top == "linear" else f"{modes.top} top"
    print(f"{formula} on {potential.description}")
    print(f"{shape}, moments of inertia {moments} amu Å²")
    print(f"at rest up to forces of {modes.force:.1g} eV/Å\n")
    print("mode   ω (cm⁻¹)    ħω (eV)")
    for k, (wavenumber, quantum) in enumerate(
        zip(modes.wavenumbers, modes.quanta_eV, strict=True), start=1
    ):
        print(f"{k:4d} {wavenumber:10.2f} {quantum:10.6f}")
    print(f"zero-point energy, harmonic: {modes.quanta_eV.sum() / 2:.6f} eV\n")


def _print_states(modes: "NormalModes", potential: "Potential", sampling: "Sampling") -> None:
    from scatter.initial.pools import WIDE, quanta_words
    from scatter.initial.vibrational_levels import state_rows

    whole = sampling.periods * modes.longest_fs
    print(f"adiabatic switching, {sampling.points} phase points a state, {whole:.0f} fs")
    rows: Any = state_rows(modes, potential, sampling)
    wide = max(len("state"), *(len(quanta_words(row["quanta"])) for row in rows))
    print(f"{'state':{wide}}  harmonic (eV)  mean (eV)  s.d. (eV)  spacing (eV)  (cm⁻¹)")
    for row in rows:
        print(
            f"{quanta_words(row['quanta']):{wide}}  {row['harmonic_eV']:13.6f}  "
            f"{row['mean_eV']:9.6f}  {row['deviation_eV']:9.6f}  {row['spacing_eV']:12.6f}  "
            f"{row['spacing_per_cm']:6.0f}"
        )
    if any(row["deviation_eV"] > WIDE * row["mean_eV"] for row in rows):
        print("where s.d. is over 1 % of the mean, the motion is resonant or chaotic")
