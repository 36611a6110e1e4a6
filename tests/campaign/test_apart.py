"""A molecule that feels its images, or the slab where it starts, is refused before it runs."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_less

from scatter.campaign.apart import Placed, coupling, refuse_coupling, refuse_images, shortest_repeat
from scatter.config import read
from scatter.initial.slab import build
from scatter.initial.snapshots import Snapshots
from scatter.potentials.analytic import Analytic
from scatter.potentials.base import Evaluator, Potential
from scatter.potentials.table import PotentialTable, open_potential
from scatter.settings import UserError

H2 = Placed.of((1, 1), np.array([1.008, 1.008]), 0.9)


@pytest.fixture(scope="module")
def shipped():
    return open_potential(PotentialTable())


def settings(write_tiny, folder, **changes):
    return read(write_tiny(folder, **changes)).input


def slab_of(input):
    return build(input.surface, input.surface.labels[0], 3.65)


def at_rest(system, positions):
    still = np.zeros((1, *positions.shape))
    one = np.zeros(1)
    return Snapshots(one.astype(int), one.astype(int), one, positions[None], still, one)


@pytest.mark.parametrize("size", [[1, 1, 4], [2, 2, 4], [1, 4, 4], [3, 2, 4]])
def test_a_molecule_that_meets_its_images_is_refused(write_tiny, tmp_path, shipped, size):
    input = settings(write_tiny, tmp_path, surface__size=size)
    with pytest.raises(UserError, match=r"size = .* so H2 feels its own images, by .* meV"):
        refuse_images(input, shipped, slab_of(input)[0])
    meant = settings(write_tiny, tmp_path, surface__size=size, surface__images=True)
    refuse_images(meant, shipped, slab_of(meant)[0])


def test_a_cell_that_is_wide_enough_is_not(write_tiny, tmp_path, shipped):
    input = settings(write_tiny, tmp_path, surface__size=[3, 3, 4])
    refuse_images(input, shipped, slab_of(input)[0])


def test_what_matters_is_the_energy_and_not_the_cutoff(write_tiny, tmp_path):
    """Of the analytic potential, molecules do not feel one another, however near they are."""
    input = settings(write_tiny, tmp_path, surface__size=[1, 1, 4])
    refuse_images(input, Analytic(), slab_of(input)[0])


def test_the_shortest_repeat_of_a_skew_cell_is_found():
    cell = np.array([[10.0, 0, 0], [9.0, 2.0, 0], [0, 0, 30]])
    assert shortest_repeat(cell) @ shortest_repeat(cell) == pytest.approx(1 + 4)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"incidence__height_A": 3.0}, r"height_A = 3: the molecule still feels the slab there"),
        ({"stop__scattered_A": 2.5}, r"scattered_A = 2.5: the molecule still feels the slab"),
    ],
)
def test_a_molecule_that_feels_the_slab_at_either_end_is_refused(
    write_tiny, tmp_path, changes, sentence
):
    input = settings(write_tiny, tmp_path, **changes)
    system, positions = slab_of(input)
    with pytest.raises(UserError, match=sentence):
        refuse_coupling(input, Analytic(), system, at_rest(system, positions), [H2])
    allowed = input.model_copy(update={"guards": input.guards.model_copy(
        update={"coupling_eV": 5.0})})  # fmt: skip
    refuse_coupling(allowed, Analytic(), system, at_rest(system, positions), [H2])


def test_a_height_that_the_sentence_names_is_safe(write_tiny, tmp_path):
    input = settings(write_tiny, tmp_path, incidence__height_A=3.0)
    system, positions = slab_of(input)
    with pytest.raises(UserError) as refused:
        refuse_coupling(input, Analytic(), system, at_rest(system, positions), [H2])
    height = float(str(refused.value).split("from ")[1].split()[0])
    better = settings(write_tiny, tmp_path, incidence__height_A=height)
    refuse_coupling(better, Analytic(), system, at_rest(system, positions), [H2])


def test_heights_count_from_the_highest_atom_where_the_top_plane_lies_deep(write_tiny, tmp_path):
    """A top plane in the midst of the slab, as a wrong rule once put it, is found out."""
    input = settings(write_tiny, tmp_path)
    system, positions = slab_of(input)
    deep = replace(system, top=np.arange(4))
    with pytest.raises(UserError, match="still feels the slab"):
        refuse_coupling(input, Analytic(), deep, at_rest(system, positions), [H2])


def test_the_coupling_falls_with_the_height_and_is_that_of_the_energies(write_tiny, tmp_path):
    input = settings(write_tiny, tmp_path)
    system, positions = slab_of(input)
    found = [coupling(Analytic(), system, at_rest(system, positions), H2, z) for z in (2, 3, 4, 5)]
    assert_array_less(np.diff(found), 1e-12)
    assert found[0] > 0.01
    assert found[-1] == pytest.approx(0, abs=1e-10)
    free = Placed.of((1, 1), np.array([1.008, 1.008]), 0.8)
    assert coupling(Analytic(), system, at_rest(system, positions), free, 6.0) < 1e-10


def test_what_a_molecule_feels_of_its_images_is_not_taken_for_the_slab(
    write_tiny, tmp_path, shipped
):
    input = settings(write_tiny, tmp_path, surface__size=[1, 1, 4], surface__images=True)
    system, positions = slab_of(input)
    far = at_rest(system, positions)
    assert coupling(shipped, system, far, H2, shipped.cutoff + 1.0) == pytest.approx(0, abs=1e-4)
    near = coupling(shipped, system, far, H2, 2.0)
    assert near > 0.01


def test_a_potential_that_gives_no_number_there_is_refused(write_tiny, tmp_path):
    class Broken(Potential):
        """No number where a molecule is above a slab."""

        cutoff = 20.0

        def bind(self, system, slots):
            class Bound(Evaluator):
                def begin(self, slots, positions):
                    return np.full(len(positions), np.nan), np.zeros(positions.shape)

            return Bound()

    input = settings(write_tiny, tmp_path)
    system, positions = slab_of(input)
    with pytest.raises(UserError, match="still feels the slab there, by inf"):
        refuse_coupling(input, Broken(), system, at_rest(system, positions), [H2])
    with pytest.raises(UserError, match="feels its own images"):
        refuse_images(input, Broken(), system)
