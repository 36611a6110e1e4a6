"""Under which keys of extended XYZ labels stand, where several could be meant or none is usual."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from scatter.settings import UserError

USUAL = ("energy", "forces", "stress")
WORDS = {
    "energy": {"energy", "toten"},
    "forces": {"force", "forces"},
    "stress": {"stress", "virial", "virials"},
}
# words beside those that make another quantity of it: no total energy, no force on an atom
OTHERS = {
    "adsorption", "atom", "atomisation", "atomization", "barrier", "binding", "cohesive",
    "correction", "cutoff", "energies", "error", "ev", "formation", "free", "incidence",
    "interaction", "kinetic", "mask", "max", "mean", "per", "point", "rms", "std", "surface",
    "uncertainty", "unread", "var", "variance", "weight", "weights", "zero",
}  # fmt: skip
UNREAD = "unread_"  # begins the names of what was not chosen
TOKEN = re.compile(r"""(?:"[^"]*"|'[^']*'|\{[^}]*\}|\[[^\]]*\]|[^\s"'{\[])+""")


@dataclass(frozen=True)
class Keys:
    """The keys that a user named; None is the usual one, if no other could be meant.

    Attributes:
        energy: of the total energy, eV; usually `energy`.
        forces: of the forces on atoms, eV/Å; usually `forces`.
        stress: of the stress, which is copied and never read; usually `stress`.
    """

    energy: str | None = None
    forces: str | None = None
    stress: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """Those that were named, by quantity."""
        return {name: key for name in USUAL if (key := getattr(self, name))}


STANDARD = Keys()


def results_of(frame: Atoms) -> dict[str, Any]:
    """What the calculator of a frame holds, by name; its own dictionary, if there is one."""
    return frame.calc.results if frame.calc else {}


def values_of(frame: Atoms, quantity: str) -> dict[str, Any]:
    """All that a frame holds where labels of this quantity could stand, by key."""
    results = results_of(frame)
    if quantity == "forces":
        return frame.arrays | {name: one for name, one in results.items() if np.ndim(one) == 2}
    return frame.info | {name: one for name, one in results.items() if np.ndim(one) < 2}


def alike(names: Mapping[str, Any], quantity: str) -> list[str]:
    """Of some keys those that could name labels of this quantity, in their order."""
    return [
        name for name in names if (words := _words(name)) & WORDS[quantity] and not words & OTHERS
    ]


def _words(name: str) -> set[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)  # as in dftEnergy; but eV is one word
    return {word for one in (name, parted) for word in one.lower().replace("-", "_").split("_")}


def keys_of(frame: Atoms, keys: Keys, where: str) -> dict[str, str]:
    """The keys under which a frame has its energy and its forces; without those that it lacks.

    Raises:
        UserError: it has several, or one that is not the usual one, and none was named.
    """
    found, doubtful = {}, []
    for quantity in ("energy", "forces"):
        held = values_of(frame, quantity)
        named = keys.named.get(quantity)
        usual = [name for name in held if name == f"free_{quantity}"]
        choices = [named] if named else alike(held, quantity) or usual
        if named or choices == [quantity]:
            found |= {quantity: choices[0]} if choices[0] in held else {}
        elif choices:
            doubtful.append((quantity, choices))
    if doubtful:
        raise UserError(_question(doubtful, where))
    return found


def _question(doubtful: list[tuple[str, list[str]]], where: str) -> str:
    several = [f"{what} under the keys {' and '.join(names)}" for what, names in doubtful
               if len(names) > 1]  # fmt: skip
    other = [f"no '{what}', but '{names[0]}'" for what, names in doubtful if len(names) == 1]
    options = [" or ".join(f"--{what}-key {name}" for name in names) for what, names in doubtful]
    why = ", which may be of two calculators" if several else ""
    return (
        f"{where}: holds {' and '.join(several + other)}{why}; say what are its labels, in eV and "
        f"eV/Å: {', '.join(options)}"
    )


def rid(frame: Atoms) -> None:
    """Take all out of a frame that could be read as a label under another key."""
    for quantity, values in (("energy", frame.info), ("forces", frame.arrays)):
        for name in alike(values, quantity):
            del values[name]


def relabelled(text: str, keys: Keys) -> str:
    """A frame's text with the named keys as the usual ones; all numbers stay as they stand.

    What else could be read as the same label is called `unread_` and its name from then on.
    """
    if not keys.named:
        return text
    count, heading, atoms = text.split("\n", 2)
    return "\n".join([count, TOKEN.sub(lambda token: _renamed(token[0], keys), heading), atoms])


def _renamed(token: str, keys: Keys) -> str:
    name, sign, value = token.partition("=")
    if name != "Properties":
        return f"{_usual(name, keys, ('energy', 'stress'))}{sign}{value}" if sign else token
    quote = value[0] if value[:1] in ("'", '"') else ""
    fields = value.strip("'\"").split(":")
    fields[::3] = [_usual(one, keys, ("forces",)) for one in fields[::3]]
    return f"Properties={quote}{':'.join(fields)}{quote}"


def _usual(name: str, keys: Keys, quantities: tuple[str, ...]) -> str:
    bare = name.strip("'\"")
    for quantity in quantities:
        named = keys.named.get(quantity)
        if named == bare:
            return quantity
        if named and alike({bare: None}, quantity):
            return f"{UNREAD}{bare}"
    return name
