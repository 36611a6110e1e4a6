import numpy as np
import pytest
from ace_invariant import invariant_ace

from scatter.ace.cpu import Ace
from scatter.mace.mace_torch import MaceTorch
from scatter.potentials.analytic import Analytic
from scatter.potentials.ase import AseCalculator
from scatter.potentials.base import Evaluator, Potential
from scatter.potentials.check import deviations

POTENTIALS = {
    "ace": lambda mace_file: Ace(invariant_ace()),
    "analytic": lambda mace_file: Analytic(),
    "ase": lambda mace_file: AseCalculator("emt"),
    "mace": lambda mace_file: MaceTorch(mace_file, "cpu", "float64", trust_pickle=True),
}


@pytest.mark.parametrize("kind", POTENTIALS)
def test_every_potential_keeps_every_law(kind, mace_file, hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=2)
    found = deviations(POTENTIALS[kind](mace_file), system, positions, np.random.default_rng(1))
    assert not found.broken()


class Spoilt(Potential):
    """The analytic potential with one fault."""

    elements, description, cutoff, identity = Analytic.elements, "", Analytic.cutoff, ""

    def __init__(self, fault):
        self.fault = fault

    def bind(self, system, slots):
        return SpoiltEvaluator(self.fault, system, Analytic().bind(system, slots))


class SpoiltEvaluator(Evaluator):
    def __init__(self, fault, system, sound):
        self.fault, self.system, self.sound, self.calls = fault, system, sound, 0

    def begin(self, slots, positions):
        return self.spoil(positions, *self.sound.begin(slots, positions))

    def __call__(self, positions):
        self.calls += 1
        return self.spoil(positions, *self.sound(positions))

    def keep(self, slots):
        self.sound.keep(slots)

    def spoil(self, x, energies, forces):
        return self.fault(self, x, energies, forces)


FAULTS = {
    "gradient": lambda self, x, e, f: (e, f * 1.001),
    "translation": lambda self, x, e, f: (e + 1e-3 * x[:, :, 2].sum(axis=1), f),
    "image": lambda self, x, e, f: (e + 1e-3 * abs(x[:, 0, 0] - x[:, -1, 0]), f),
    "rotation": lambda self, x, e, f: (e + 1e-3 * abs(x[:, -2, 2] - x[:, -1, 2]), f),
    "permutation": lambda self, x, e, f: (e, f + 1e-3 * (np.arange(f.shape[1]) == 4)[:, None]),
    "frozen": lambda self, x, e, f: (e, f + 1e-300),
    "held": lambda self, x, e, f: (e + 1e-3 * self.system.moving.sum(), f),
    "separation": lambda self, x, e, f: (e + 1e-3, f),
    "memory": lambda self, x, e, f: (e + 1e-6 * self.calls, f),
    "batch": lambda self, x, e, f: (e + 1e-14 * np.arange(len(e)), f),
    "invalid": lambda self, x, e, f: (np.nan_to_num(e), f),
}


@pytest.mark.parametrize("law", FAULTS)
def test_a_broken_law_is_named(law, hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=2)
    found = deviations(Spoilt(FAULTS[law]), system, positions, np.random.default_rng(1))
    assert any(sentence.startswith(law) for sentence in found.broken())
