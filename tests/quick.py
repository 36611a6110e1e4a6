"""A plugin for `scripts/test quick`: what of the suite answers at once, and without torch.

Rules, and no list, say what is left out:

- what needs torch, which is hidden here even where it is installed: a file that imports it, and a
  test that fails after it has asked for it;
- what starts processes by `processes`;
- of a test with parameters, all cases but the first;
- what is marked `slow`. A test that takes longer than `MOST_S`, besides compiling what numba keeps,
  and is not marked fails.
"""

import sys
import time

import processes
import pytest
from numba.core import event

HIDDEN = {"torch", "mace", "e3nn", "triton"}
MOST_S = 4  # of processor time, which a busy machine does not stretch
ASKED = []  # what was asked for of the hidden, since a test has begun


class Hidden:
    """Finds modules, but none of the hidden."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            ASKED.append(name)
            raise ModuleNotFoundError(f"{name} is hidden from the quick tests", name=name)


def _left_out(*_, **__):
    pytest.skip("starts a process")


sys.meta_path.insert(0, Hidden)
processes.begun = _left_out


def _wants_hidden(error):
    """Whether an error, or what it came of, is that a module is hidden."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and str(error.name).split(".")[0] in HIDDEN:
            return True
        error = error.__cause__ or error.__context__
    return False


def _as_skipped(report, item):
    report.outcome = "skipped"
    report.longrepr = (str(item.path), 0, "Skipped: needs torch")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    ASKED.clear()
    report = yield
    if report.failed and ASKED:
        _as_skipped(report, collector)
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    known, kept, others = set(), [], []
    for item in items:
        name = item.nodeid.partition("[")[0]
        left_out = name in known or item.get_closest_marker("slow")
        (others if left_out else kept).append(item)
        known.add(name)
    items[:] = kept
    config.hook.pytest_deselected(items=others)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    ASKED.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    began, compiled = time.process_time(), []
    with event.install_timer("numba:compile", compiled.append):
        answer = yield
    took = time.process_time() - began - sum(compiled)
    assert took < MOST_S, f"took {took:.0f} s of processor time: mark it slow, or make it quicker"
    return answer


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.excinfo and (ASKED or _wants_hidden(call.excinfo.value)):
        _as_skipped(report, item)
    return report
