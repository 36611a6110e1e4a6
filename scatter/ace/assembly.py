"""A linear ACE of radial tables and sums of products, as files of other programs give them."""

import numpy as np
from jaxtyping import Float

from scatter.ace.file import ORDERS, VERSION, LinearAce
from scatter.ace.yace.harmonics import Factor, Products


class Assembly:
    """Makes linear ACEs with the same radial functions and products."""

    def __init__(
        self,
        numbers: list[int],
        cutoff: Float[np.ndarray, "species species"],
        radial: Float[np.ndarray, "species species sample n"],
        products: list[tuple[Factor, ...]],
        name: str,
    ):
        """Take what they have in common.

        Args:
            numbers: atomic numbers of the species.
            cutoff: of each pair of species, Å.
            radial: as `LinearAce.radial`.
            products: of real A, two to four.
            name: of the file, for people.
        """
        self.numbers, self.cutoff, self.radial, self.name = numbers, cutoff, radial, name
        self.spec = sorted({factor for key in products for factor in key})
        self.keys = {order: [key for key in products if len(key) == order] for order in ORDERS}

    def model(
        self,
        sums: list[Products],
        pair: Float[np.ndarray, "species species sample"],
        constant: Float[np.ndarray, " species"],
    ) -> LinearAce:
        """The model with these coefficients; every product is a function.

        Args:
            sums: coefficients of the products, for each centre species.
            pair: as `LinearAce.pair`.
            constant: energy of a lone atom of each species.
        """
        place = {factor: k for k, factor in enumerate(self.spec)}
        arrays, weights, at = {}, [], 0
        for order, keys in self.keys.items():
            rows = [[place[factor] for factor in key] for key in keys]
            c = np.array([[each.get(key, 0.0) for key in keys] for each in sums])
            weights.append(c.reshape(len(sums), len(keys)))
            functions = np.stack([at + np.arange(len(keys)), np.arange(len(keys))], axis=1)
            at += len(keys)
            arrays |= {
                f"products_{order}": np.array(rows, np.int64).reshape(-1, order),
                f"coefficients_{order}": weights[-1],
                f"coupling_{order}": functions,
                f"coupling_values_{order}": np.ones(len(keys)),
            }
        count = len(sums)
        return LinearAce(
            version=VERSION,
            kind="ace",
            numbers=np.array(self.numbers),
            cutoff=self.cutoff,
            constant=constant,
            radial=self.radial,
            pair=pair,
            spec=np.array(self.spec, np.int64).reshape(-1, 4),
            **arrays,
            two_body=pair[..., None].copy(),
            two_body_weights=np.ones((count, count, 1)),
            weights=np.concatenate(weights, axis=1),
            leverage=np.zeros((count, 0, 0)),
            provenance=self.name,
        )
