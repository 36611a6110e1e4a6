"""Trajectories that share a snapshot of the slab: what that takes from the intervals of S0."""

from collections.abc import Iterator

import numpy as np

from scatter.analysis.shared_snapshots import shared_snapshots
from scatter.results.folder import ResultsFile

NOTICED = 0.1  # of the width of an interval, surely


def by_slab(results: ResultsFile) -> Iterator[tuple[str, str, np.ndarray]]:
    """The name of each slab, its facet, and the trajectories on it."""
    points, rows = results.points, results.trajectories
    for facet, T_K in dict.fromkeys((row.facet, row.T_K) for row in results.rows):
        alike = (points["facet"] == facet) & (points["T_K"] == T_K)
        mine = rows[np.isin(rows["point"], points["point"][alike])]
        yield f"{results.surfaces[facet]}, {T_K:g} K", facet, mine


def sharing_sentences(results: ResultsFile) -> Iterator[str]:
    """A sentence for each slab whose snapshots are few for the intervals of S0.

    They count that trajectories of one snapshot may end alike (`Sticking.design`). Where these do,
    two standard errors beyond doubt, and that widens intervals by a tenth and more, it is said.
    """
    for slab, _, rows in by_slab(results):
        shared = shared_snapshots(rows)
        least = shared.correlation - 2 * shared.error
        if np.isfinite(shared.error) and shared.widening(least) > NOTICED:
            yield (
                f"{slab}: {shared.sharers:.0f} trajectories of a point share each of "
                f"{shared.snapshots} snapshots, and end alike: intervals of S0 count that, and are "
                f"{1 + shared.widening(shared.correlation):.1f} times as wide; those of states "
                'and the like do not. [surface.thermalise] snapshots = "auto" avoids it'
            )
