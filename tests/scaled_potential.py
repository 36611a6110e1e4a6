"""A potential that differs from the analytic one by a factor."""

from scatter.potentials.analytic import Analytic
from scatter.potentials.base import Evaluator, Potential


class Scaled(Potential):
    """The analytic potential, all energies and forces times a factor."""

    def __init__(self, factor):
        self.factor, self.model = factor, Analytic()
        self.elements, self.cutoff = self.model.elements, self.model.cutoff
        self.description = f"{factor} times the analytic potential"
        self.identity = f"{factor} {self.model.identity}"

    def bind(self, system, slots):
        return ScaledEvaluator(self.model.bind(system, slots), self.factor)


class ScaledEvaluator(Evaluator):
    def __init__(self, evaluator, factor):
        self.evaluator, self.factor = evaluator, factor

    def begin(self, slots, positions):
        return tuple(self.factor * part for part in self.evaluator.begin(slots, positions))

    def __call__(self, positions):
        return tuple(self.factor * part for part in self.evaluator(positions))

    def keep(self, slots):
        self.evaluator.keep(slots)


def softer():
    """The analytic potential times 0.9, as an input may name it."""
    return Scaled(0.9)
