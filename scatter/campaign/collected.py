"""What ran on another machine, taken into the folder of its campaign: `scatter collect`.

Rows are made here of what comes back, as `scatter run` makes them.
"""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from scatter import store
from scatter.campaign.elsewhere import order_of, potential_of
from scatter.campaign.frames import Recorder
from scatter.campaign.prepare import Prepared
from scatter.campaign.ranks import Ranks
from scatter.campaign.rows import complete
from scatter.campaign.run import guards_of, holding, report, settle
from scatter.campaign.thermal import ThermalSlab
from scatter.campaign.threads import use_threads
from scatter.campaign.timestep import prepared_step, with_step
from scatter.campaign.uncertain import keep_uncertain
from scatter.campaign.work import Trajectories
from scatter.config import (
    Point,
    Source,
    difference,
    identity,
    points_of,
    points_table,
    read,
)
from scatter.dynamics.baths import BathEnergy
from scatter.friction.motion import ElectronEnergy
from scatter.gpu.endings import Endings
from scatter.gpu.prepared import Results
from scatter.phrases import counted
from scatter.report.failures import refuse_untrusted
from scatter.report.terminal import console as console_of
from scatter.report.terminal import say
from scatter.settings import UserError
from scatter.state import Key


def collect(path: Path, file: Path) -> Path:
    """Take what ran elsewhere into the campaign's folder; answer the folder.

    Raises:
        UserError: the file belongs to another campaign, or the folder does.
        Untrusted: too many trajectories failed, or S0 of a point is not known; all is written.
    """
    ranks = Ranks()
    console = console_of(ranks.first)
    source = read(path)
    use_threads(source.input.run.threads, ranks)
    results = Results.read(file)
    written = json.loads(results.identity)
    step = prepared_step(written, source.input, file)
    like = with_step(source.input, step) if step else source.input
    if differs := difference(written, identity(like), {store.POINTS}):
        raise UserError(f"{file} holds a different campaign: {differs}; name its own input file")
    potential = potential_of(source, results.device)
    if results.potential != potential.identity:
        raise UserError(
            f"{file}: was run on a different potential from that of {path}; name its own input file"
        )
    folder = source.output
    with holding(folder, ranks):
        own = potential, folder, ranks, console, None, guards_of(potential.host, None)
        input, prepared = settle(source, *own, timestep_fs=step)
        source = replace(source, input=input)
        _refuse_another_order(source, written.get(store.POINTS), file)
        taken = _take(source, prepared, results, folder)
        store.merge(folder, points_table(points_of(folder, source.input)))
        report(folder, ranks, console)
        say(console, f"{counted(taken, 'trajectory')} of {file} are in {folder}")
    refuse_untrusted(folder)
    return folder


def _refuse_another_order(source: Source, order: object, file: Path) -> None:
    """Raise UserError unless a file numbers points as the campaign's folder does."""
    if order != order_of(source).get(store.POINTS):
        raise UserError(
            f"{file}: was prepared before points came to {source.output} in another order; "
            "prepare it again"
        )


def _take(source: Source, prepared: Prepared, results: Results, folder: Path) -> int:
    """Write a row for every trajectory that the folder does not hold; answer how many."""
    every_point = points_of(folder, source.input)
    before = store.endings(store.block_files(folder), prepared.row)
    ended = set(before[["point", "number"]].tolist())
    writer = store.BlockWriter(
        folder, 0, partial(complete, points=every_point, projectiles=prepared.projectiles)
    )
    taken = 0
    for part in results.legs:
        if not len(part):
            continue
        if not belongs(part, every_point, source.input.sampling.most):
            raise UserError(
                f"the results that {folder} was to take in hold trajectories that the campaign "
                "does not have; run `python -m scatter.gpu` again"
            )
        slab = _slab(prepared, every_point, part)
        _refuse_silence(part, prepared, slab, folder)
        trajectories = Trajectories(source.input, every_point, prepared, slab)
        projectile = prepared.projectiles[every_point[int(part.point[0])].molecule]
        conditions = prepared.conditions(source.input, slab, projectile.numbers)
        recorder = Recorder(
            folder, conditions.system, every_point, source.input, prepared.potential
        )
        for finished, point, number in zip(part, part.point, part.number, strict=True):
            if (int(point), int(number)) in ended:
                continue
            start = trajectories.begin(finished.trajectory, Key(int(point), int(number)))
            keep_uncertain(source.input.guards, recorder, finished, start)
            writer.add(trajectories.end(finished, conditions.parts))
            taken += 1
    writer.flush()
    return taken


def _refuse_silence(part: Endings, prepared: Prepared, slab: ThermalSlab, folder: Path) -> None:
    """Raise UserError if trajectories do not say what they gave to a bath, or to electrons."""
    given = {BathEnergy.name: (slab.edge, "the bath was"),
             ElectronEnergy.name: (prepared.electrons, "electrons were")}  # fmt: skip
    for name, (there, what) in given.items():
        if there and name not in part.memories:
            raise UserError(
                f"the results that {folder} was to take in do not say what {what} given; run "
                "`python -m scatter.gpu` again"
            )


def belongs(part: Endings, conditions: list[Point], most: int) -> bool:
    """Whether these are trajectories of one slab of a campaign.

    Args:
        part: at least one trajectory.
        conditions: points of the campaign.
        most: trajectories that a point may have.
    """
    if part.point.max() >= len(conditions) or part.number.max() >= most:
        return False
    slabs = {
        (conditions[point].facet, conditions[point].T_K) for point in np.unique(part.point).tolist()
    }
    pairs = np.stack([part.point, part.number], axis=1)
    return len(slabs) == 1 and len(np.unique(pairs, axis=0)) == len(part)


def _slab(prepared: Prepared, conditions: list[Point], part: Endings) -> ThermalSlab:
    """The slab of a leg's trajectories."""
    first = conditions[int(part.point[0])]
    return next(
        slab for slab in prepared.slabs if (slab.facet, slab.T_K) == (first.facet, first.T_K)
    )
