"""A campaign whose trajectories run on another machine: `scatter prepare` and `scatter collect`.

Starts are made here, and rows are made here of what comes back, so both are those of `scatter run`.
"""

import json
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np

from scatter import store
from scatter.campaign.arrival import refuse_no_arrival
from scatter.campaign.frames import Recorder
from scatter.campaign.legs import Leg, legs_of
from scatter.campaign.prepare import Prepared, prepare
from scatter.campaign.ranks import Ranks
from scatter.campaign.rows import complete
from scatter.campaign.run import guards_of, holding, report, settle
from scatter.campaign.samplers import Course, ended_in, sampler_of
from scatter.campaign.thermal import ThermalSlab
from scatter.campaign.threads import use_threads
from scatter.campaign.uncertain import keep_uncertain
from scatter.campaign.work import Trajectories
from scatter.config import Point, Source, difference, identity, points, points_table, read
from scatter.dynamics.guards import bounds_of
from scatter.dynamics.motions import Motion
from scatter.dynamics.multistep import BondForce, MultiStep
from scatter.gpu.legs import Limits, PreparedLeg
from scatter.gpu.prepared import Endings, PreparedCampaign, Results
from scatter.outputs import refuse_ending, refuse_overwriting
from scatter.potentials.device.potential import Elsewhere
from scatter.potentials.families import family
from scatter.report.failures import refuse_untrusted
from scatter.report.terminal import console as console_of
from scatter.report.terminal import say
from scatter.settings import UserError
from scatter.state import Key


def write_prepared(path: Path, output: Path) -> None:
    """Write all that the next trajectories of a campaign start from; nothing else is written.

    With a target error these are the trajectories of the next round.

    Args:
        path: `input.toml`.
        output: a new file.

    Raises:
        UserError: the input is wrong, or its potential is none that a GPU evaluates.
    """
    ranks = Ranks()
    console = console_of(ranks.first)
    refuse_ending("OUT", output, ".npz")
    source = read(path)
    refuse_no_arrival(source.input, source.path)
    refuse_overwriting("OUT", output, Path(source.input.potential.file or "."))
    use_threads(source.input.run.threads, ranks)
    potential = _potential(source)
    prepared = prepare(source.input, potential.host, ranks, partial(say, console))
    legs = [_leg(source, prepared, leg) for leg in _open(source, prepared) if len(leg.work)]
    tables = {**source.input.dynamics.model_dump(), **source.input.stop.model_dump()}
    limits = {field.name: tables[field.name] for field in fields(Limits)}
    campaign = PreparedCampaign(
        Limits(**limits),
        json.dumps(identity(source.input)),
        potential.model.sha256(),
        potential.precision,
        source.input.guards.every,
        legs,
    )
    campaign.write(output)
    say(console, f"{output}: {sum(map(len, legs))} trajectories in {len(legs)} batch(es)")


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
    differs = difference(json.loads(results.identity), identity(source.input))
    if differs:
        raise UserError(f"{file} holds another campaign: {differs}; name its own input file")
    potential = _potential(source, results.device)
    if results.potential != potential.identity:
        raise UserError(
            f"{file}: was run on another potential than that of {path}; name its own input file"
        )
    folder = source.output
    with holding(folder, ranks):
        guards = guards_of(potential.host, None)
        prepared = settle(source, potential, folder, ranks, console, None, guards)
        taken = _take(source, prepared, results, folder)
        store.merge(folder, points_table(points(source.input)))
        report(folder, ranks, console)
    say(console, f"{taken} trajectories of {file} are in {folder}")
    refuse_untrusted(folder)
    return folder


def _potential(source: Source, device: str = "cuda") -> Elsewhere:
    """What is known here of the potential that a GPU elsewhere evaluates."""
    table = source.input.potential
    its = family(table.kind)
    if "cuda" not in its.on or (file := its.file(table.options)).suffix != ".npz":
        raise UserError(
            f"{source.path}, [potential] kind = '{table.kind}': only a model in an .npz runs on a "
            "GPU elsewhere; make one with `scatter convert`, or use `scatter run`"
        )
    return Elsewhere(its, its.read(file), table.precision or "float32", device, file.name)


def _open(source: Source, prepared: Prepared) -> list[Leg]:
    """The trajectories that are to be run next, given what the campaign's folder holds."""
    conditions, sampler = points(source.input), sampler_of(source.input.sampling)
    ended = ended_in(source.output, sampler, prepared.row)
    missing = Course(sampler, conditions, ended).round().missing
    return legs_of(conditions, prepared, missing)


def _leg(source: Source, prepared: Prepared, leg: Leg) -> PreparedLeg:
    trajectories = Trajectories(source.input, points(source.input), prepared, leg.slab)
    system, atoms = leg.slab.system.with_projectile(*leg.numbers), len(leg.numbers)
    starts, snapshot = [], []
    for item in range(len(leg.work)):
        starts.append(trajectories.begin(item, leg.key(item)))
        snapshot.append(int(trajectories.underway.pop(item)[1]["snapshot"]))
    bounds = bounds_of(prepared.potential.domain, source.input.guards, source.input.stop, system)
    return PreparedLeg(
        numbers=system.numbers,
        cell=system.cell,
        pbc=np.array(system.pbc),
        moving=system.moving,
        top=system.top,
        slab_positions=leg.slab.snapshots.positions,
        slab_momenta=leg.slab.snapshots.momenta,
        slab_masses=trajectories.masses,
        point=leg.work["point"].astype(int),
        number=leg.work["number"].astype(int),
        snapshot=np.array(snapshot),
        positions=np.stack([start.positions[-atoms:] for start in starts]),
        momenta=np.stack([start.momenta[-atoms:] for start in starts]),
        masses=np.stack([start.masses[-atoms:] for start in starts]),
        closest=bounds.closest,
        shortest_bond=np.array(bounds.shortest_bond),
        lowest=np.array(bounds.lowest),
        above_top=np.array(system.above_top),
        **_inner(prepared.motion(source.input, leg.numbers)),
    )


def _inner(motion: Motion) -> dict[str, np.ndarray]:
    """How the bond is stepped inside; nothing where it is not."""
    if not isinstance(motion, MultiStep):
        return {}
    bond = motion.reference
    if not isinstance(bond, BondForce):
        raise UserError(
            '[dynamics] scheme = "multistep": only the bond of a diatomic can be stepped inside '
            "elsewhere"
        )
    return {
        "inner_steps": np.array(motion.inner),
        "bond_force": bond.values,
        "bond_shortest": np.array(bond.shortest),
    }


def _take(source: Source, prepared: Prepared, results: Results, folder: Path) -> int:
    """Write a row for every trajectory that the folder does not hold; answer how many."""
    every_point = points(source.input)
    ended = set(store.endings(store.block_files(folder))[["point", "number"]].tolist())
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
            row = trajectories.end(finished, conditions.parts)
            keep_uncertain(source.input.guards, recorder, finished, start)
            writer.add(row)
            taken += 1
    writer.flush()
    return taken


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
