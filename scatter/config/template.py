"""`scatter init`: a commented input that runs as it is, to begin a campaign of one's own with."""

from pathlib import Path
from typing import NamedTuple

from scatter.config.reading import parse
from scatter.config.values import written
from scatter.files import write_whole
from scatter.initial.crystals import crystal_of
from scatter.initial.formulas import kind_of
from scatter.potentials.families import family_of
from scatter.settings import UserError

COLUMN = 34  # of comments
FACETS = {"bcc": "110", "hcp": "0001"}  # the densest plane
EMT = "ase:ase.calculators.emt:EMT"

HEAD = """\
# {formula} on {element}({facet}): a campaign to adapt, written by `scatter init`.
#     scatter run {name}
# Lists may be extended later: the same command then runs only what is new.

[run]
seed = 1  # another seed gives statistically independent trajectories
# output = "runs/my_campaign"  # by default runs/ and the name of this file

"""

MOLECULE = {
    "atom": """\
[molecule]
formula = "{formula}"  # or a list of isotopes, as ["H", "D"]
""",
    "diatomic": """\
[molecule]
formula = "{formula}"  # or a list of isotopes, as ["H2", "HD", "D2"]
v = 0  # vibrational quantum number; one, or a list
j = 0  # rotational quantum number; one, or a list
""",
    "polyatomic": """\
[molecule]
formula = "{formula}"
modes = [{{}}]  # the ground state; {{"1" = 1}} has a quantum of the softest mode
j = 0
phase_points = 256  # of each state; 1024 for results that count
""",
}

APPROACH = """\

[incidence]
energy_eV = {energies}
polar_deg = 0  # from the surface normal; one, or a list
height_A = {height}

[surface]
element = "{element}"
facet = "{facet}"  # or any Miller indices, or a list
size = [3, 3, 5]  # cells along the surface, and layers
frozen_layers = 2
temperature_K = 300
lattice_constant_A = {lattice}

[potential]
{potential}

[dynamics]
{dynamics}
[stop]
scattered_A = {scattered}

[sampling]
trajectories = 200  # of each point
# target_error = 0.02  # continue until every S0 is known to ±0.02
"""

ENERGIES = {
    "atom": "[0.5, 1.0, 2.0]",
    "diatomic": "[0.4, 0.5, 0.6, 0.7, 0.8, 0.9]",
    "polyatomic": "[0.8, 1.2, 1.6]",
}
VERLET = """\
timestep_fs = 0.25  # "auto" chooses it by pilot trajectories
max_time_fs = 3000
"""
DYNAMICS = {
    "diatomic": """\
scheme = "multistep"  # the molecule's bond takes shorter steps of its own
timestep_fs = 0.5  # "auto" chooses it by pilot trajectories
max_time_fs = 3000
""",
    "atom": VERLET,
    "polyatomic": VERLET,
}


class Lines(NamedTuple):
    """What a potential makes of an input.

    Attributes:
        potential: the keys of its table.
        lattice: the lattice constant.
        dynamics: further keys of [dynamics].
        auto: whether it has a reach, so that heights can be automatic.
    """

    potential: str
    lattice: str
    dynamics: str = ""
    auto: bool = True


def write_template(path: Path, formula: str, potential: str | None, element: str) -> Path:
    """Write a commented input for a projectile; return its path.

    Args:
        path: of the new file; `.toml` is added to a bare name.
        formula: of the projectile.
        potential: a file, or a name as `potential_from_name` takes it; None for what suits.
        element: of the surface.

    Raises:
        UserError: the file is there already, or no such campaign can be written.
    """
    path = path if path.suffix else path.with_suffix(".toml")
    if path.exists():
        raise UserError(f"{path}: already exists; remove it or name another file")
    text = template(path.name, formula, potential, element)
    if not path.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}; make it first")
    write_whole(path, text.encode())
    return path


def template(name: str, formula: str, potential: str | None, element: str) -> str:
    """The text of that input; it has been parsed, and is right.

    Raises:
        UserError: no such campaign can be written.
    """
    try:
        kind, crystal = kind_of(formula), crystal_of(element, None)
    except ValueError as error:
        raise UserError(f"--projectile {formula} --element {element}: {error}") from error
    lines = _lines(potential or _usual(kind, formula, element))
    text = (HEAD + MOLECULE[kind] + APPROACH).format(
        **{"name": name, "formula": formula, "element": element, "energies": ENERGIES[kind]},
        facet=FACETS.get(crystal, "111"),
        height=_length("7.0", lines.auto, "the start, above the top plane, Å"),
        scattered=_length("7.1", lines.auto, "scattered beyond this height, Å"),
        lattice=lines.lattice,
        potential=lines.potential,
        dynamics=DYNAMICS[kind] + lines.dynamics,
    )
    text = "\n".join(_aligned(line) for line in text.splitlines()) + "\n"
    parse(Path(name), text)
    return text


def _aligned(line: str) -> str:
    """A line of an input with its comment in the column of all others."""
    setting, mark, comment = line.partition("  # ")
    return f"{setting:<{COLUMN - 2}}  # {comment}" if mark and setting else line


def _length(usual: str, auto: bool, meaning: str) -> str:
    return f'"auto"  # {meaning}' if auto else f"{usual}  # {meaning}"


def _usual(kind: str, formula: str, element: str) -> str:
    """The potential of a projectile for which none is named.

    Raises:
        UserError: none ships for it.
    """
    elements = {*formula} - {*"0123456789"}
    if kind == "diatomic" and elements <= {"H", "D", "T"} and element == "Cu":
        return "default"
    if kind == "atom":
        return EMT
    raise UserError(
        f"--projectile {formula}: no potential for it on {element} ships with scatter; name yours, "
        "as in --potential model.npz"
    )


def _lines(potential: str) -> Lines:
    """What a potential makes of an input.

    Raises:
        UserError: nothing has that name.
    """
    if potential == "default":
        known = '3.66  # Å, of this potential at 300 K; "auto" computes it, in minutes'
        return Lines('kind = "default"  # the MACE for hydrogen on copper', known)
    if potential == "analytic":
        return Lines('kind = "analytic"  # a qualitative model', "3.66  # Å")
    if potential.startswith("ase:") and potential != "ase:":
        named = written(potential.removeprefix("ase:"))
        table = f'kind = "ase"\ncalculator = {named}'
        if potential == EMT:
            table += "  # qualitative; name your own here"
            tolerance = "energy_tolerance_eV = 0.2  # effective medium theory is not smooth\n"
            return Lines(table, "3.6  # Å", tolerance)
        return Lines(table, '"auto"  # or the number, Å', auto=False)
    if not Path(potential).is_file():
        raise UserError(
            f"--potential {potential}: there is no such file, and it is not one of the names "
            "default, analytic, ase:emt (or ase: and another calculator of ASE)"
        )
    kind = family_of(Path(potential)).name
    return Lines(f'kind = "{kind}"\nfile = {written(potential)}', '"auto"  # or the number, Å')
