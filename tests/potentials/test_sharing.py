"""Which number of threads is chosen, on machines whose speed is a formula."""

import numpy as np
import pytest
from numba_threads import threads_as_before

from scatter.potentials import sharing
from scatter.potentials.sharing import Sharing, use_threads

CALL_S = 1e-3  # of 10 replicas on one thread


class Machine:
    """Numba's threads and the clock, both simulated; `times` slower is a call on two threads."""

    def __init__(self, times):
        self.times, self.now, self.threads = times, 0.0, 2
        self.delay = lambda now: 1.0  # by what others do
        self.calls = {1: 0, 2: 0}

    def get_num_threads(self):
        return self.threads

    def set_num_threads(self, count):
        self.threads = count

    def work(self, load=1.0):
        self.calls[self.threads] += 1
        self.now += CALL_S * load * (self.times if self.threads == 2 else 1.0)
        self.now += CALL_S * (self.delay(self.now) - 1.0)
        return self.calls

    def lasting(self, shared, calls, amount=10):
        """Seconds that so many calls take."""
        began = self.now
        for _ in range(calls):
            assert shared(amount, self.work) is self.calls
            assert self.threads == 2  # as before
        return self.now - began


@pytest.fixture
def machine(monkeypatch):
    def make(times):
        found = Machine(times)
        monkeypatch.setattr(sharing, "numba", found)
        monkeypatch.setattr(sharing, "perf_counter", lambda: found.now)
        return found

    return make


@pytest.mark.parametrize("times", [1.2, 5.0, 500.0])
def test_threads_that_hinder_one_another_cost_little(machine, times):
    made = machine(times)
    calls = 60_000
    assert made.lasting(Sharing(), calls) < calls * CALL_S / 0.95


@pytest.mark.parametrize("times", [0.5, 0.9])
def test_threads_that_help_are_used(machine, times):
    made = machine(times)
    calls = 10_000
    assert made.lasting(Sharing(), calls) < calls * CALL_S * times * 1.05


def test_a_short_piece_of_work_is_done_by_one_thread(machine):
    made = machine(500.0)
    made.lasting(Sharing(), 40)
    assert made.calls[2] == 0


def test_a_load_that_comes_and_goes_is_followed(machine):
    made, shared, calls = machine(0.5), Sharing(), 20_000
    made.lasting(shared, calls)
    made.times = 30.0
    assert made.lasting(shared, calls) < calls * CALL_S / 0.9
    made.times = 0.5
    assert made.lasting(shared, calls) < calls * CALL_S * 0.65


@pytest.mark.parametrize("times", [0.7, 1.0, 1.3, 3.0])
def test_what_others_do_now_and_then_does_not_mislead(machine, times):
    """Whichever way is timed, it is as fast as it would be, or half as fast, for a while."""
    made, rng = machine(times), np.random.default_rng(1)
    busy = rng.random(2000) < 0.5
    made.delay = lambda now: 2.0 if busy[int(now / 0.13)] else 1.0
    calls, best = 60_000, CALL_S * (min(times, 1.0) + 0.5)
    assert made.lasting(Sharing(), calls) < calls * best / 0.92


def test_one_replica_is_never_shared(machine):
    made = machine(0.5)
    made.lasting(Sharing(), 1000, amount=1)
    assert made.calls[2] == 0


def test_what_is_compiled_in_the_first_call_is_not_timed(machine):
    made, shared = machine(2.0), Sharing()
    shared(10, lambda: made.work(load=1e4))
    calls = 20_000
    assert made.lasting(shared, calls) < calls * CALL_S / 0.95


def test_a_piece_of_work_that_fails_leaves_the_threads_as_they_were(machine):
    made = machine(1.0)
    with pytest.raises(ZeroDivisionError):
        Sharing()(10, lambda: 1 / 0)
    assert made.threads == 2


def test_there_are_no_more_threads_than_numba_has():
    with threads_as_before():
        assert use_threads(1) == 1
        assert use_threads(10**6) == sharing.get_thread_count()
