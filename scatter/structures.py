"""Atomic structures from files that others may have written: extended XYZ, and VASP's POSCAR.

No format is guessed. ASE knows dozens of formats, and guesses; some of its readers follow names
to other files, fetch from data bases or unpickle, and none has a bound on memory. So a file is
first cut into frames whose text must hold the atoms that it speaks of, and ASE is given the text
of those, never a path.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import IO, TextIO

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms, FixCartesian, FixScaled
from ase.data import chemical_symbols
from ase.io import read, write
from jaxtyping import Bool

from scatter.foreign import opened, reason, shown, text
from scatter.settings import UserError

AT_ONCE = 200  # frames that are parsed together
MOST_ATOMS = 1_000_000  # of a frame
LONGEST_LINE = 2**20  # characters
MOST_COLUMNS = 100  # of one property
XYZ = (".xyz", ".extxyz")


def raw_frames(path: Path) -> Iterator[str]:
    """The text of each frame of an extended XYZ file, as it stands.

    Raises:
        UserError: it cannot be read, a frame does not begin with its number of atoms, or has
            fewer lines than atoms.
    """
    with opened(path, most=2**63 - 1) as file:
        lines = _lines(file, path)
        for first in lines:
            if not first.strip():
                continue
            count = _number_of_atoms(first, path)
            following = list(islice(lines, count + 1))
            if len(following) < count + 1:
                raise UserError(
                    f"{path}: is no extended XYZ: its last frame has {count} atoms and only "
                    f"{len(following)} lines; it was cut off"
                )
            _refuse_columns(following[0], path)
            _refuse_marks(following[0], path)
            yield first + "".join(following)


def _lines(file: IO[bytes], path: Path) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE):
        try:
            found = line.decode()
        except UnicodeDecodeError:
            raise UserError(f"{path}: is not text in UTF-8, as extended XYZ is") from None
        if len(line) == LONGEST_LINE or "\0" in found:
            raise UserError(f"{path}: is no extended XYZ: it has a line that no frame has")
        yield found if found.endswith("\n") else f"{found}\n"


def _number_of_atoms(line: str, path: Path) -> int:
    number = line.strip()
    if not (number.isascii() and number.isdecimal() and len(number) < 9):
        raise UserError(
            f"{path}: is no extended XYZ: {number[:40]!r} stands where a frame's number of atoms "
            "should"
        )
    if not 0 < int(number) <= MOST_ATOMS:
        raise UserError(f"{path}: a frame of {int(number):,} atoms; 1 to {MOST_ATOMS:,} are read")
    return int(number)


def _refuse_columns(heading: str, path: Path) -> None:
    """The reader makes a column for each that the heading speaks of, before it looks for it."""
    for count in re.findall(r":\s*[+-]?([0-9_]+)\s*(?=:|[\s\"'}\]]|$)", heading):
        if len(count) > 9 or int(count.strip("_").replace("_", "") or 0) > MOST_COLUMNS:
            raise UserError(f"{path}: its Properties have {count[:20]} columns of one kind")


# Columns that others mark held atoms by, which the reader would leave alone.
MARKS = ("fix", "fixed", "frozen", "freeze", "held", "constraint", "constraints", "move",
         "movable", "moving", "free", "selective_dynamics")  # fmt: skip


def _refuse_marks(heading: str, path: Path) -> None:
    """Raise UserError if atoms are marked as held in a way that would be left alone."""
    found = re.search(r"properties=[\"'{\[]?([^\s\"'}\]]+)", heading, re.IGNORECASE)
    words = found[1].split(":") if found else []
    for name, kind, count in zip(words[::3], words[1::3], words[2::3], strict=False):
        if name.lower() in MARKS:
            raise UserError(
                f"{path}: its column '{shown(name)}' seems to say which atoms are held; scatter "
                "reads move_mask (T moves, F is held), so rename it, or leave it out"
            )
        if name == "move_mask" and (kind not in ("L", "I") or count not in ("1", "3")):
            raise UserError(
                f"{path}: move_mask:{shown(kind)}:{shown(count)} is no mask; it is one or three "
                "columns of T and F, move_mask:L:1 or move_mask:L:3"
            )


def frames_of(texts: Iterable[str], path: Path) -> Iterator[list[Atoms]]:
    """The frames of some texts (`raw_frames`), a number of them at a time.

    Raises:
        UserError: one cannot be read, or is no structure.
    """
    texts, before = iter(texts), 0
    while some := [*islice(texts, AT_ONCE)]:
        found = _parsed("".join(some), "extxyz", str(path))
        if len(found) != len(some):
            raise UserError(f"{path}: cannot be read as extended XYZ: its frames run together")
        for number, frame in enumerate(found, before):
            refuse_what_is_none(frame, f"{path}, frame {number}")
        before += len(found)
        yield found


def read_frames(path: Path) -> list[Atoms]:
    """All frames of an extended XYZ file, labels included.

    Raises:
        UserError: it cannot be read, holds none, or one is no structure.
    """
    found = [frame for some in frames_of(raw_frames(path), path) for frame in some]
    if not found:
        raise UserError(f"{path}: holds no frames")
    return found


def read_structure(path: Path, place: str) -> Atoms:
    """The (last) structure of an extended XYZ file or a POSCAR, with the atoms that it fixes.

    Args:
        path: ends in .xyz or .extxyz; or is named like POSCAR, CONTCAR, or ends in .vasp.
        place: what errors call it.

    Raises:
        UserError: it cannot be read, or its name promises neither.
    """
    if path.suffix.lower() in XYZ:
        return read_frames(path)[-1]
    if not re.search(r"poscar|contcar|\.vasp$", path.name, re.IGNORECASE):
        raise UserError(
            f"{place}: is named neither like extended XYZ (.xyz, .extxyz) nor like a POSCAR of "
            f"VASP (POSCAR, CONTCAR, .vasp); convert it: ase convert {path.name} slab.xyz"
        )
    (atoms,) = _parsed(_poscar(text(path, place), place), "vasp", place)
    refuse_what_is_none(atoms, place)
    return atoms


def _poscar(found: str, place: str) -> str:
    """A POSCAR as its reader needs it: elements named, flags of selective dynamics T or F.

    Left to itself the reader guesses elements from the comment, and takes every flag but a lone
    "F" (so .FALSE. and f, which VASP knows) for free to move.

    Raises:
        UserError: it does not say which elements it holds, or what may move.
    """
    lines = found.splitlines()
    if len(lines) < 8:
        raise UserError(f"{place}: cannot be read as a POSCAR: it has {len(lines)} lines")
    if re.fullmatch(r"[\d\s]+(!.*)?", lines[5]) and lines[5].strip():  # as VASP 4 wrote it
        names = lines[0].split()
        named = all(name in chemical_symbols[1:] for name in names)
        if not named or len(names) != len(lines[5].split("!")[0].split()):
            raise UserError(
                f"{place}: cannot be read as a POSCAR: its sixth line ({shown(lines[5].strip())}) "
                "should name the elements, before the line of their numbers, such as: Cu H"
            )
        lines.insert(5, lines[0])
    lines[5] = " ".join(map(_symbol, lines[5].split("!")[0].split()))
    counts = lines[6].split("!")[0].split()
    most = len(found)  # of more atoms than characters the file does not speak
    atoms = sum(int(n) if n.isdecimal() and len(n) < 10 else most for n in counts)
    selective = lines[7].strip().lower().startswith("s")
    first = 9 if selective else 8
    if atoms > len(lines) - first:
        raise UserError(f"{place}: speaks of more atoms than it has lines")
    for row in range(first, first + atoms) if selective else ():
        lines[row] = _flagged(lines[row], f"{place}, line {row + 1}")
    return "\n".join([*lines, ""])


def _symbol(word: str) -> str:
    """Cu for Cu, cu, CU, Cu_pv and Cu/6a2f546d."""
    return re.split(r"[_/]", word)[0].capitalize()


def _flagged(line: str, where: str) -> str:
    """A line of selective dynamics with its flags as T or F."""
    words = line.split()
    flags = ["".join(re.findall(r"^\.?([tf])", word.lower())).upper() for word in words[3:6]]
    if len(flags) < 3 or not all(flags):
        raise UserError(
            f"{where}: {shown(line.strip())!r} needs three flags of selective dynamics, T or F, "
            "behind its place"
        )
    return " ".join([*words[:3], *flags])


def _parsed(content: str, format: str, place: str) -> list[Atoms]:
    name = {"extxyz": "extended XYZ", "vasp": "a POSCAR"}[format]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers out of range; those are refused below
            # where only rank 0 reads, ASE would wait for all ranks
            found = read(StringIO(content), ":", format=format, parallel=False)
    except Exception as error:  # the reader meets a broken file with errors of every class
        raise UserError(f"{place}: cannot be read as {name} ({reason(error)})") from error
    assert isinstance(found, list)
    return found


def held(frame: Atoms, where: str) -> Bool[np.ndarray, "atom 3"]:
    """Along which of three directions each atom is held: x, y and z, or lattice vectors.

    Args:
        frame: as it was read.
        where: what errors call it.

    Raises:
        UserError: it has a constraint of another kind.
    """
    found = np.zeros((len(frame), 3), bool)
    for one in frame.constraints:
        if isinstance(one, FixAtoms):
            found[one.index] = True
        elif isinstance(one, FixCartesian | FixScaled):
            found[one.index] |= np.asarray(one.mask, bool)
        else:
            raise UserError(
                f"{where}: its constraint {type(one).__name__} cannot be kept here; hold atoms "
                "along all three axes, or let them move"
            )
    return found


def refuse_what_is_none(frame: Atoms, where: str) -> None:
    """Raise UserError unless atoms are elements at finite places, and labels are numbers.

    Energies may be missing or NaN, and so may forces.
    """
    numbers, positions, cell = frame.numbers, frame.positions, np.array(frame.cell)
    if not len(numbers) or not ((numbers > 0) & (numbers < 119)).all():
        raise UserError(f"{where}: names an atom that is no element")
    for values, what in ((positions, "position"), (cell, "lattice vector")):
        if not (np.abs(values) < 1e6).all():  # negated, so NaN is refused too
            raise UserError(f"{where}: a {what} is not finite, or 0.1 mm away")
    labels = frame.calc.results if frame.calc else {}
    for name, shape in (("energy", ()), ("forces", positions.shape)):
        found = np.asarray(labels.get(name, np.zeros(shape)))
        if found.dtype.kind not in "iuf" or found.shape != shape:
            raise UserError(f"{where}: its {name} are no numbers of the right shape")
    for name in ("T_K", "Z_A"):
        if not isinstance(frame.info.get(name, 0.0), int | float | np.number):
            raise UserError(f"{where}: {name} = {str(frame.info[name])[:40]!r} is no number")


def append_frames(stream: TextIO, frames: Iterable[Atoms]) -> None:
    """Write frames as extended XYZ, labels included, whatever the file is called.

    This is the one way in which frames leave scatter; ASE would choose a format by the name.
    """
    # where only rank 0 writes, ASE would wait for all ranks, and leave the writing to it elsewhere
    write(stream, [*frames], format="extxyz", parallel=False)


def extxyz(frames: Iterable[Atoms]) -> bytes:
    """Frames as extended XYZ."""
    stream = StringIO()
    append_frames(stream, frames)
    return stream.getvalue().encode()
