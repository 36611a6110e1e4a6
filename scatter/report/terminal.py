"""Where to speak: the user's terminal, also through a launcher that pipes it."""

import os
from pathlib import Path

from rich.console import Console

from scatter.phrases import in_lines

LAUNCHERS = ("mpirun", "mpiexec", "hydra", "orterun", "prterun", "prun")


def console(first: bool) -> Console:
    """The console of a rank: silent on all but the first; live where a person is watching.

    A launcher hands on what rank 0 prints, escape sequences included, so it is live under mpirun
    too if the launcher itself writes to a terminal. Elsewhere lines are wide, for tables to fit.
    """
    if not first:
        return Console(quiet=True)
    if Console().is_terminal:
        return Console()
    size = _launchers_terminal()
    if size is None:
        return Console(width=120)
    return Console(force_terminal=True, width=size.columns, height=size.lines)


def say(console: Console, text: str) -> None:
    """Print sentences: in a terminal in lines that end between words, elsewhere as they are."""
    if console.is_terminal:
        text = in_lines(text, console.width)
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def clock(seconds: float) -> str:
    """A time span for people: 42 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _launchers_terminal() -> os.terminal_size | None:
    """Size of the terminal that the launcher of this process writes to; None if there is none."""
    process = os.getppid()
    try:
        while (Path("/proc") / str(process) / "comm").read_text().startswith(LAUNCHERS):
            output = Path("/proc") / str(process) / "fd" / "1"
            if os.readlink(output).startswith(("/dev/pts/", "/dev/tty")):
                with open(output, "rb") as terminal:
                    return os.get_terminal_size(terminal.fileno())
            status = (Path("/proc") / str(process) / "stat").read_text()
            process = int(status.rpartition(")")[2].split()[1])
    except OSError:
        pass
    return None
