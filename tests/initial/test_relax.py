"""Slabs at rest: relaxed, rigid, or at 0 K."""

import numpy as np
import pytest
from pydantic import ValidationError

from scatter.initial.checks import findings
from scatter.initial.relax import STILL_eV_per_A, at_rest, relaxed, to_relax
from scatter.initial.slab import build
from scatter.initial.surface import Surface
from scatter.potentials.analytic import Analytic
from scatter.potentials.base import Evaluator, Potential
from scatter.settings import UserError

A = 3.615


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path))


def slab(facet="110", **keys):
    surface = Surface(facet=facet, size=[2, 2, 5], lattice_constant_A=A,
                      **({"temperature_K": 0} | keys))  # fmt: skip
    return surface, *build(surface, facet, A)


def test_no_force_is_left_on_a_slab_at_0_K_and_its_top_layer_has_sunk():
    _, system, ideal = slab()
    potential = Analytic()
    _, before = at_rest(system, ideal, potential)
    positions = relaxed(system, ideal, potential, to_relax(system, ideal))
    snapshots, after = at_rest(system, positions, potential)
    assert before > 0.01
    assert after < STILL_eV_per_A
    assert (positions[~system.moving] == ideal[~system.moving]).all()
    assert positions[system.top, 2].mean() < ideal[system.top, 2].mean() - 0.01
    assert len(snapshots) == 1
    assert not snapshots.momenta.any()
    assert findings(snapshots, system, positions, 0.0) == []


def test_of_a_rigid_slab_the_upper_half_is_relaxed_and_nothing_moves_later():
    surface, system, ideal = slab(frozen_layers="all", temperature_K=300, relax=True)
    assert not system.moving.any()
    free = to_relax(system, ideal)
    assert free.sum() == 2 * 4  # of five layers
    assert surface.pool(10**6, 300) == range(1)
    positions = relaxed(system, ideal, Analytic(), free)
    assert (positions[~free] == ideal[~free]).all()
    assert np.abs(positions - ideal)[free].max() > 0.01


def test_what_was_relaxed_is_kept_in_the_cache():
    _, system, ideal = slab()
    first = relaxed(system, ideal, Analytic(), system.moving)

    class Silent(Analytic):
        def bind(self, system, slots):
            raise AssertionError("nothing is to be computed again")

    assert (relaxed(system, ideal, Silent(), system.moving) == first).all()


class Slope(Potential):
    """A hill without a valley."""

    elements, description, cutoff, identity = frozenset({29}), "a slope", 1.0, "slope"

    def bind(self, system, slots):
        return Sloping()


class Sloping(Evaluator):
    def begin(self, slots, positions):
        return self(positions)

    def __call__(self, positions):
        return -(positions + 0.05 * positions**2).sum(axis=(1, 2)), 1 + 0.1 * positions

    def keep(self, slots):
        raise AssertionError("no replica ends before the others")


def test_a_slab_that_does_not_come_to_rest_is_refused(monkeypatch):
    monkeypatch.setattr("scatter.initial.relax.MOST_STEPS", 20)
    _, system, ideal = slab()
    with pytest.raises(UserError, match="after 20 steps a force of .* eV/Å is still left"):
        relaxed(system, ideal, Slope(), system.moving)


class Coarse(Analytic):
    """Forces with the noise of few digits: another one at every place, the same at the same."""

    def __init__(self, noise):
        super().__init__()
        self.noise, self.identity, self.calls = noise, f"coarse {noise}", 0

    def energies_and_forces(self, system, positions):
        energies, forces = (
            Analytic().bind(system, len(positions)).begin(np.arange(len(positions)), positions)
        )
        self.calls += 1
        return energies, forces + self.noise * np.sin(3e7 * positions) * system.moving[:, None]

    def bind(self, system, slots):
        return Potential.bind(self, system, slots)


@pytest.mark.parametrize("noise", [5e-4, 1e-2])
def test_forces_of_few_digits_come_to_rest_as_far_as_these_tell(noise):
    _, system, ideal = slab()
    exact = relaxed(system, ideal, Analytic(), system.moving)
    coarse = Coarse(noise)
    found = relaxed(system, ideal, coarse, system.moving)
    assert at_rest(system, found, coarse)[1] > STILL_eV_per_A
    assert at_rest(system, found, Analytic())[1] < 4 * noise
    assert np.abs(found - exact).max() < np.abs(ideal - exact).max()
    assert coarse.calls < 400


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_a_force_that_rounding_does_not_explain_is_refused(monkeypatch, noise):
    """Of a search that stops early, or of forces that hardly have a digit."""
    monkeypatch.setattr("scatter.initial.relax.MOST_STEPS", 80 if noise else 1)
    _, system, ideal = slab()
    with pytest.raises(UserError, match="and more than rounding explains, which moves forces by"):
        relaxed(system, ideal, Coarse(noise), system.moving)


def test_a_slab_is_relaxed_by_default_only_where_it_moves_at_0_K():
    relaxes = [
        slab(temperature_K=kelvin, frozen_layers=frozen)[0].relaxes(kelvin)
        for kelvin, frozen in ((0, 2), (300, 2), (0, "all"), (300, "all"))
    ]
    assert relaxes == [True, False, False, False]
    assert slab(temperature_K=300, relax=True)[0].relaxes(300)
    assert not slab(relax=False)[0].relaxes(0)


def test_a_slab_at_rest_draws_one_snapshot_and_a_warm_one_what_it_always_did():
    mixed = slab(temperature_K=[0, 300])[0]
    assert mixed.pool(5, 0) == range(1)
    assert mixed.pool(5, 300) == mixed.thermalise.pool(5)


def test_thermalising_a_slab_at_rest_is_refused():
    with pytest.raises(ValidationError, match="nothing is thermalised; leave .surface.thermalise"):
        slab(thermalise={"replicas": 4})
