"""The leverage of a molecule's atoms: how far a linear ACE extrapolates about them."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from scatter.ace.file import ORDERS, LinearAce
from scatter.ace.kernels.harmonics import norm
from scatter.ace.kernels.leverage import Functions, leverages
from scatter.ace.program import spline_coefficients
from scatter.potentials.neighbours import VerletLists
from scatter.potentials.sharing import Sharing
from scatter.state import System


class Leverage:
    """The larger leverage γ_i = |M b_i|² of a molecule's two atoms, the last of a system.

    b_i are the values of all functions of an atom and M is the file's `leverage`, a root of the
    inverse of what the rows of the fit add up to.
    """

    column = "leverage"

    def __init__(self, model: LinearAce):
        """Take a model that holds M."""
        self.model, self.identity = model, model.sha256()

    def bind(
        self, system: System, slots: int
    ) -> Callable[[Float[np.ndarray, "some atom 3"]], Float[np.ndarray, " some"]]:
        """What measures replicas of the system."""
        known = self.model.numbers.tolist()
        species = np.array([known.index(z) for z in system.numbers])
        cutoff, size = float(self.model.cutoff.max()), self.model.leverage.shape[2]
        last = (len(system) - 2, len(system) - 1)
        functions = {z: functions_of(self.model, z) for z in species[list(last)].tolist()}
        sharing = Sharing()

        def measure(positions: Float[np.ndarray, "some atom 3"]) -> Float[np.ndarray, " some"]:
            each = sharing(len(positions), lambda: both(positions))
            # an atom that is nowhere has no neighbours, and would be well known
            return np.where(np.isfinite(positions).all(axis=(1, 2)), np.maximum(*each), np.nan)

        def both(positions: Float[np.ndarray, "some atom 3"]) -> list[np.ndarray]:
            lists = VerletLists(system, len(positions), cutoff, 0.0)
            lists.update(positions)
            return [
                leverages(
                    atom,
                    np.ascontiguousarray(positions),
                    species,
                    (lists.first, lists.second, lists.shift),
                    lists.counts,
                    functions[int(species[atom])],
                    size,
                )
                for atom in last
            ]

        return measure


def functions_of(model: LinearAce, centre: int) -> Functions:
    """The arrays of one centre species."""
    products = [
        np.pad(
            model.products(order), np.array(((0, 0), (0, max(ORDERS) - order))), constant_values=-1
        )
        for order in ORDERS
    ]
    starts = np.cumsum([0, *(len(part) for part in products)])
    coupling = [getattr(model, f"coupling_{order}") for order in ORDERS]
    singles = len(model.numbers) * model.two_body.shape[3]
    entries = np.concatenate(
        [part[:, 1] + start for part, start in zip(coupling, starts, strict=False)]
    )
    places = singles + np.concatenate([part[:, 0] for part in coupling])
    root = model.leverage[centre]
    kept = np.flatnonzero((root != 0).any(axis=0))
    needed = np.isin(places, kept)
    samples = np.concatenate([model.radial[centre], model.two_body[centre]], axis=2)
    z, n, degree, m = model.spec.T
    highest = range(int(degree.max(initial=0)) + 1)
    return Functions(
        table=np.ascontiguousarray(spline_coefficients(samples)),
        radial=model.radial.shape[3],
        square=model.cutoff[centre] ** 2,
        per_step=1 / model.step,
        spec=np.stack([n, degree**2 + degree + m], axis=1),
        ranges=np.searchsorted(z, np.arange(len(model.numbers) + 1)),
        norms=np.array([norm(k, each) for k in highest for each in range(-k, k + 1)]),
        products=np.concatenate(products),
        functions=places[needed],
        entries=entries[needed],
        values=np.concatenate([getattr(model, f"coupling_values_{k}") for k in ORDERS])[needed],
        root=np.ascontiguousarray(root[(root != 0).any(axis=1)][:, kept].T),
        kept=kept,
    )
