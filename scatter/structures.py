"""Atomic structures from files of any origin: extended XYZ, and VASP's POSCAR.

No format is guessed. ASE guesses among dozens of formats; some of its readers follow names to
other files, query data bases or unpickle, and none limits memory. So a file is first divided into
frames whose text must contain as many atoms as it announces, and ASE is given that text, never a
path.
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
MOST_COLUMNS = 100  # of a property
XYZ = (".xyz", ".extxyz")


def raw_frames(path: Path) -> Iterator[str]:
    """The text of each frame of an extended XYZ file, verbatim.

    Raises:
        UserError: it cannot be read, or a frame does not start with its number of atoms or has
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
                    f"{path}: is not extended XYZ: its last frame has {count} atoms but only "
                    f"{len(following)} lines; it is truncated"
                )
            _refuse_columns(following[0], path)
            _refuse_marks(following[0], path)
            yield first + "".join(following)


def _lines(file: IO[bytes], path: Path) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise UserError(f"{path}: is not UTF-8 text, as extended XYZ must be") from None
        if len(line) == LONGEST_LINE or "\0" in text:
            raise UserError(f"{path}: is not extended XYZ: a line is too long or holds NUL")
        yield text if text.endswith("\n") else f"{text}\n"


def _number_of_atoms(line: str, path: Path) -> int:
    number = line.strip()
    if not (number.isascii() and number.isdecimal() and len(number) < 9):
        raise UserError(
            f"{path}: is not extended XYZ: {number[:40]!r} stands where the number of atoms of a "
            "frame should"
        )
    if not 0 < int(number) <= MOST_ATOMS:
        raise UserError(
            f"{path}: a frame has {int(number):,} atoms; 1 to {MOST_ATOMS:,} are allowed"
        )
    return int(number)


def _refuse_columns(heading: str, path: Path) -> None:
    """ASE allocates as many columns as the heading announces before it looks for them."""
    for count in re.findall(r":\s*[+-]?([0-9_]+)\s*(?=:|[\s\"'}\]]|$)", heading):
        if len(count) > 9 or int(count.strip("_").replace("_", "") or 0) > MOST_COLUMNS:
            raise UserError(f"{path}: its Properties have {count[:20]} columns of one kind")


# Columns by which other programs mark held atoms, and which ASE's reader ignores.
MARKS = "fix fixed frozen freeze held constraint constraints move movable moving free"
MARKS = {*MARKS.split(), "selective_dynamics"}


def _refuse_marks(heading: str, path: Path) -> None:
    """Raise UserError if atoms are marked as held in a way that would be ignored."""
    match = re.search(r"properties=[\"'{\[]?([^\s\"'}\]]+)", heading, re.IGNORECASE)
    words = match[1].split(":") if match else []
    for name, kind, count in zip(words[::3], words[1::3], words[2::3], strict=False):
        if name.lower() in MARKS:
            raise UserError(
                f"{path}: its column '{shown(name)}' seems to say which atoms are held; scatter "
                "reads move_mask (T moves, F is held), so rename it, or leave it out"
            )
        if name == "move_mask" and (kind not in ("L", "I") or count not in ("1", "3")):
            raise UserError(
                f"{path}: move_mask:{shown(kind)}:{shown(count)} is not a mask; it must be one or "
                "three columns of T and F, move_mask:L:1 or move_mask:L:3"
            )


def frames_of(texts: Iterable[str], path: Path) -> Iterator[list[Atoms]]:
    """The frames in texts from `raw_frames`, a batch at a time.

    Raises:
        UserError: a frame cannot be read, or is not a structure.
    """
    texts, before = iter(texts), 0
    while batch := [*islice(texts, AT_ONCE)]:
        frames = _parsed("".join(batch), "extxyz", str(path))
        if len(frames) != len(batch):
            raise UserError(f"{path}: cannot be read as extended XYZ: its frames run together")
        for number, frame in enumerate(frames, before):
            refuse_unphysical(frame, f"{path}, frame {number}")
        before += len(frames)
        yield frames


def read_frames(path: Path) -> list[Atoms]:
    """All frames of an extended XYZ file, labels included.

    Raises:
        UserError: it cannot be read, is empty, or a frame is not a structure.
    """
    frames = [frame for batch in frames_of(raw_frames(path), path) for frame in batch]
    if not frames:
        raise UserError(f"{path}: holds no frames")
    return frames


def read_structure(path: Path, place: str) -> Atoms:
    """The (last) structure of an extended XYZ file or a POSCAR, with its fixed atoms.

    Args:
        path: ends in .xyz, .extxyz or .vasp, or is named like POSCAR or CONTCAR.
        place: what errors call it.

    Raises:
        UserError: it cannot be read, or its name fits neither format.
    """
    if path.suffix.lower() in XYZ:
        return read_frames(path)[-1]
    if not re.search(r"poscar|contcar|\.vasp$", path.name, re.IGNORECASE):
        raise UserError(
            f"{place}: its name fits neither extended XYZ (.xyz, .extxyz) nor a POSCAR of "
            f"VASP (POSCAR, CONTCAR, .vasp); convert it: ase convert {path.name} slab.xyz"
        )
    (atoms,) = _parsed(_poscar(text(path, place), place), "vasp", place)
    refuse_unphysical(atoms, place)
    return atoms


def _poscar(content: str, place: str) -> str:
    """A POSCAR as ASE reads it correctly: elements named, flags of selective dynamics T or F.

    Otherwise ASE guesses elements from the comment, and takes every flag but a plain "F" (so also
    .FALSE. and f, which VASP accepts) as free to move.

    Raises:
        UserError: it does not say which elements it contains, or what may move.
    """
    lines = content.splitlines()
    if len(lines) < 8:
        raise UserError(f"{place}: cannot be read as a POSCAR: it has {len(lines)} lines")
    if re.fullmatch(r"[\d\s]+(!.*)?", lines[5]) and lines[5].strip():  # as VASP 4 wrote it
        names = lines[0].split()
        named = all(name in chemical_symbols[1:] for name in names)
        if not named or len(names) != len(lines[5].split("!")[0].split()):
            raise UserError(
                f"{place}: cannot be read as a POSCAR: its sixth line ({shown(lines[5].strip())}) "
                "should name the elements, above the line with their numbers, such as: Cu H"
            )
        lines.insert(5, lines[0])
    lines[5] = " ".join(map(_symbol, lines[5].split("!")[0].split()))
    counts = lines[6].split("!")[0].split()
    most = len(content)  # no file has more atoms than characters
    atoms = sum(int(n) if n.isdecimal() and len(n) < 10 else most for n in counts)
    selective = lines[7].strip().lower().startswith("s")
    first = 9 if selective else 8
    if atoms > len(lines) - first:
        raise UserError(f"{place}: has fewer lines than atoms")
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
            "after its coordinates"
        )
    return " ".join([*words[:3], *flags])


def _parsed(content: str, format: str, place: str) -> list[Atoms]:
    name = {"extxyz": "extended XYZ", "vasp": "a POSCAR"}[format]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about numbers out of range, which are refused below
            # parallel: where only rank 0 reads, ASE would wait for all ranks
            frames = read(StringIO(content), ":", format=format, parallel=False)
    except Exception as error:  # on a broken file ASE may raise anything
        raise UserError(f"{place}: cannot be read as {name} ({reason(error)})") from error
    assert isinstance(frames, list)
    return frames


def held(frame: Atoms, where: str) -> Bool[np.ndarray, "atom 3"]:
    """Along which of three directions each atom is held: x, y, z or the lattice vectors.

    Raises:
        UserError: it has a constraint of another kind.
    """
    mask = np.zeros((len(frame), 3), bool)
    for constraint in frame.constraints:
        if isinstance(constraint, FixAtoms):
            mask[constraint.index] = True
        elif isinstance(constraint, FixCartesian | FixScaled):
            mask[constraint.index] |= np.asarray(constraint.mask, bool)
        else:
            raise UserError(
                f"{where}: its constraint {type(constraint).__name__} is not supported; hold "
                "atoms along all three axes, or let them move"
            )
    return mask


def refuse_unphysical(frame: Atoms, where: str) -> None:
    """Raise UserError unless atoms are elements at finite positions, and labels are numbers.

    Energies and forces may be missing or NaN.
    """
    numbers, positions, cell = frame.numbers, frame.positions, np.array(frame.cell)
    if not len(numbers) or not ((numbers > 0) & (numbers < 119)).all():
        raise UserError(f"{where}: contains an atom that is not an element")
    for values, what in ((positions, "position"), (cell, "lattice vector")):
        if not (np.abs(values) < 1e6).all():  # negated, so NaN is refused too
            raise UserError(f"{where}: a {what} is not finite, or beyond 0.1 mm")
    labels = frame.calc.results if frame.calc else {}
    for name, shape in (("energy", ()), ("forces", positions.shape)):
        label = np.asarray(labels.get(name, np.zeros(shape)))
        if label.dtype.kind not in "iuf" or label.shape != shape:
            raise UserError(f"{where}: its {name} must be numbers of the right shape")
    for name in ("T_K", "Z_A"):
        if not isinstance(frame.info.get(name, 0.0), int | float | np.number):
            raise UserError(f"{where}: {name} = {str(frame.info[name])[:40]!r} is not a number")


def append_frames(stream: TextIO, frames: Iterable[Atoms]) -> None:
    """Write frames as extended XYZ, labels included, whatever the name of the file.

    All frames that scatter writes go through here; ASE would choose a format by the name.
    """
    # parallel: where only rank 0 writes, ASE would wait for all ranks, and write on rank 0 alone
    write(stream, [*frames], format="extxyz", parallel=False)


def extxyz(frames: Iterable[Atoms]) -> bytes:
    """Frames as extended XYZ."""
    stream = StringIO()
    append_frames(stream, frames)
    return stream.getvalue().encode()
