"""The kinds that are not models in a file: the analytic potential, and calculators of ASE."""

from scatter.potentials.base import Potential
from scatter.potentials.families import Family, Options


class AnalyticFamily(Family):
    """The analytic potential for hydrogen on copper."""

    needs, allows = (), ()

    def open(self, options: Options) -> Potential:
        """The analytic potential."""
        from scatter.potentials.analytic import Analytic

        return Analytic()


class AseFamily(Family):
    """Calculators of ASE, and what a module of one's own makes."""

    needs, allows = ("calculator",), ("parameters",)

    def open(self, options: Options) -> Potential:
        """The calculator as a potential.

        Raises:
            UserError: there is no such calculator, or it refuses its parameters.
        """
        named = str(options.calculator)
        if ":" in named:
            from scatter.potentials.own import open_own

            return open_own(named, options.parameters)
        from scatter.potentials.ase import AseCalculator

        return AseCalculator(named, dict(options.parameters))
