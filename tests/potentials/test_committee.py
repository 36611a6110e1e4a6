import numpy as np
import pytest
from scaled_potential import Scaled

from scatter.potentials.analytic import Analytic
from scatter.potentials.committee import Committee, disagreement


def test_disagreement_is_the_standard_deviation_of_the_force_on_the_worse_atom():
    rng = np.random.default_rng(2)
    forces = rng.normal(size=(4, 9, 2, 3))
    spread = np.sqrt(forces.var(axis=0).sum(axis=-1))  # over members, then along x, y, z
    assert disagreement([*forces]) == pytest.approx(spread.max(axis=1), rel=1e-12)


def test_members_that_agree_do_not_disagree():
    forces = np.random.default_rng(2).normal(size=(5, 2, 3))
    assert (disagreement([forces, forces]) == 0).all()


def test_members_that_differ_by_a_factor_disagree_by_its_share(hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=3)
    measure = Committee([Analytic(), Scaled(1.2)]).bind(system, 3)
    forces = Analytic().bind(system, 3).begin(np.arange(3), positions)[1][:, -2:]
    largest = np.sqrt((forces**2).sum(axis=-1)).max(axis=1)
    assert measure(positions) == pytest.approx(0.1 * largest, rel=1e-9)


def test_a_replica_has_the_same_bits_whoever_is_asked_about_with_it(hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=4)
    measure = Committee([Analytic(), Scaled(0.9), Scaled(1.3)]).bind(system, 4)
    whole = measure(positions)
    for first in range(4):
        assert measure(positions[first:]).tobytes() == whole[first:].tobytes()


def test_other_members_make_another_committee():
    one, other = Committee([Analytic(), Scaled(1.1)]), Committee([Analytic(), Scaled(1.2)])
    assert one.identity != other.identity
