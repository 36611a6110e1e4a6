"""Random numbers of the way: the words are those of Random123, and what comes of them is normal."""

import numpy as np
import pytest
from scipy.stats import kstest

from scatter.config import words_on_the_way
from scatter.dynamics.noise import Purpose, philox, standard_normal

# Known answers of Random123 for Philox4x32-10: counter, key, words; the last are digits of pi.
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip
STREAM = np.array([[1, 2, 3], [2**32 - 1, 0, 77]])
ATOMS = np.arange(4)


def words(text):
    return tuple(np.array([int(word, 16)]) for word in text.split())


def normal(stream=STREAM, draw=(0, 0), atoms=ATOMS, purpose=Purpose.BATH):
    draws = np.asarray(draw)[:, None]
    return standard_normal(np.asarray(stream), draws, np.asarray(atoms), purpose)[:, 0]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_the_words_are_those_of_random123(counter, key, expected):
    assert philox(words(counter), words(key)) == words(expected)


def test_torch_gives_the_words_of_numpy():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    counter, key = (tuple(rng.integers(0, 2**32, 100) for _ in range(n)) for n in (4, 2))
    other = philox(*(tuple(map(torch.as_tensor, given)) for given in (counter, key)))
    for here, there in zip(philox(counter, key), other, strict=True):
        assert (here == there.numpy()).all()
        assert ((here >= 0) & (here < 2**32)).all()


def test_torch_gives_the_normal_numbers_of_numpy_to_rounding():
    torch = pytest.importorskip("torch")
    given = (torch.as_tensor(array) for array in (STREAM, np.array([[0], [9]]), ATOMS))
    there = standard_normal(*given, Purpose.BATH)[:, 0]
    assert there.numpy() == pytest.approx(normal(draw=(0, 9)), rel=1e-14, abs=1e-15)


def test_the_numbers_are_standard_normal_and_independent():
    stream = np.random.default_rng(1).integers(0, 2**32, (2000, 3))
    drawn = np.concatenate(
        [normal(stream, np.full(2000, step), np.arange(10)) for step in range(3)], axis=1
    )
    flat, n = drawn.ravel(), drawn.size
    assert kstest(flat, "norm").pvalue > 1e-4
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((flat**power).mean() - moment) < 4 * np.sqrt(variance / n), power
    columns = drawn.reshape(2000, -1)  # atoms, steps and axes side by side
    for values in (columns, columns**2 - 1):
        seen = (values.T @ values / len(values))[np.triu_indices(columns.shape[1], 1)]
        scale = 1 if values is columns else 2
        assert abs(seen).max() < 5 * scale / np.sqrt(len(values))


def test_a_number_depends_on_its_own_trajectory_step_and_atom_alone():
    whole = normal(draw=(5, 6))
    for slot in range(2):
        alone = normal(STREAM[slot : slot + 1], [5 + slot], [2])
        assert (alone[0, 0] == whole[slot, 2]).all()
    for other in (
        normal(STREAM + [1, 0, 0], (5, 6)), normal(STREAM + [0, 1, 0], (5, 6)),
        normal(STREAM + [0, 0, 1], (5, 6)), normal(draw=(7, 8)),
        normal(draw=(5, 6), atoms=ATOMS + 9),
    ):  # fmt: skip
        assert (other != whole).all()


def test_trajectories_have_words_of_their_own():
    conditions = [(7, 2**63, 0), (8, 2**63, 0), (7, 2**63 + 1, 0), (7, 2**63, 1), (7, 2**63, 0, 1)]
    known = {tuple(words_on_the_way(*each).tolist()) for each in conditions}
    assert len(known) == len(conditions)
    assert all(0 <= word < 2**32 for each in known for word in each)
