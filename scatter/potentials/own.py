"""A potential or a calculator of one's own that `[potential] calculator = "module:Name"` names."""

import hashlib
import inspect
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ase.calculators.calculator import BaseCalculator

from scatter.potentials.ase import AseObject
from scatter.potentials.base import Potential
from scatter.settings import UserError


def open_own(named: str, parameters: Mapping[str, object]) -> Potential:
    """What a module makes: a `scatter.Potential`, or a calculator of ASE.

    The module is found as Python finds any: installed, or in a folder of PYTHONPATH.

    Args:
        named: "package.module:Name", a class or a function.
        parameters: keyword arguments for it.

    Raises:
        UserError: there is no such module or name, it refuses the parameters, or makes neither.
    """
    where = f"[potential] calculator = '{named}'"
    make = _imported(where, named)
    written = json.dumps(dict(parameters), sort_keys=True, default=repr)
    try:
        made = make(**parameters)
    except Exception as error:  # somebody else's code refuses in any way
        raise UserError(f"{where}: refuses parameters = {written} ({error})") from error
    if isinstance(made, Potential):
        return made
    if not isinstance(made, BaseCalculator):
        raise UserError(
            f"{where}: makes a {type(made).__name__}, which is neither a scatter.Potential nor a "
            "calculator of ASE"
        )
    described = f"{named} {written} {_source(make)}"
    identity = hashlib.sha256(described.encode()).hexdigest()
    return AseObject(lambda: make(**parameters), identity=identity)


def _imported(where: str, named: str) -> Any:
    module, _, name = named.partition(":")
    try:
        attribute: Any = import_module(module)
        for part in name.split("."):
            attribute = getattr(attribute, part)
    except Exception as error:  # as above, while the module is read
        raise UserError(
            f"{where}: cannot be imported ({type(error).__name__}: {error}); write it as "
            "'package.module:Name', and name the folder of the module in PYTHONPATH"
        ) from error
    if not callable(attribute):
        raise UserError(f"{where}: is not a class or function, but a {type(attribute).__name__}")
    return attribute


def _source(make: Any) -> str:
    """The text of the file that it is written in; empty where there is none."""
    try:
        file = inspect.getsourcefile(make)
    except TypeError:
        return ""
    return Path(file).read_text(encoding="utf-8", errors="replace") if file else ""
