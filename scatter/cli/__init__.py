"""The command line: parse, call one room, turn the user's mistake into one line."""

import sys
import traceback
from collections.abc import Iterable
from io import TextIOWrapper

from scatter.cli import campaigns, potentials
from scatter.cli.words import app
from scatter.settings import UserError

__all__ = ["app", "campaigns", "main", "potentials"]

INTERRUPTED = 130  # what typer makes of Ctrl-C


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2.

    An error that one rank alone has met ends all of them.
    """
    from scatter.campaign.ranks import Agreed, leave

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that has no Å or ² gets a ?
            stream.reconfigure(errors="replace")
    try:
        _refuse_unprintable(sys.argv[1:])
        app()
    except UserError as error:
        leave(f"scatter: {error}", 2, isinstance(error, Agreed))
    except SystemExit as end:
        if end.code != INTERRUPTED:
            raise
        leave("scatter: interrupted; the same command goes on where this one stopped", INTERRUPTED)
    except Exception:
        leave(traceback.format_exc(), 1)


def _refuse_unprintable(arguments: Iterable[str]) -> None:
    """Names that break lines or are no text could be neither told of nor written into a file."""
    for argument in arguments:
        if not argument.isprintable():
            raise UserError(
                f"{argument!a}: this argument holds characters that do not print; rename the file"
            )
