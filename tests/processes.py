"""Processes that tests start: none keeps the suite waiting; one that hangs shows what it wrote."""

import os
import signal
import subprocess
import time
from contextlib import suppress

PATIENCE_S = 300  # longer than any process of a test takes while the machine is busy


def begun(command, **options):
    """A process whose text goes to pipes, in a session of its own with all that it starts."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, start_new_session=True, **pipes, **options)


def end_all(process):
    """Kill a process that was begun, and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def outcome(process, within=PATIENCE_S):
    """What a process that was begun has written when it has ended: output, errors.

    Raises:
        AssertionError: it had not ended after so many seconds; the error holds what was written.
    """
    try:
        return process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        end_all(process)
        out, err = process.communicate()
        words = f"{process.args} hung: it had not ended after {within} s"
        raise AssertionError(f"{words}\nits output:\n{out}\nits errors:\n{err}") from None
    except BaseException:  # such as the end of the time that a test has
        end_all(process)
        raise


def finished(command, within=PATIENCE_S, **options):
    """How a command ended, as `subprocess.run` says it; it fails as `outcome` does if it hangs."""
    process = begun(command, **options)
    out, err = outcome(process, within)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def wait_until(happened, process, within=PATIENCE_S):
    """Look now and again, and not all the time: the process needs the core to get there."""
    deadline = time.monotonic() + within
    while not happened():
        assert process.poll() is None, f"{process.args} ended before, with {process.returncode}"
        assert time.monotonic() < deadline, f"{process.args} did not get there in {within} s"
        time.sleep(0.02)
