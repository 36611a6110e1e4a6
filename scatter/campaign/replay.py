"""One trajectory of a campaign again, from the campaign's folder alone, to the same bits."""

from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from ase import Atoms

from scatter import store
from scatter.campaign.adsorbed import laden_slabs
from scatter.campaign.electrons import electrons_of
from scatter.campaign.frames import Moment, Recorder, steps_between
from scatter.campaign.latents import Latents
from scatter.campaign.parts import Parts
from scatter.campaign.prepare import Prepared
from scatter.campaign.projectiles import fired_by
from scatter.campaign.ranks import Ranks
from scatter.campaign.reactive import KeptReactive, Moved, reactive_rows
from scatter.campaign.rows import complete
from scatter.campaign.run import guards_of, trusting
from scatter.campaign.shaping import FRICTION, SLABS, Manifest, another, shaping
from scatter.campaign.shots import trajectories_of
from scatter.campaign.thermal import Say, ThermalSlab, moved_to, thermal_slab
from scatter.campaign.threads import use_threads
from scatter.campaign.timestep import as_told
from scatter.campaign.work import Trajectories
from scatter.config import Input, Source, parse, points_in
from scatter.dynamics.batch import propagate
from scatter.dynamics.bounds import margins
from scatter.dynamics.conditions import Conditions
from scatter.dynamics.observers import Observer
from scatter.dynamics.sight import Sight
from scatter.phrases import counted
from scatter.potentials.base import Potential
from scatter.potentials.committee import Committee
from scatter.potentials.table import open_committee, open_potential
from scatter.results.read import read_results
from scatter.settings import UserError
from scatter.slots import Tree
from scatter.state import Key, Start
from scatter.units import fs


@dataclass(frozen=True)
class Replay:
    """A trajectory that was run again.

    Attributes:
        row: its record of `ROW`, as it came out now.
        differs: columns in which the stored record has other bits.
        frames: structures with energy, forces and momenta, for ASE; `info` tells of each.
    """

    row: np.ndarray
    differs: list[str]
    frames: list[Atoms]


def replay(
    folder: Path,
    point: int,
    number: int,
    every_fs: float | None,
    trust_pickle: bool,
    say: Say,
    reactive: bool = False,
) -> Replay:
    """Run a trajectory of a campaign again.

    Args:
        folder: of the campaign.
        point: row of /points.
        number: of the trajectory there.
        every_fs: from one frame to the next; every step, or every fs if steps are shorter.
        trust_pickle: the user trusts where a pickled potential came from.
        say: tells the user what takes long.
        reactive: the number is that of a start that came to the event at a point that was split.

    Raises:
        UserError: there is no such trajectory, or the potential, the slab, the kernel or this
            version are not those that made it.
    """
    manifest = store.read_manifest(folder)
    stored = _stored(folder, point, number, reactive)
    source = as_told(parse(folder / store.MANIFEST, manifest["input"]), manifest)
    if source.input.kind == "desorption":
        raise UserError(
            f"{folder}: shots that start on a dividing surface run both ways in time and are not "
            "replayed; record them as they run, with [frames]"
        )
    potential, prepared, slab = _prepared(source, manifest, point, trust_pickle, folder, say)
    every_point = points_in(source.input, manifest)
    film = Film(source.input, every_fs)
    projectile = prepared.projectiles[every_point[point].molecule]
    conditions = prepared.conditions(source.input, slab, projectile.numbers)
    conditions = replace(conditions, observers=(*conditions.observers, film))
    make = Moved if reactive else trajectories_of
    trajectories = make(source.input, every_point, prepared, slab)
    if reactive:
        starts = KeptReactive.of(folder, point).starts
        start = Latents(trajectories, point).kept(starts, number, number)
    else:
        start = trajectories.begin(0, Key(point, number))
    row = _run(trajectories, start, conditions, film)
    rows = np.array([row])
    complete(rows, every_point, prepared.projectiles)
    recorder = Recorder(folder, conditions.system, every_point, source.input, potential)
    frames = recorder.labelled(film.moments, start.key, start.masses)
    _tell(frames, conditions, film)
    return Replay(rows[0], differing(rows[0], stored), frames)


def _run(
    trajectories: Trajectories, start: Start, conditions: Conditions, film: "Film"
) -> np.ndarray:
    """The record of the trajectory; its moments are taken on the film."""
    [finished] = propagate(iter([start]), trajectories.prepared.potential, conditions)
    film.finish()
    return trajectories.end(finished, conditions.parts)


def _tell(frames: list[Atoms], conditions: Conditions, film: "Film") -> None:
    """Write into each frame's `info` what tells how the trajectory fares."""
    system, bounds = conditions.system, conditions.faults.bounds
    for frame in frames:
        atoms, top = frame.positions[-system.projectile :], system.top_plane(frame.positions)
        pairs = combinations(range(-system.projectile, 0), 2)
        bond = float(min((frame.get_distance(i, j) for i, j in pairs), default=np.nan))
        frame.info["bond_A"], frame.info["height_A"] = bond, float(atoms[:, 2].min() - top)
        given = film.given[round(frame.info["time_fs"] / conditions.timestep_fs)]
        error = frame.get_total_energy() + given - frames[0].get_total_energy()
        frame.info["energy_error_eV"] = float(error)
        if bounds:
            margin = float(margins(bounds, frame.positions[None])[0])
            frame.info["margin_A"] = min(margin, bond - bounds.shortest_bond)


def differing(row: np.ndarray, stored: np.ndarray) -> list[str]:
    """The columns of both in which two records have other bits."""
    common = [name for name in row.dtype.names or () if name in (stored.dtype.names or ())]
    return [name for name in common if row[name].tobytes() != stored[name].tobytes()]


def _stored(folder: Path, point: int, number: int, reactive: bool) -> np.ndarray:
    """The record of a trajectory, from the blocks, or from results.h5 where they are gone."""
    rows = reactive_rows(folder, point) if reactive else store.trajectories(folder)
    if not len(rows) and not reactive:
        _, rows, _ = read_results(folder)
    stored = rows[(rows["point"] == point) & (rows["number"] == number)]
    if not len(stored):
        raise UserError(
            f"{folder}: trajectory {number} of point {point} has not ended there, or is not one "
            f"of it; it holds {counted(len(rows), 'trajectory')} at "
            f"{counted(len(set(rows['point'].tolist())), 'point')}"
        )
    return stored[0]


def _prepared(
    source: Source, manifest: Manifest, point: int, trust_pickle: bool, folder: Path, say: Say
) -> tuple[Potential, Prepared, ThermalSlab]:
    """What the trajectory starts from, once it is what it was then."""
    ranks, input = Ranks(), source.input
    use_threads(input.run.threads, ranks)
    table = trusting(source, trust_pickle)
    starts = open_potential(table)
    committee = open_committee(table, starts)
    potential = _runner(manifest, starts, committee)
    guards = guards_of(potential, committee if potential is starts else None)
    if other := another(manifest, shaping(potential, starts, guards)):
        raise UserError(
            f"{folder}: was run with another {other}, so its trajectories cannot be run again "
            f"here to the same bits{_why(other)}"
        )
    parts = Parts(kind=input.kind)
    fired, _ = fired_by(input, potential, starts, parts, ranks, say)
    where = points_in(input, manifest)[point]
    slab = thermal_slab(input, starts, where.facet, where.T_K, ranks, say)
    on_it = laden_slabs(input, starts, [slab], fired, ranks, say)
    if manifest.get(SLABS, {}).get(slab.name) != slab.identity:
        raise UserError(
            f"{folder}: the slab ({slab.name}) is not the one that its trajectories began on: the "
            "file of [surface] has changed, or this version makes slabs differently"
        )
    if potential is not starts:
        slab = moved_to(potential, input, slab)
    electrons = electrons_of(input, potential, [slab], fired)
    if electrons:
        electrons.refuse_others(folder, manifest.get(FRICTION, {}))
    own = {"electrons": electrons, "laden": on_it}
    prepared = Prepared(potential, fired, [slab], starts.cutoff, guards, parts, **own)
    return potential, prepared, slab


def _runner(manifest: Manifest, own: Potential, committee: Committee | None) -> Potential:
    """What the trajectories ran on: the input's own potential, or a member of its committee."""
    members = committee.members if committee else (own,)
    wanted = manifest.get("potential_sha256")
    return next((member for member in members if member.identity == wanted), own)


def _why(other: str) -> str:
    """What may be behind another potential than that of the input."""
    if not other.startswith(("potential_sha256", "starts_sha256")):
        return ""
    return (
        "; either the file that [potential] names has changed, or `scatter validate` ran them on "
        "a potential that its folders do not name"
    )


class Film(Observer):
    """The moments of one trajectory that are to be frames, and the last before it ended.

    Attributes:
        moments: in the order of time.
        given: at every step, the energy that baths have been given, eV.
    """

    name = "film"

    def __init__(self, input: Input, every_fs: float | None):
        """Take one every so many fs, or about one a femtosecond.

        Raises:
            UserError: that is not a whole number of time steps.
        """
        step = input.dynamics.step_fs
        wanted = max(1, round(1 / step)) * step if every_fs is None else every_fs
        self.timestep_fs, self.spacing = step, steps_between(input, wanted)
        self.moments: list[Moment] = []
        self.given: dict[int, float] = {}
        self.last: Moment | None = None

    def begin(self, sight: Sight) -> Tree:
        """Take the start."""
        return self.see({}, sight)

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """Take the present moment if it is due; remember it in case it is the last."""
        state = sight.state
        step = round(float(state.time[0]) / (self.timestep_fs * fs))
        moment = step, np.array(state.positions[0]), np.array(state.momenta[0])
        if np.isfinite(moment[1]).all() and np.isfinite(moment[2]).all():
            self.last = moment
            self.given[step] = float(sight.conserved[0] - sight.energy[0])
            if step % self.spacing == 0:
                self.moments.append(moment)
        return memory

    def finish(self) -> None:
        """Add the last moment that was finite."""
        if self.last is not None and self.last[0] > self.moments[-1][0]:
            self.moments.append(self.last)
