"""The command line: parse, call one room, turn the user's mistake into one line."""

import traceback

from scatter.cli import campaigns, fits, potentials
from scatter.cli.words import app
from scatter.settings import UserError

__all__ = ["app", "campaigns", "fits", "main", "potentials"]

INTERRUPTED = 130  # what typer makes of Ctrl-C


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2.

    An error that one rank alone has met ends all of them.
    """
    from scatter.campaign.ranks import Agreed, leave

    try:
        app()
    except UserError as error:
        leave(f"scatter: {error}", 2, isinstance(error, Agreed))
    except SystemExit as end:
        if end.code != INTERRUPTED:
            raise
        leave("scatter: interrupted; the same command goes on where this one stopped", INTERRUPTED)
    except Exception:
        leave(traceback.format_exc(), 1)
