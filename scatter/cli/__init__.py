"""The command line: parse, call one room, turn the user's mistake into one line."""

import errno
import signal
import sys
import traceback
from collections.abc import Iterable
from io import TextIOWrapper

from scatter.cli import campaigns, fits, potentials
from scatter.cli.words import app
from scatter.settings import UserError

__all__ = ["app", "campaigns", "fits", "main", "potentials"]

INTERRUPTED = 130  # what typer makes of Ctrl-C
# What a disk, a file system or its rights may say whenever a file is touched.
NOT_OURS = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG,
    errno.ESTALE, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG,
    errno.ELOOP,
}  # fmt: skip


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2.

    An error that one rank alone has met ends all of them.
    """
    from scatter.campaign.ranks import launched, leave

    if launched():
        # Until MPI has begun, a launcher notices a rank that a signal ends, but not one that exits.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that has no Å or ² gets a ?
            stream.reconfigure(errors="replace")
    try:
        _refuse_unprintable(sys.argv[1:])
        app(prog_name="scatter")
    except SystemExit as end:
        if end.code != INTERRUPTED:
            raise
        leave("scatter: interrupted; the same command goes on where this one stopped", INTERRUPTED)
    except Exception as error:
        leave(*_last_words(error))


def _refuse_unprintable(arguments: Iterable[str]) -> None:
    """Names that break lines or are no text could be neither told of nor written into a file."""
    for argument in arguments:
        if not argument.isprintable():
            raise UserError(
                f"{argument!a}: this argument holds characters that do not print; rename the file"
            )


def _last_words(error: Exception) -> tuple[str, int, bool]:
    """What to say of an error, the exit code, and whether every rank knows of it."""
    from scatter.campaign.ranks import BUG, Agreed, Stopped

    if isinstance(error, UserError):
        return f"scatter: {error}", error.code, isinstance(error, Agreed)
    if isinstance(error, Stopped):
        return f"scatter: {error}", INTERRUPTED, error.together
    if isinstance(error, OSError) and error.errno in NOT_OURS:
        return f"scatter: {_disk(error)}", 2, False
    return "".join(traceback.format_exception(error)), BUG, False


def _disk(error: OSError) -> str:
    """One sentence about a file that cannot be read or written."""
    where = f"{error.filename}: " if error.filename else ""
    return (
        f"{where}{error.strerror}; nothing that was finished is lost: mend that (room, rights, a "
        "folder that has vanished), and give the same command again"
    )
