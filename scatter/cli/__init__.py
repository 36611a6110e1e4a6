"""The command line: parse, call one room, turn the user's mistake into one line."""

import errno
import traceback

from scatter.cli import campaigns, potentials
from scatter.cli.words import app
from scatter.settings import UserError

__all__ = ["app", "campaigns", "main", "potentials"]

INTERRUPTED = 130  # what typer makes of Ctrl-C
# What a disk, a file system or its rights may say whenever a file is touched.
NOT_OURS = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG,
    errno.ESTALE, errno.ENOENT, errno.ENOTDIR, errno.EISDIR,
}  # fmt: skip


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2.

    An error that one rank alone has met ends all of them.
    """
    from scatter.campaign.ranks import Agreed, Stopped, leave

    try:
        app()
    except UserError as error:
        leave(f"scatter: {error}", 2, isinstance(error, Agreed))
    except Stopped as stop:
        leave(f"scatter: {stop}", INTERRUPTED, stop.together)
    except SystemExit as end:
        if end.code != INTERRUPTED:
            raise
        leave("scatter: interrupted; the same command goes on where this one stopped", INTERRUPTED)
    except OSError as error:
        if error.errno not in NOT_OURS:
            leave(traceback.format_exc(), 1)
        leave(f"scatter: {_disk(error)}", 2)
    except Exception:
        leave(traceback.format_exc(), 1)


def _disk(error: OSError) -> str:
    """One sentence about a file that cannot be read or written."""
    where = f"{error.filename}: " if error.filename else ""
    return (
        f"{where}{error.strerror}; nothing that was finished is lost: mend that (room, rights, a "
        "folder that has vanished), and give the same command again"
    )
