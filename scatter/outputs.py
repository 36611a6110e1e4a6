"""Checks of the names that users choose for output files and folders."""

from pathlib import Path

from scatter.errors import UserError

EXTXYZ = (".extxyz", ".xyz")


def refuse_ending(what: str, path: Path, *endings: str) -> None:
    """Raise UserError unless a file has one of the endings of its format."""
    if path.suffix.lower() not in endings:
        raise UserError(f"{what} {path}: the name must end in {' or '.join(endings)}")


def refuse_no_folder(what: str, path: Path) -> None:
    """Raise UserError if a file stands where the folder should be."""
    nearest = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not nearest.is_dir():
        raise UserError(f"{what} {path}: {nearest} is a file; name a folder")


def refuse_overwriting(what: str, path: Path, *inputs: Path) -> None:
    """Raise UserError if an output file is one of the inputs, under whatever name."""
    for source in inputs:
        if path.exists() and source.exists() and path.samefile(source):
            raise UserError(f"{what} {path}: is the file that is read; name another file")
