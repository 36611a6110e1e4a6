"""The command line: parse, call one room, turn a user's mistake into one line."""

import errno
import signal
import sys
import traceback
from io import TextIOWrapper

from scatter.cli import campaigns, evaluations, fits, levels, potentials, several, trainings
from scatter.cli.words import app
from scatter.errors import UserError

__all__ = [
    "app",
    "campaigns",
    "evaluations",
    "fits",
    "levels",
    "main",
    "potentials",
    "several",
    "trainings",
]

INTERRUPTED = 130  # exit code of typer after Ctrl-C
# Errors of the disk, the file system or its permissions that any access to a file may raise.
FILE_ERRORS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG),
    *(errno.ESTALE, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP),
    errno.ENAMETOOLONG,
}


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2.

    An error that only one rank has met ends all of them.
    """
    from scatter.campaign.processes import launched, leave

    if launched():
        # Before MPI starts, a launcher notices a rank killed by a signal, but not one that exits.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without Å or ² shows ?
            stream.reconfigure(errors="replace")
    try:
        _refuse_unprintable(sys.argv[1:])
        app(prog_name="scatter")
    except SystemExit as end:
        if end.code != INTERRUPTED:
            raise
        leave(
            "scatter: interrupted; the same command continues where this one stopped", INTERRUPTED
        )
    except Exception as error:
        leave(*_last_words(error))


def _refuse_unprintable(arguments: list[str]) -> None:
    """A name with line breaks, or not in UTF-8, would break messages and files."""
    for argument in arguments:
        if not argument.isprintable():
            raise UserError(
                f"{argument!a}: this argument contains unprintable characters; rename the file"
            )


def _last_words(error: Exception) -> tuple[str, int, bool]:
    """The message of an error, the exit code, and whether every rank knows of it."""
    from scatter.campaign.processes import BUG, Agreed, Stopped

    if isinstance(error, UserError):
        return f"scatter: {error}", error.code, isinstance(error, Agreed)
    if isinstance(error, Stopped):
        return f"scatter: {error}", INTERRUPTED, error.together
    if isinstance(error, OSError) and error.errno in FILE_ERRORS:
        where = f"{error.filename}: " if error.filename else ""
        fix = "fix that (space, permissions, a folder that has vanished), and give the same command"
        message = f"{where}{error.strerror}; nothing that had finished is lost: {fix} again"
        return f"scatter: {message}", 2, False
    return "".join(traceback.format_exception(error)), BUG, False
