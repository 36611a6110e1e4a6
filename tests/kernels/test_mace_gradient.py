import numpy as np
import pytest
from ase import Atoms
from mace_models import (
    KINDS,
    SMALL,
    TODAY,
    double,
    folded_model,
    hydrogen_on_copper,
    model_of,
    quiet,
)

from scatter.kernels import lanes
from scatter.kernels.memory import aligned
from scatter.mace.cpu import MaceFused, scratch
from scatter.mace.fold import fold
from scatter.mace.foldable import wanted_species
from scatter.mace.kernels.loss import Structures, loss
from scatter.mace.kernels.memory import LEARNT
from scatter.mace.weights import weights_of
from scatter.potentials.neighbours import VerletLists
from scatter.state import System

QUADRATIC, CUBIC = [*KINDS][:2]
NO_VIRIAL = np.full((3, 3), np.nan)
DENSE, PLAIN_VECTOR, [VECTOR] = [*TODAY][0], [*TODAY][3], [*SMALL]


class Case:
    """One structure whose atoms all move, on the model of a kind."""

    def __init__(self, kind):
        system, positions = hydrogen_on_copper(1)
        free = np.ones(len(system), bool)
        self.kind = kind
        self.system = System(system.numbers, system.cell, system.pbc, free)
        self.potential = MaceFused(folded_model(kind), "float64")
        self.positions = positions[0]
        self.lists = VerletLists(self.system, 1, self.potential.cutoff, 0.5)
        self.lists.update(positions)

    def pairs(self):
        count = self.lists.counts[0]
        return (each[0, :count] for each in (self.lists.first, self.lists.second, self.lists.shift))

    def species(self):
        return self.potential.bind(self.system, 1).evaluate.species

    def evaluated(self, weights, positions=None):
        """Energy and forces with these weights."""
        self.potential.weights = weights
        given = self.positions if positions is None else positions
        energies, forces = self.potential.bind(self.system, 1).begin(np.arange(1), given[None])
        return energies[0], forces[0]

    def virial(self, weights):
        """With these weights; `MaceFused.virial` has a law of its own."""
        self.potential.weights = weights
        return self.potential.virial(self.system, self.positions)

    def gradient(self, energy, forces, by, emphasis=1.0, virial=NO_VIRIAL):
        """Residuals and the gradient of the loss for these labels."""
        weights, atoms = self.potential.weights, len(self.system)
        first, second, shift = self.pairs()
        structures = Structures(
            np.array([0, atoms]), np.array([0, len(first)]), self.positions, self.species(),
            first, second, shift, np.array([energy]), forces, virial[None],
            emphasis * np.ones(atoms),
        )  # fmt: skip
        found = zeros(weights, 1)
        memory = scratch(weights, atoms, self.lists.first.shape[1], 1)
        rooms = np.zeros((1, 2, atoms, 3)), np.zeros((1, 2, len(first), 3))
        room = rooms[0], np.zeros_like(memory.b), rooms[1]
        residuals = loss(np.array([0]), structures, by, True, weights, memory, room, found)
        return *residuals, found


def learnt(weights):
    """Names of the arrays that are learnt of a model."""
    return [name for name in LEARNT if name in weights._fields]


def zeros(weights, *workers):
    """A gradient to be added to."""
    shapes = {name: (*workers, *getattr(weights, name).shape) for name in learnt(weights)}
    return weights._replace(**{name: aligned(np.zeros(shape)) for name, shape in shapes.items()})


def changed(weights, name, by):
    """Weights of which one array, and what follows from it, has changed."""
    array = getattr(weights, name) + by
    channels = len(weights.energy_1)
    found = {name: aligned(array)}
    if name in ("up", "up_v", "hidden_2"):
        found[f"{name}_back"] = array.reshape(channels, -1).T
    elif name == "mix":
        found["mix_back"] = array.reshape(-1, channels, channels).transpose(0, 2, 1)
    elif name == "hidden_1":
        turned = array.reshape(len(array), channels, -1).transpose(0, 2, 1)
        found["hidden_1_back"] = turned.reshape(len(array), -1)
    elif name.startswith("table"):
        found[name.replace("table", "slopes")] = slopes(array, name, weights)
    for key, value in found.items():
        flat = np.ascontiguousarray(value)
        found[key] = aligned(flat if key.startswith("hidden_1") or key == name else flat.ravel())
    return weights._replace(**found)


def by_knot(table, name, weights):
    """A table as (tables and blocks, knot, l or path and lane)."""
    rows = 10 if name == "table_2" and "product_v" in weights._fields else 4
    return table.reshape(-1, weights.rows_of_block // (4 * lanes(64)), rows * lanes(64))


def slopes(table, name, weights):
    """Of the splines of a table: differences of coefficients."""
    knots = by_knot(table, name, weights)
    return (np.diff(knots, axis=1, append=0) * weights.grid[0]).ravel()


def direction(weights, name, rng):
    """A random change of an array; of a table one that is as smooth as the table."""
    array = getattr(weights, name)
    if not name.startswith("table"):
        along = rng.normal(size=array.shape) * max(abs(array).max(), 0.1)
        if name == "product_v":
            along *= 30  # what random models make of vectors moves their energy little
        if name in ("product_1", "product_2") and not weights.cubic:
            along.reshape(len(weights.constant), 13, -1)[:, 5:] = 0  # such are not learnt
        return along
    knots = by_knot(array, name, weights)
    return (knots * rng.normal(size=(len(knots), 1, knots.shape[2]))).ravel()


def slope_of(far_before, before, after, far_after, step):
    """The slope of what has four values at equal distances, to the fourth order in it."""
    return (far_before - 8 * before + 8 * after - far_after) / (12 * step)


def assert_slopes(weights, value, found, rng, rounding=0.0):
    """The gradient of every array is the slope of the value in a random direction, to 1e-6.

    Of a size that is that of the sum of so many terms of random signs.
    """
    for name in learnt(weights):
        along, step = direction(weights, name, rng), 1e-4
        values = (value(changed(weights, name, n * step * along)) for n in (-2, -1, 1, 2))
        slope, terms = slope_of(*values, step), getattr(found, name)[0] * along
        size = max(np.sqrt((terms**2).sum()), abs(slope))
        assert terms.sum() == pytest.approx(slope, abs=max(1e-6 * size, rounding)), name


@pytest.fixture(scope="module", params=[QUADRATIC, CUBIC, DENSE, PLAIN_VECTOR, VECTOR])
def made(request):
    return Case(request.param)


@pytest.fixture
def case(made):
    """The case of a kind, with its own weights whatever the test before has left."""
    weights = made.potential.weights
    yield made
    made.potential.weights = weights


def test_the_gradient_by_the_weights_is_the_slope_of_the_energy(case):
    """Without labels of forces, and an energy 1 eV too high: N² (e / N)² has the slope 2 ∂E/∂θ."""
    weights, atoms = case.potential.weights, len(case.system)
    energy, forces = case.evaluated(weights)
    by = 1.0 * atoms**2, 3.0, 2.0
    *_, found = case.gradient(energy - 1.0, np.full_like(forces, np.nan), by)
    for name in learnt(weights):
        along, step = direction(weights, name, np.random.default_rng(0)), 1e-5
        both = [case.evaluated(changed(weights, name, sign * step * along))[0] for sign in (1, -1)]
        slope = (both[0] - both[1]) / (2 * step)
        assert abs(slope) > 1e-6, name
        product = (getattr(found, name)[0] * along).sum()
        assert product == pytest.approx(2 * slope, rel=1e-6, abs=1e-9), name


def test_the_gradient_of_the_loss_is_its_slope(case):
    weights, atoms = case.potential.weights, len(case.system)
    rng = np.random.default_rng(1)
    energy, forces = case.evaluated(weights)
    labels = energy + 0.3, forces + rng.normal(0, 0.2, forces.shape)
    emphasis = rng.uniform(0.5, 2.0, atoms)

    def value(weights):
        e, f = case.evaluated(weights)
        squares = (emphasis[:, None] * (f - labels[1]) ** 2).sum()
        return 7 * ((e - labels[0]) / atoms) ** 2 + 3 * squares / (3 * atoms)

    errors, squares, _, found = case.gradient(*labels, (7.0, 3.0, 2.0), emphasis)
    assert errors[0] == pytest.approx(-0.3)
    assert squares[0] == pytest.approx(((forces - labels[1]) ** 2).sum(axis=1))
    assert_slopes(weights, value, found, rng)


@pytest.mark.parametrize("of_forces", [False, True])
def test_the_gradient_of_a_loss_with_virials_is_its_slope(case, of_forces):
    """Of virials alone, and of virials and forces, whose directions are gone along together."""
    weights, atoms = case.potential.weights, len(case.system)
    rng = np.random.default_rng(2)
    energy, forces = case.evaluated(weights)
    wrong = rng.normal(0, 1.0, (3, 3))
    known = case.virial(weights) + wrong + wrong.T
    labelled = forces + rng.normal(0, 0.2, forces.shape) * (1.0 if of_forces else np.nan)

    def value(weights):
        squares = np.nansum((case.evaluated(weights)[1] - labelled) ** 2)
        virial = ((case.virial(weights) - known) / atoms) ** 2
        return 3 * squares / (3 * atoms) + 5 * virial.sum() / 9

    *_, square, found = case.gradient(energy, labelled, (0.0, 3.0, 5.0), virial=known)
    assert square[0] == pytest.approx(((wrong + wrong.T) ** 2).sum(), rel=1e-9)
    # energies do not count, so constants have no slope but rounding
    assert_slopes(weights, value, found, rng, rounding=1e-10)


class Torch:
    """The model of a kind in mace-torch, and a random direction of its parameters.

    Parameters of densities stay: what a density divides by is not learnt.
    """

    def __init__(self, kind):
        import torch

        with quiet(), double():
            self.model = model_of(**(KINDS | TODAY | SMALL)[kind]).requires_grad_(True)
        rng, self.along = np.random.default_rng(2), {}
        for name, each in self.model.named_parameters():
            size = 0.0 if "density_fn" in name else float(each.detach().abs().max())
            self.along[name] = torch.from_numpy(size * rng.normal(size=tuple(each.shape)))

    def slope(self, case, labels, by, emphasis):
        """The slope of the loss in the direction, by mace-torch and torch's own gradients."""
        import torch

        with quiet(), double():
            from mace.calculators import MACECalculator

            system, atoms = case.system, len(case.system)
            calculator = MACECalculator(models=[self.model], device="cpu", default_dtype="float64")
            structure = Atoms(system.numbers, case.positions, cell=system.cell, pbc=system.pbc)
            batch = calculator._atoms_to_batch(structure).to_dict()
            self.model.requires_grad_(True)
            self.model.zero_grad()
            found = self.model(batch, training=True)
            residuals = (found["forces"] - torch.from_numpy(labels[1])).nan_to_num()
            squares = (torch.from_numpy(emphasis)[:, None] * residuals**2).sum()
            error = (found["energy"][0] - labels[0]) / atoms
            (by[0] * error**2 + by[1] * squares / (3 * atoms)).backward()
        slopes = {n: p.grad for n, p in self.model.named_parameters() if p.grad is not None}
        return float(sum((slope * self.along[name]).sum() for name, slope in slopes.items()))

    def folded(self, step):
        """The kernel's arrays of the model so far in the direction."""
        import torch

        with torch.no_grad():
            for name, each in self.model.named_parameters():
                each += step * self.along[name]
        self.model.requires_grad_(False)
        model = fold(self.model, wanted_species(self.model, [1, 29]), "a test", "0" * 64)
        with torch.no_grad():
            for name, each in self.model.named_parameters():
                each -= step * self.along[name]
        return weights_of(model, "float64")


def along_parameters(case, labels, by, emphasis, theirs):
    """The slope of the loss along their direction: by array as we have it, and theirs."""
    weights, step = case.potential.weights, 1e-4
    *_, gradient = case.gradient(*labels, by, emphasis)
    expected = theirs.slope(case, labels, by, emphasis)
    ends, ours = [theirs.folded(n * step) for n in (-2, -1, 1, 2)], []
    for name in learnt(weights):
        slope = slope_of(*(getattr(each, name) for each in ends), step)
        ours.append((getattr(gradient, name)[0] * slope).sum())
    return np.array(ours), expected


@pytest.mark.slow
def test_the_gradient_is_that_of_mace_torch(case):
    """All parameters of a model move at once; the folded arrays follow, and the loss with them.

    Without forces nothing is displaced. With them it leaves up to 1e-6 of every array's part.
    """
    rng, theirs = np.random.default_rng(4), Torch(case.kind)
    energy, forces = case.evaluated(case.potential.weights)
    unlabelled = energy + 0.3, np.full_like(forces, np.nan)
    emphasis = rng.uniform(0.5, 2.0, len(case.system))
    ours, expected = along_parameters(case, unlabelled, (7.0, 3.0, 0.0), emphasis, theirs)
    assert ours.sum() == pytest.approx(expected, rel=1e-6)
    labels = energy + 0.3, forces + rng.normal(0, 0.2, forces.shape)
    ours, expected = along_parameters(case, labels, (7.0, 3.0, 0.0), emphasis, theirs)
    assert ours.sum() == pytest.approx(expected, abs=1e-6 * abs(ours).sum())
