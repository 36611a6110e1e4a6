"""Trees of `.yace` files with random numbers, of every kind that is read."""

import numpy as np

from scatter.ace.yace.write import yace_tree

KINDS = {
    "ChebPow": {"radparameters": [2.0]},
    "ChebExpCos": {"radparameters": [4.0], "dcut": 0.3},
    "SBessel": {},
}
INNER = {"rcut_in": 1.1, "dcut_in": 0.4, "inner_cutoff_type": "distance"}
CORE = {"prehc": 20.0, "lambdahc": 1.5}


def tree_of(model, kind, changes=None, functions=7, seed=0):
    """The tree of a model, its radial functions replaced by random ones of this kind."""
    rng = np.random.default_rng(seed)
    tree, _ = yace_tree(model, functions)
    for bond in tree["bonds"].values():
        shape = np.array(bond["radcoefficients"]).shape
        bond["radcoefficients"] = rng.normal(0, 0.3, shape).tolist()  # of their own for each l
        bond |= {"radbasename": kind} | KINDS[kind] | (changes or {})
    for each in tree["functions"].values():
        for function in each:
            if function["rank"] == 1:
                function["ctildes"] = rng.normal(0, 0.1, 1).tolist()
    return tree
