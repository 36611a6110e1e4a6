"""Whatever the bytes, a reader answers or refuses in one sentence; some 2,000 of them."""

from random import Random

import pytest
from fuzz_targets import TARGETS, made, obeys, put
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SLOW = {"results.h5": 8, "potential": 60, "ace": 60, "yace": 60, "model": 60, "cache": 60}
EACH = 150


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_the_bytes_a_reader_answers_or_refuses_in_one_sentence(name, tmp_path):
    target = TARGETS[name]
    seeds = target.seeds()

    @settings(
        max_examples=SLOW.get(name, EACH), derandomize=True, deadline=None, database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    @given(st.integers(0, 2**64 - 1))
    def law(number):
        obeys(target, put(target, tmp_path, made(target, seeds, Random(number))))

    law()


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "model"])
def test_what_the_attack_begins_with_is_accepted(name, tmp_path):
    target = TARGETS[name]
    assert obeys(target, put(target, tmp_path, target.seeds()[0]))
