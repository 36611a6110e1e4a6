"""The most diverse of many points, and how far each of the others is from them."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from jaxtyping import Float, Int


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order, so that the same seed makes the same choice on any number of cores."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


@_one_thread()
def diverse(
    points: Float[np.ndarray, "frame feature"], number: int, seed: int
) -> Int[np.ndarray, " chosen"]:
    """Indices of the most diverse points, increasing: half typical, half far from all others.

    The first half are the points nearest to the centres of a k-means clustering, so that they lie
    densely where the pool does; then the point that is farthest from all chosen is taken again and
    again. The greedy rule reaches at most twice the smallest possible largest distance from a
    point of the pool to the nearest chosen one.

    Source: Gonzalez, Theor. Comput. Sci. 38, 293 (1985).
    """
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.metrics import pairwise_distances_argmin

    clusters = max(1, number // 2)
    means = MiniBatchKMeans(clusters, random_state=seed, batch_size=4096)
    centres = means.fit(points).cluster_centers_
    chosen = [*np.unique(pairwise_distances_argmin(centres, points))]
    squares = (points**2).sum(axis=1)
    left = np.full(len(points), np.inf, points.dtype)
    for latest in [*chosen, *[None] * (number - len(chosen))]:
        if latest is None:
            latest = np.argmax(left)
            chosen.append(latest)
        apart = squares + squares[latest] - 2 * points @ points[latest]
        np.minimum(left, apart, out=left)
        left[latest] = -np.inf  # never twice, whatever rounding makes of its distance
    return np.sort(np.array(chosen))


@_one_thread()
def distances_to_kept(
    points: Float[np.ndarray, "frame feature"], chosen: np.ndarray, seed: int
) -> dict[str, Float[np.ndarray, " frame"]]:
    """From each frame of the pool to the nearest one kept, and to that of a random choice."""
    from sklearn.metrics import pairwise_distances_argmin_min

    drawn = np.random.default_rng(seed).choice(len(points), len(chosen), replace=False)
    sets = {"chosen": chosen, "random": drawn}
    return {
        name: pairwise_distances_argmin_min(points, points[which])[1].astype(float)
        for name, which in sets.items()
    }
