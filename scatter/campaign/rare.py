"""Which points of a campaign are split, and splitting them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from scatter.analysis import sticking_of_counts
from scatter.analysis.repeated import RARE
from scatter.campaign.climbers import Climbers
from scatter.campaign.latents import Latents
from scatter.campaign.legs import Leg
from scatter.campaign.parts import Parts
from scatter.campaign.prepare import Prepared
from scatter.campaign.ranks import Ranks
from scatter.campaign.reactive import Moved
from scatter.campaign.samplers import Ended, requests
from scatter.campaign.splitting import Splitting
from scatter.campaign.watch import Watch
from scatter.config import Input, Point, points, points_table
from scatter.initial.projectile import Diatomic
from scatter.outcomes import Outcome
from scatter.potentials.base import Potential
from scatter.report.table import point_names
from scatter.settings import UserError


def refuse_unsplit(input: Input, parts: Parts) -> None:
    """Raise UserError where points would be split, and custom parts cannot take part."""
    own = {
        "a custom sampler decides itself which starts are run": parts.sampler is not None,
        "custom observers watch crude trajectories": bool(parts.observers),
        "a custom projectile is drawn, and cannot be moved": parts.projectile is not Diatomic,
    }
    for what, given in own.items():
        if input.sampling.splits and given:
            raise UserError(
                f'[sampling] method = "{input.sampling.method}": {what}; leave it out, or write '
                'method = "crude"'
            )


def rare_points(input: Input, ended: Ended) -> list[int]:
    """The numbers of the points that are to be split.

    Args:
        input: of the campaign.
        ended: its crude trajectories.
    """
    sampling, every = input.sampling, range(len(ended.points))
    if not sampling.splits:
        return []
    if sampling.method == "splitting":
        return [*every]
    product = sampling.target_product
    events = ended.stuck if product is None else ended.product(product)
    return [point for point in every if events[point] < RARE]


def split(
    input: Input,
    folder: Path,
    prepared: Prepared,
    ranks: Ranks,
    console: Console,
    potential: Potential,
    rare: Sequence[int],
) -> None:
    """Split these points of a campaign, one after another; every rank must call this.

    Args:
        input: of the campaign.
        folder: of its results.
        prepared: what trajectories start from.
        ranks: all of them.
        console: where to speak.
        potential: that trajectories run on.
        rare: numbers of the points.

    Raises:
        Stopped: the user wants it to end.
        UserError: files of it are damaged, or of other settings.
    """
    if not rare:
        return
    every, watch = points(input), Watch(ranks, console)
    nothing = np.zeros((len(every), len(Outcome)), np.int64)
    names = point_names(sticking_of_counts(points_table(every), nothing))
    with watch.watching():
        for number in rare:
            leg = leg_of(every, prepared, number)
            trajectories = Moved(input, every, prepared, leg.slab)
            latents = Latents(trajectories, number)
            explorer = Climbers(input, prepared, potential, leg, latents, ranks, watch)
            Splitting(input, folder, explorer, number, names[number], console).run()


def leg_of(every: Sequence[Point], prepared: Prepared, number: int) -> Leg:
    """The slab and the atomic numbers of a point."""
    point = every[number]
    slab = next(s for s in prepared.slabs if (s.facet, s.T_K) == (point.facet, point.T_K))
    return Leg(slab, prepared.projectiles[point.molecule].numbers, requests(number, 0)[:0])
