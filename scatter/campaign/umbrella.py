"""The points of a campaign that have umbrellas, and running their chains."""

from pathlib import Path

from rich.console import Console

from scatter.campaign.chained import CHAINS, Chained
from scatter.campaign.desorbing import chains_of
from scatter.campaign.prepare import Prepared
from scatter.campaign.ranks import Ranks
from scatter.campaign.walkers import Walkers, walkers_of
from scatter.campaign.watch import Watch
from scatter.config import Input, Point, points
from scatter.initial.projectile import Diatomic
from scatter.potentials.base import Potential


def umbrellas(
    input: Input,
    folder: Path,
    prepared: Prepared,
    ranks: Ranks,
    console: Console,
    potential: Potential,
) -> None:
    """Run the chains of every point, where the input asks for them; every rank must call this.

    Args:
        input: of the campaign.
        folder: of its results.
        prepared: what shots start from.
        ranks: all of them.
        console: where to speak.
        potential: that trajectories run on.

    Raises:
        Stopped: the user wants it to end.
        UserError: a file of them is damaged, or nothing leaves.
    """
    table, watch = input.incidence.umbrella, Watch(ranks, console)
    if table.range_eV is None:
        return
    with watch.watching():
        for number, point in enumerate(points(input)):
            walkers = walkers_at(input, prepared, point, potential, watch)
            crossings = prepared.crossings[point.facet, point.T_K, point.molecule].crossings
            name = f"{point.molecule} on ({point.facet}) at {point.T_K:g} K, umbrella"
            Chained(table, folder, walkers, crossings, number, name, ranks, console).run()


def walkers_at(
    input: Input, prepared: Prepared, point: Point, potential: Potential, watch: Watch
) -> Walkers:
    """What moves and runs the starts of a point."""
    slab = next(s for s in prepared.slabs if (s.facet, s.T_K) == (point.facet, point.T_K))
    molecule = prepared.projectiles[point.molecule]
    assert isinstance(molecule, Diatomic)
    chains = chains_of(input, prepared.potential, slab, point.molecule, molecule)
    conditions = prepared.conditions(input, slab, molecule.numbers, CHAINS, potential.place)
    return walkers_of(chains, molecule, conditions, potential, prepared.potential, watch)
