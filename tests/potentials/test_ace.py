import numpy as np
import pytest
from ace_invariant import invariant_ace
from ace_models import random_ace

from scatter.ace.cpu import Ace
from scatter.ace.kernels.layout import Layout
from scatter.ace.program import weights_of
from scatter.ace.sum import factored
from scatter.ace.values import Places, energy_of, layout_of, seen_alone, shapes_of
from scatter.potentials.base import Potential
from scatter.potentials.table import PotentialTable, open_potential, potential_from_name
from scatter.settings import UserError
from scatter.state import lone


def value_of(energy, a):
    """The sum of rows for values A."""
    nodes = [a[one] * a[other] for one, other in energy.nodes]
    values = np.concatenate([a, nodes])
    terms = sum(c * values[one] * values[other] for (one, other), c in energy.terms.items())
    return terms + sum(c * values[row] for row, c in energy.constants.items())


def places_of(model):
    return Places(Layout(shapes_of(layout_of(model))), len(model.numbers), 8)


@pytest.fixture
def products():
    rng = np.random.default_rng(0)
    rows = {tuple(sorted(rng.integers(0, 12, order).tolist())) for order in [2, 3, 4] * 40}
    return [(row, float(rng.normal())) for row in sorted(rows)]


def test_a_factored_sum_has_the_value_of_its_products(products):
    a = np.random.default_rng(1).normal(size=12)
    expected = sum(c * np.prod(a[list(row)]) for row, c in products)
    assert value_of(factored(products, 12), a) == pytest.approx(expected, rel=1e-12)


def test_a_factored_sum_has_fewer_nodes_than_products(products):
    nodes = factored(products, 12).nodes
    assert len(nodes) == len(set(nodes))
    assert len(nodes) < 0.7 * sum(len(row) > 2 for row, _ in products)


def test_a_program_without_a_species_is_what_is_left_when_its_A_vanish():
    model = random_ace()
    places = places_of(model)
    a = np.random.default_rng(2).normal(size=places.total)
    a[: places.factors] = 0
    whole = energy_of(model, 0, places)
    alone = seen_alone(whole, 0b10, places)
    assert value_of(alone, a) == pytest.approx(value_of(whole, a), rel=1e-12)
    assert len(alone.terms) < len(whole.terms) / 2


def test_products_that_a_centre_lacks_cost_nothing():
    weights = weights_of(invariant_ace(), 8)
    terms = np.diff(weights.term_start[weights.row_start])[::2]  # of energies; densities follow
    both = weights.programs[:, 0b11]
    assert terms[both[1]] < 0.8 * terms[both[0]]  # copper has products with one hydrogen at most


def test_more_than_four_species_have_one_program_each():
    weights = weights_of(random_ace(numbers=(1, 2, 3, 4, 5), n=1, degree=1), 8)
    assert weights.programs.shape == (5, 1)


def test_factors_that_no_product_uses_take_no_place():
    model = random_ace(degree=5, products=(1, 0, 0))
    used = model.spec[model.products_2.ravel(), 2].max()
    assert Layout(shapes_of(layout_of(model))).degree == used <= 5


def test_a_file_of_a_linear_ace_is_opened_by_its_content(tmp_path):
    model = random_ace()
    model.write(tmp_path / "x.npz")
    table = PotentialTable(kind="ace", file=str(tmp_path / "x.npz"))
    for potential in (open_potential(table), potential_from_name(str(tmp_path / "x.npz"))):
        assert isinstance(potential, Ace)
        assert isinstance(potential, Potential)
        assert potential.identity == Ace(model).identity
        assert potential.description == "linear ACE x.npz (H, Cu)"
        assert potential.elements == {1, 29}
        assert potential.cutoff == 4.0


def test_a_file_of_another_kind_is_refused(tmp_path):
    np.savez(tmp_path / "y.npz", a=1)
    with pytest.raises(UserError, match="is not a linear ACE"):
        open_potential(PotentialTable(kind="ace", file=str(tmp_path / "y.npz")))
    with pytest.raises(UserError, match="is not a converted model"):
        potential_from_name(str(tmp_path / "y.npz"))
    with pytest.raises(UserError, match="there is no such file"):
        open_potential(PotentialTable(kind="ace", file=str(tmp_path / "z.npz")))


def test_an_element_that_the_model_does_not_know_is_refused():
    with pytest.raises(UserError, match="does not know O; it knows H, Cu"):
        Ace(random_ace()).bind(lone(1, 8), 1)
