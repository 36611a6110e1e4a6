import numpy as np
import pytest
from mace_models import KINDS, folded_model, hydrogen_on_copper

from scatter.kernels import lanes
from scatter.kernels.memory import aligned
from scatter.mace.cpu import MaceFused, scratch
from scatter.mace.kernels.loss import Structures, loss
from scatter.potentials.neighbours import VerletLists
from scatter.state import System

QUADRATIC, CUBIC = [*KINDS][:2]
NO_VIRIAL = np.full((3, 3), np.nan)
LEARNT = [
    "table_1", "table_2", "product_1", "product_2", "up", "up_0", "energy_1", "mix", "hidden_0",
    "hidden_1", "hidden_2", "energy_2", "constant",
]  # fmt: skip


class Case:
    """One structure whose atoms all move, on the model of a kind."""

    def __init__(self, kind):
        system, positions = hydrogen_on_copper(1)
        free = np.ones(len(system), bool)
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
        sent = np.zeros((1, atoms * len(weights.energy_1)))
        room = np.zeros((1, 2, atoms, 3)), sent, np.zeros((1, 2, len(first), 3))
        memory = scratch(weights, atoms, self.lists.first.shape[1], 1)
        residuals = loss(np.array([0]), structures, by, True, weights, memory, room, found)
        return *residuals, found


def zeros(weights, *workers):
    """A gradient to be added to."""
    return weights._replace(
        **{name: aligned(np.zeros((*workers, *getattr(weights, name).shape))) for name in LEARNT}
    )


def changed(weights, name, by):
    """Weights of which one array, and what follows from it, has changed."""
    array = getattr(weights, name) + by
    channels = len(weights.energy_1)
    found = {name: aligned(array)}
    if name in ("up", "hidden_2"):
        found[f"{name}_back"] = array.reshape(channels, -1).T
    elif name == "mix":
        found["mix_back"] = array.reshape(4, channels, channels).transpose(0, 2, 1)
    elif name == "hidden_1":
        turned = array.reshape(len(array), channels, -1).transpose(0, 2, 1)
        found["hidden_1_back"] = turned.reshape(len(array), -1)
    elif name.startswith("table"):
        found[name.replace("table", "slopes")] = slopes(array, weights)
    for key, value in found.items():
        flat = np.ascontiguousarray(value)
        found[key] = aligned(flat if key.startswith("hidden_1") or key == name else flat.ravel())
    return weights._replace(**found)


def by_knot(table, weights):
    """A table as (tables and blocks, knot, l and lane)."""
    return table.reshape(-1, weights.rows_of_block // (4 * lanes(64)), 4 * lanes(64))


def slopes(table, weights):
    """Of the splines of a table: differences of coefficients."""
    knots = by_knot(table, weights)
    return (np.diff(knots, axis=1, append=0) * weights.grid[0]).ravel()


def direction(weights, name, rng):
    """A random change of an array; of a table one that is as smooth as the table."""
    array = getattr(weights, name)
    if not name.startswith("table"):
        return rng.normal(size=array.shape) * max(abs(array).max(), 0.1)
    knots = by_knot(array, weights)
    return (knots * rng.normal(size=(len(knots), 1, knots.shape[2]))).ravel()


@pytest.fixture(scope="module", params=[QUADRATIC, CUBIC])
def case(request):
    return Case(request.param)


@pytest.mark.parametrize("name", LEARNT)
def test_the_gradient_by_the_weights_is_the_slope_of_the_energy(case, name):
    """Without labels of forces, and an energy 1 eV too high: N² (e / N)² has the slope 2 ∂E/∂θ."""
    weights, atoms = case.potential.weights, len(case.system)
    energy, forces = case.evaluated(weights)
    by = 1.0 * atoms**2, 3.0, 2.0
    *_, found = case.gradient(energy - 1.0, np.full_like(forces, np.nan), by)
    along, step = direction(weights, name, np.random.default_rng(0)), 1e-5
    both = [case.evaluated(changed(weights, name, sign * step * along))[0] for sign in (1, -1)]
    case.potential.weights = weights
    slope = (both[0] - both[1]) / (2 * step)
    assert abs(slope) > 1e-6
    assert (getattr(found, name)[0] * along).sum() == pytest.approx(2 * slope, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", ["table_1", "table_2", "product_1", "mix", "hidden_1", "energy_2"])
def test_the_gradient_of_the_loss_is_its_slope(case, name):
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
    along, step = direction(weights, name, rng), 1e-5
    both = [value(changed(weights, name, sign * step * along)) for sign in (1, -1)]
    case.potential.weights = weights
    slope = (both[0] - both[1]) / (2 * step)
    assert (getattr(found, name)[0] * along).sum() == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize("name", ["table_1", "table_2", "product_1", "mix", "hidden_1", "energy_2"])
@pytest.mark.parametrize("of_forces", [False, True])
def test_the_gradient_of_a_loss_with_virials_is_its_slope(case, name, of_forces):
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
    along, step = direction(weights, name, rng), 1e-5
    both = [value(changed(weights, name, sign * step * along)) for sign in (1, -1)]
    case.potential.weights = weights
    slope = (both[0] - both[1]) / (2 * step)
    assert (getattr(found, name)[0] * along).sum() == pytest.approx(slope, rel=1e-3)
