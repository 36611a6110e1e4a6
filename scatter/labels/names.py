"""Under which keys of extended XYZ labels stand, where several could be meant or none is usual."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from scatter.settings import UserError

USUAL = ("energy", "forces", "stress")
WORDS = {
    "energy": {"energy", "toten"},
    "forces": {"force", "forces"},
    "stress": {"stress"},
}
UNITS = {"energy": "eV", "forces": "eV/Å", "stress": "eV/Å³"}
# words beside those that make another quantity of it: no total energy, no force on an atom
OTHERS = {
    "adsorption",
    "atom",
    "atomisation",
    "atomization",
    "barrier",
    "binding",
    "cohesive",
    "correction",
    "cutoff",
    "energies",
    "error",
    "ev",
    "formation",
    "free",
    "incidence",
    "interaction",
    "kinetic",
    "mask",
    "max",
    "mean",
    "per",
    "point",
    "rms",
    "std",
    "surface",
    "uncertainty",
    "unread",
    "var",
    "variance",
    "weight",
    "weights",
    "zero",
}
UNREAD = "unread_"  # begins the names of what was not chosen
TOKEN = re.compile(r"""(?:"[^"]*"|'[^']*'|\{[^}]*\}|\[[^\]]*\]|[^\s"'{\[])+""")


@dataclass(frozen=True)
class Keys:
    """The keys that a user named; None is the usual one, if no other could be meant.

    Attributes:
        energy: of the total energy, eV; usually `energy`.
        forces: of the forces on atoms, eV/Å; usually `forces`.
        stress: of the stress, eV/Å³; usually `stress`. It is read only where it was asked for.
    """

    energy: str | None = None
    forces: str | None = None
    stress: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is another quantity by its name.

        Raises:
            UserError: the stress is a virial.
        """
        if self.stress and _words(self.stress) & {"virial", "virials"}:
            raise UserError(
                f"--stress-key {self.stress}: is a virial, in eV and of the other sign; a stress, "
                "in eV/Å³, is -1/V of it"
            )

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
        return frame.arrays | {
            name: result for name, result in results.items() if np.ndim(result) == 2
        }
    return frame.info | {name: result for name, result in results.items() if np.ndim(result) < 2}


def alike(names: Mapping[str, object], quantity: str) -> list[str]:
    """Of some keys those that could name labels of this quantity, in their order."""
    return [
        name for name in names if (words := _words(name)) & WORDS[quantity] and not words & OTHERS
    ]


def _words(name: str) -> set[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)  # as in dftEnergy; but eV is one word
    return {word for part in (name, parted) for word in part.lower().replace("-", "_").split("_")}


def keys_of(frame: Atoms, keys: Keys, where: str, wanted: Sequence[str]) -> dict[str, str]:
    """The keys under which a frame has the quantities that are wanted; without those that it lacks.

    Raises:
        UserError: one has several, or one that is not the usual one, and none was named.
    """
    chosen, questions = {}, []
    for quantity in wanted:
        held = values_of(frame, quantity)
        named = keys.named.get(quantity)
        others = [name for name in held if name == f"free_{quantity}"]
        choices = [named] if named else alike(held, quantity) or others
        if named or choices == [quantity]:
            chosen |= {quantity: choices[0]} if choices[0] in held else {}
        elif choices:
            questions.append(_question(quantity, choices))
    if questions:
        raise UserError(f"{where}: {'; '.join(questions)}")
    return chosen


def _question(quantity: str, choices: list[str]) -> str:
    options = " or ".join(f"--{quantity}-key {name}" for name in choices)
    if len(choices) > 1:
        return (
            f"holds {quantity} under the keys {' and '.join(choices)}, which may come from two "
            f"calculators; choose which to read: {options}"
        )
    return (
        f"holds no '{quantity}', but '{choices[0]}': if that is its label, in {UNITS[quantity]}, "
        f"give {options}"
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
    fields[::3] = [_usual(field, keys, ("forces",)) for field in fields[::3]]
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
