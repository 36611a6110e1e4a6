import time
from statistics import median

import numpy as np
import pytest
from mpi4py import MPI

from scatter.campaign.ranks import Ranks
from scatter.settings import UserError

pytestmark = pytest.mark.mpi

BUSY_S = 3.0  # rank 0 computes for so long without entering MPI
CLAIM_S = 0.05  # what a claim may take in the median meanwhile


@pytest.fixture
def ranks():
    return Ranks()


@pytest.fixture
def tally(ranks):
    tally = ranks.tally(4)
    yield tally
    ranks.wait()
    tally.close()


def test_every_piece_of_work_is_claimed_once_and_none_is_left_out(ranks, tally):
    wanted, mine = 2000, []
    chunk = 1 + ranks.rank  # ranks that claim differently much
    while (first := tally.claim(2, chunk)) < wanted:
        mine += range(first, min(first + chunk, wanted))
    claimed = ranks.gather(mine)
    assert sorted(sum(claimed, [])) == list(range(wanted))
    assert tally.read()[[0, 1, 3]].tolist() == [0, 0, 0]


def test_what_the_ranks_add_is_summed(ranks, tally):
    for _ in range(100):
        tally.add(1, np.array([1, 10 + ranks.rank, 0]))
    ranks.wait()
    others = sum(range(ranks.size))
    expected = [0, 100 * ranks.size, 1000 * ranks.size + 100 * others, 0]
    assert tally.read().tolist() == expected


def test_a_claim_waits_for_no_rank_that_computes(ranks, tally):
    # the worst claim is not bounded: the system may take the processor away from a rank
    spans = []
    ranks.wait()
    end = time.monotonic() + BUSY_S
    numbers = np.linspace(0, 1, 10_000)
    while time.monotonic() < end:
        if ranks.first:
            numbers = np.sin(numbers)
        else:
            began = time.perf_counter()
            tally.claim(0, 1)
            spans.append(time.perf_counter() - began)
            time.sleep(0.01)
    spans = sum(ranks.gather(spans), [])
    if ranks.first:
        print(f"\nclaims: {len(spans)}, median {median(spans):.2e} s, worst {max(spans):.2e} s")
    assert len(spans) > 10
    assert median(spans) < CLAIM_S


def test_what_rank_0_makes_is_on_every_rank(ranks):
    assert ranks.share(lambda: f"made by {ranks.rank}") == "made by 0"
    assert ranks.gather(ranks.rank) == list(range(ranks.size))
    assert ranks.on_host(ranks.rank) == [*range(ranks.size)]


def mistake(text):
    raise UserError(text)


def test_a_mistake_that_rank_0_alone_meets_is_raised_on_every_rank(ranks):
    with pytest.raises(UserError, match="^met by 0$"):
        ranks.share(lambda: mistake(f"met by {ranks.rank}"))
    assert ranks.gather("on") == ["on"] * ranks.size


def test_a_mistake_of_any_rank_is_raised_on_every_rank(ranks):
    last = ranks.size - 1
    with pytest.raises(UserError, match=f"^met by {last}$"):
        ranks.agree(lambda: mistake(f"met by {last}") if ranks.rank == last else "fine")
    assert ranks.agree(lambda: ranks.rank) == MPI.COMM_WORLD.rank
