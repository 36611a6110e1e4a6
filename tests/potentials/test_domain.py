from dataclasses import replace

import numpy as np
import pytest

from scatter.mace.cpu import MaceFused
from scatter.mace.file import FoldedMace
from scatter.potentials.domain import Domain
from scatter.potentials.families import SHIPPED
from scatter.settings import UserError

DOMAIN = Domain(np.array([1, 29]), np.array([[0.4, 1.2], [1.2, 0]]), np.diag([2.4, 0]))


def test_a_domain_knows_pairs_in_any_order_and_no_others():
    assert DOMAIN.closest_of(29, 1) == DOMAIN.closest_of(1, 29) == 1.2
    assert DOMAIN.closest_of(1, 28) == 0
    assert DOMAIN.longest_of(1, 1) == 2.4
    assert DOMAIN.longest_of(1, 7) == DOMAIN.longest_of(29, 29) == np.inf
    assert DOMAIN.record() == {"closest H-H": 0.4, "closest H-Cu": 1.2, "longest H-H": 2.4}


def test_a_file_keeps_its_domain_and_its_identity_does_not_hang_on_it(tmp_path):
    shipped = FoldedMace.read(SHIPPED)
    replace(shipped, closest=DOMAIN.closest, longest=DOMAIN.longest).write(tmp_path / "a.npz")
    again = MaceFused.read(tmp_path / "a.npz")
    assert again.domain.record() == DOMAIN.record()
    assert again.identity == MaceFused.read(SHIPPED).identity


def test_a_file_without_a_domain_is_read_as_before(tmp_path):
    replace(FoldedMace.read(SHIPPED), closest=None, longest=None).write(tmp_path / "old.npz")
    with np.load(tmp_path / "old.npz") as arrays:
        assert not {"closest", "longest"} & set(arrays.files)
    assert MaceFused.read(tmp_path / "old.npz").domain is None


@pytest.mark.parametrize(
    ("closest", "longest", "sentence"),
    [
        (DOMAIN.closest, None, "is not a converted model"),
        (DOMAIN.closest[:1], DOMAIN.longest, "'closest' has shape"),
        (DOMAIN.closest, np.full((2, 2), np.inf), "not finite"),
        (-DOMAIN.closest, DOMAIN.longest, "negative"),
    ],
)
def test_half_a_domain_or_a_senseless_one_is_refused(tmp_path, closest, longest, sentence):
    with np.load(SHIPPED) as arrays:
        spoilt = {name: arrays[name] for name in arrays.files} | {"closest": closest}
    del spoilt["longest"]
    if longest is not None:
        spoilt["longest"] = longest
    np.savez(tmp_path / "a.npz", **spoilt)
    with pytest.raises(UserError, match=sentence):
        FoldedMace.read(tmp_path / "a.npz")
