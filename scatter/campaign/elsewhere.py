"""A campaign whose trajectories run on another machine: `scatter prepare` and `scatter collect`.

Starts are made here, and rows are made here of what comes back, so both are those of `scatter run`.
"""

import json
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from scatter.campaign.arrival import refuse_no_arrival
from scatter.campaign.course import Course, ended_in
from scatter.campaign.legs import Leg, legs_of
from scatter.campaign.pilot import settled
from scatter.campaign.prepare import Prepared, prepare
from scatter.campaign.ranks import Ranks
from scatter.campaign.samplers import sampler_of
from scatter.campaign.threads import use_threads
from scatter.campaign.timestep import step_of, untried
from scatter.campaign.work import Trajectories
from scatter.config import (
    Source,
    identity,
    order_told,
    points_of,
    read,
)
from scatter.dynamics.baths import Edge
from scatter.dynamics.guards import bounds_of
from scatter.dynamics.motions import Motion
from scatter.dynamics.multistep import BondForce, MultiStep
from scatter.gpu.electrons import PreparedElectrons
from scatter.gpu.legs import Limits, PreparedLeg
from scatter.gpu.prepared import PreparedCampaign
from scatter.outputs import refuse_ending, refuse_overwriting
from scatter.phrases import counted
from scatter.potentials.device.potential import Elsewhere
from scatter.potentials.families import family
from scatter.report.terminal import console as console_of
from scatter.report.terminal import say
from scatter.settings import UserError
from scatter.state import System


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
    if source.input.kind != "diatomic":
        raise UserError(
            f"{source.path}, [molecule] formula = {source.input.molecule.formula[0]!r}: only "
            "beams of diatomics run on a GPU elsewhere; use `scatter run`"
        )
    _refuse_electrons(source)
    if source.input.sampling.splits:
        raise UserError(
            f'{source.path}, [sampling] method = "{source.input.sampling.method}": points are not '
            'split on a GPU elsewhere; write method = "crude", or use `scatter run` there'
        )
    refuse_no_arrival(source.input, source.path)
    refuse_overwriting("OUT", output, Path(source.input.potential.file or "."))
    use_threads(source.input.run.threads, ranks)
    potential = potential_of(source)
    prepared = prepare(source.input, potential.host, ranks, partial(say, console))
    known, more = (step_of(source.output),), untried(source.input, source.output)
    input = settled(source.input, prepared, ranks, partial(say, console), known, more)
    source = replace(source, input=input)
    legs = [_leg(source, prepared, leg) for leg in _open(source, prepared) if len(leg.work)]
    tables = {**source.input.dynamics.model_dump(), **source.input.stop.model_dump()}
    limits = {field.name: tables[field.name] for field in fields(Limits)}
    campaign = PreparedCampaign(
        Limits(**limits),
        json.dumps(identity(source.input) | order_of(source)),
        potential.model.sha256(),
        potential.precision,
        source.input.guards.every,
        legs,
    )
    campaign.write(output)
    total = counted(sum(map(len, legs)), "trajectory")
    say(console, f"{output}: {total} in {counted(len(legs), 'batch')}")


def _refuse_electrons(source: Source) -> None:
    """Raise UserError if their friction cannot be computed on a GPU elsewhere."""
    friction = source.input.friction
    if friction.model is not None:
        raise UserError(
            f"{source.path}, [friction] density = '{friction.density}': a model of the density is "
            'not computed on a GPU elsewhere; write density = "atoms", or use `scatter run`'
        )
    if friction.laser.fluence_mJ_per_cm2 is not None and source.input.dynamics.bath != "none":
        raise UserError(
            f"{source.path}, [friction.laser]: a bath that a laser heats is not computed on a GPU "
            'elsewhere; write bath = "none" in [dynamics], or use `scatter run`'
        )


def order_of(source: Source) -> dict[str, list[str]]:
    """What is said of the order of points, where it is not that of the input's lists."""
    return order_told(points_of(source.output, source.input), source.input)


def potential_of(source: Source, device: str = "cuda") -> Elsewhere:
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
    conditions = points_of(source.output, source.input)
    sampler = sampler_of(source.input.sampling)
    ended = ended_in(source.output, sampler, prepared.row)
    missing = Course(sampler, conditions, ended).round().missing
    return legs_of(conditions, prepared, missing)


def _leg(source: Source, prepared: Prepared, leg: Leg) -> PreparedLeg:
    every_point = points_of(source.output, source.input)
    trajectories = Trajectories(source.input, every_point, prepared, leg.slab)
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
        stream=np.stack([start.stream for start in starts]),
        closest=bounds.closest,
        shortest_bond=float(bounds.shortest_bond),
        lowest=float(bounds.lowest),
        above_top=float(system.above_top),
        **_inner(prepared.motion(source.input, leg.numbers)),
        **_bath(leg.slab.edge),
        electrons=_electrons(prepared, leg, system),
    )


def _electrons(prepared: Prepared, leg: Leg, system: System) -> list[PreparedElectrons]:
    """The electrons that a leg's molecules feel; none where there are none."""
    return [prepared.electrons.tables(leg.slab.name, system)] if prepared.electrons else []


def _inner(motion: Motion) -> dict[str, Any]:
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
        "inner_steps": motion.inner,
        "bond_force": bond.values,
        "bond_shortest": bond.shortest,
    }


def _bath(edge: Edge | None) -> dict[str, Any]:
    """Which atoms are in a bath; nothing where none are."""
    if edge is None:
        return {}
    return {
        "bath_atoms": edge.atoms,
        "bath_per_fs": edge.per_fs,
        "bath_T_K": float(edge.T_K),
    }
