"""The annotations are checked while the tests run, however often a function is made."""

import jaxtyping
import numpy as np
import pytest
from type_checks import CALLS, FIRST, THEN, checked, now_and_again

from scatter.analysis.quadrupole import combined_interval
from scatter.shapes import Float

PAIR, WHOLE = np.zeros(2), np.zeros(2, int)


def total_of(kind):
    """A new function each time, of one name and several annotations."""

    @jaxtyping.jaxtyped(typechecker=checked)
    def total(first: kind, second: kind) -> float:
        return float(first.sum() + second.sum())

    return total


def test_arrays_of_wrong_shapes_are_refused_in_what_the_hook_has_wrapped():
    CALLS.clear()
    assert combined_interval(PAIR, PAIR, PAIR, PAIR) == (0, 0)
    with pytest.raises(jaxtyping.TypeCheckError):
        combined_interval(PAIR, PAIR, PAIR, np.zeros(3))


def test_a_function_that_is_made_again_is_checked_again():
    for kind, right, wrong in 2 * (
        (Float[np.ndarray, " n"], (PAIR, PAIR), (PAIR, np.zeros(3))),
        (Float[np.ndarray, "n n"], (np.eye(2), np.eye(2)), (PAIR, PAIR)),
        (np.ndarray, (WHOLE, PAIR), (1, 2)),
    ):
        assert total_of(kind)(*right) >= 0
        with pytest.raises(jaxtyping.TypeCheckError):
            total_of(kind)(*wrong)


def test_an_answer_of_another_type_is_refused():
    @jaxtyping.jaxtyped(typechecker=checked)
    def answer(value: float) -> str:
        return value  # pyright: ignore[reportReturnType]

    for _ in range(2):
        with pytest.raises(jaxtyping.TypeCheckError):
            answer(1.0)


def test_defaults_are_those_of_each_function():
    def made(default):
        @jaxtyping.jaxtyped(typechecker=checked)
        def answer(value: float = default) -> float:
            return value

        return answer

    assert [made(1.0)(), made(2.0)()] == [1.0, 2.0]
    with pytest.raises(jaxtyping.TypeCheckError):
        made("a")()


def test_the_first_calls_are_checked_and_then_now_and_again():
    @now_and_again(typechecker=checked)
    def answer(value: float) -> float:
        return value

    refused = 0
    for _ in range(FIRST + 3 * THEN):
        try:
            answer("a")  # pyright: ignore[reportArgumentType]
        except jaxtyping.TypeCheckError:
            refused += 1
    assert FIRST < refused <= FIRST + 4
