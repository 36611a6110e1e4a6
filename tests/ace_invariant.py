"""Linear ACEs of random weights on a true basis: invariant, as every one that is fitted."""

from dataclasses import replace

import numpy as np
from ace_models import random_ace

from scatter.ace.file import ORDERS
from scatter.ace.fitting.basis import Degrees, basis_of

SMALL = (Degrees((6, 6, 6, 5)), Degrees((6, 6, 6, 5), most={0: 1}))  # species 0 is hydrogen
DEFAULT = (Degrees(most={0: 1}), Degrees(most={0: 2}))  # the same, of the default size
SIZES = {2: 0.1, 3: 0.03, 4: 0.01}  # of the weights by order, so that all orders count


def invariant_ace(degrees=SMALL, seed=0, **settings):
    """A model for hydrogen and copper, species 0 and 1, with these degrees for each centre."""
    rng = np.random.default_rng(seed)
    basis = basis_of(2, degrees)
    orders = np.array([len(pattern) for pattern in basis.patterns])
    scale = np.vectorize(SIZES.get)(orders)
    weights = rng.normal(size=basis.has.shape) * scale * basis.has
    found = {"spec": basis.spec, "weights": weights}
    for order in ORDERS:
        products = basis.products[order]
        coefficients = np.zeros((2, len(products.factors)))
        function, product = products.entries.T
        np.add.at(coefficients.T, product, weights[:, function].T * products.values[:, None])
        found |= {
            f"products_{order}": products.factors, f"coefficients_{order}": coefficients,
            f"coupling_{order}": products.entries, f"coupling_values_{order}": products.values,
        }  # fmt: skip
    return replace(random_ace(seed, n=basis.radial, **settings), **found)
