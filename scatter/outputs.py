"""Names of files that users choose for what is written: never the format's guess, nor an input."""

from pathlib import Path

from scatter.errors import UserError

EXTXYZ = (".extxyz", ".xyz")


def refuse_ending(what: str, path: Path, *endings: str) -> None:
    """Raise UserError unless a file's name ends as the format that is written to it.

    Args:
        what: the option or the argument that names it.
        path: the file.
        endings: of the format, with their dots.
    """
    if path.suffix.lower() not in endings:
        raise UserError(f"{what} {path}: the name must end in {' or '.join(endings)}")


def refuse_no_folder(what: str, path: Path) -> None:
    """Raise UserError if no folder of this name can be, for a file is in its way."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not there.is_dir():
        raise UserError(f"{what} {path}: {there} is a file; name a folder")


def refuse_overwriting(what: str, path: Path, *inputs: Path) -> None:
    """Raise UserError if a file that is to be written is one that is read, by whatever name."""
    for each in inputs:
        if path.exists() and each.exists() and path.samefile(each):
            raise UserError(f"{what} {path}: is the file that is read; name another file")
