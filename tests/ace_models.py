"""Random linear ACE models: not invariant, but smooth, and with everything the file can hold."""

from dataclasses import replace

import numpy as np

from scatter.ace.file import MARGIN, VERSION, LinearAce


def random_ace(
    seed=0, numbers=(1, 29), cutoff=4.0, n=3, degree=3, products=(20, 40, 60), samples=1024
):
    """A model with random products of random factors.

    Args:
        seed: of all random numbers.
        numbers: atomic numbers of the species.
        cutoff: Å, or one for each pair of species, shape (species, species).
        n: radial functions.
        degree: the largest l.
        products: how many of two, three and four factors.
        samples: of tables within the largest cutoff.
    """
    rng = np.random.default_rng(seed)
    s = len(numbers)
    cutoffs = np.broadcast_to(np.asarray(cutoff, float), (s, s)).copy()
    r = (np.arange(samples + 2 * MARGIN) - MARGIN) * cutoffs.max() / (samples - 1)
    spec = np.array(
        [(z, k, deg, m) for z in range(s) for k in range(n) for deg in range(degree + 1)
         for m in range(-deg, deg + 1)]
    )  # fmt: skip
    chosen = {
        order: _sorted_rows(rng.integers(0, len(spec), (count, order)))
        for order, count in zip((2, 3, 4), products, strict=True)
    }
    count = sum(map(len, chosen.values()))
    weights = rng.normal(0, 0.1, (s, count))
    found, at = {}, 0
    for order, rows in chosen.items():
        functions = np.arange(at, at + len(rows))
        found[f"products_{order}"] = rows
        found[f"coefficients_{order}"] = weights[:, functions]
        found[f"coupling_{order}"] = np.stack([functions, np.arange(len(rows))], axis=1)
        found[f"coupling_values_{order}"] = np.ones(len(rows))
        at += len(rows)
    two_body = _smooth(rng, cutoffs, r, 2)
    two_body_weights = rng.normal(0, 0.3, (s, s, 2))
    return LinearAce(
        version=VERSION, kind="ace", numbers=np.array(numbers), cutoff=cutoffs,
        constant=rng.normal(size=s), radial=_smooth(rng, cutoffs, r, n),
        pair=np.einsum("ijkt,ijt->ijk", two_body, two_body_weights), spec=spec, **found,
        two_body=two_body, two_body_weights=two_body_weights, weights=weights,
        leverage=np.zeros((s, 0, 0)), provenance="random",
    )  # fmt: skip


def _smooth(rng, cutoffs, r, count):
    """Random smooth functions of r with two continuous derivatives at the cutoff."""
    s = len(cutoffs)
    scale, phase = rng.uniform(0.5, 2, (s, s, 1, count)), rng.uniform(0, 6, (s, s, 1, count))
    inside = np.clip(1 - r[:, None] / cutoffs[:, :, None, None], 0, None)
    return inside**4 * np.sin(scale * r[:, None] + phase)


def _sorted_rows(rows):
    return np.unique(np.sort(rows, axis=1), axis=0)


MORSE = {(1, 1): (4.7, 1.95, 0.74), (1, 29): (0.3, 1.4, 1.6), (29, 29): (0.34, 1.36, 2.87)}


def binding_ace(cutoff=5.0, small=0.02):
    """Hydrogen and copper that Morse potentials hold together, with small random products."""
    model = random_ace(cutoff=cutoff)
    pair = np.zeros_like(model.pair)
    r = np.maximum(model.grid, 0.3)
    inside = np.clip(1 - (r / cutoff) ** 4, 0, 1) ** 3
    for i, j in np.ndindex(2, 2):
        depth, steep, r_0 = MORSE[tuple(sorted(model.numbers[[i, j]].tolist()))]
        pair[i, j] = 0.5 * depth * ((1 - np.exp(-steep * (r - r_0))) ** 2 - 1) * inside
    weaker = {f"coefficients_{order}": small * model.coefficients(order) for order in (2, 3, 4)}
    return replace(model, pair=pair, **weaker)


KINDS = {
    "both species alike": lambda: random_ace(),
    "l up to five, n up to ten": lambda: random_ace(1, n=10, degree=5, products=(200, 300, 300)),
    "cutoffs of their own": lambda: random_ace(3, cutoff=((3.0, 4.0), (4.0, 5.0))),
    "a third species, in another order": lambda: random_ace(4, numbers=(29, 8, 1)),
    "no products": lambda: random_ace(5, products=(0, 0, 0)),
    "five species": lambda: random_ace(6, numbers=(3, 29, 8, 1, 2)),
}
