"""One trajectory of a campaign again, from the campaign's folder alone, to the same bits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from scatter import store
from scatter.campaign.frames import Moment, Recorder, every_frame
from scatter.campaign.parts import Parts
from scatter.campaign.prepare import Prepared, diatomics_of, projectiles
from scatter.campaign.ranks import Ranks
from scatter.campaign.rows import complete
from scatter.campaign.run import guards_of, trusting
from scatter.campaign.shaping import SLABS, Manifest, another, shaping
from scatter.campaign.thermal import Say, ThermalSlab, moved_to, thermal_slab
from scatter.campaign.threads import use_threads
from scatter.campaign.work import Trajectories
from scatter.config import Input, Source, parse, points
from scatter.dynamics.batch import propagate
from scatter.dynamics.bounds import margins
from scatter.dynamics.conditions import Conditions
from scatter.potentials.base import Potential
from scatter.potentials.committee import Committee
from scatter.potentials.table import open_committee, open_potential
from scatter.results.read import read_results
from scatter.settings import UserError
from scatter.state import Key, Start, State
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
    folder: Path, point: int, number: int, every_fs: float | None, trust_pickle: bool, say: Say
) -> Replay:
    """Run a trajectory of a campaign again.

    Args:
        folder: of the campaign.
        point: row of /points.
        number: of the trajectory there.
        every_fs: from one frame to the next; every step, or every fs if steps are shorter.
        trust_pickle: the user trusts where a pickled potential came from.
        say: tells the user what takes long.

    Raises:
        UserError: there is no such trajectory, or the potential, the slab, the kernel or this
            version are not those that made it.
    """
    manifest = store.read_manifest(folder)
    stored = _stored(folder, point, number)
    source = parse(folder / store.MANIFEST, manifest["input"])
    potential, prepared, slab = _prepared(source, manifest, point, trust_pickle, folder, say)
    every_point = points(source.input)
    film = Film(source.input, every_fs)
    projectile = prepared.projectiles[every_point[point].molecule]
    conditions = prepared.conditions(source.input, slab, projectile.numbers)
    trajectories = Trajectories(source.input, every_point, prepared, slab)
    start = trajectories.begin(0, Key(point, number))
    row = _run(trajectories, start, conditions, film)
    rows = np.array([row])
    complete(rows, every_point, prepared.projectiles)
    recorder = Recorder(folder, conditions.system, every_point, source.input, potential)
    frames = recorder.labelled(film.moments, start.key, start.masses)
    _tell(frames, conditions)
    return Replay(rows[0], differing(rows[0], stored), frames)


def _run(
    trajectories: Trajectories, start: Start, conditions: Conditions, film: "Film"
) -> np.ndarray:
    """The record of the trajectory; its moments are taken on the film."""
    film.begin(start)
    potential = trajectories.prepared.potential
    [finished] = propagate(iter([start]), potential, conditions, film.see)
    film.finish()
    return trajectories.end(finished, conditions.parts)


def _tell(frames: list[Atoms], conditions: Conditions) -> None:
    """Write into each frame's `info` what tells how the trajectory fares."""
    system, bounds = conditions.system, conditions.faults.bounds
    for frame in frames:
        atoms, top = frame.positions[-system.projectile :], system.top_plane(frame.positions)
        bond = float(frame.get_distance(-2, -1)) if len(atoms) > 1 else np.nan
        frame.info["bond_A"], frame.info["height_A"] = bond, float(atoms[:, 2].min() - top)
        error = frame.get_total_energy() - frames[0].get_total_energy()
        frame.info["energy_error_eV"] = float(error)
        if bounds:
            margin = float(margins(bounds, frame.positions[None])[0])
            frame.info["margin_A"] = min(margin, bond - bounds.shortest_bond)


def differing(row: np.ndarray, stored: np.ndarray) -> list[str]:
    """The columns in which two records have other bits."""
    return [name for name in row.dtype.names or () if row[name].tobytes() != stored[name].tobytes()]


def _stored(folder: Path, point: int, number: int) -> np.ndarray:
    """The record of a trajectory, from the blocks, or from results.h5 where they are gone."""
    rows = store.trajectories(folder)
    if not len(rows):
        _, rows, _ = read_results(folder)
    stored = rows[(rows["point"] == point) & (rows["number"] == number)]
    if not len(stored):
        raise UserError(
            f"{folder}: trajectory {number} of point {point} has not ended there, or is not one "
            f"of it; it holds {len(rows)} trajectories at {len(set(rows['point'].tolist()))} points"
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
    diatomics = diatomics_of(input, potential, starts)
    where = points(input)[point]
    slab = thermal_slab(input, starts, where.facet, where.T_K, ranks, say)
    name = f"{slab.facet} {slab.T_K:g} K"
    if manifest.get(SLABS, {}).get(name) != slab.identity:
        raise UserError(
            f"{folder}: the slab ({name}) is not the one that its trajectories began on: the file "
            "of [surface] has changed, or slabs are made otherwise in this version"
        )
    if potential is not starts:
        slab = moved_to(potential, input, slab)
    fired = projectiles(diatomics, Parts())
    return potential, Prepared(potential, fired, [slab], starts.cutoff, guards), slab


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


class Film:
    """The moments of one trajectory that are to be frames, and the last before it ended."""

    def __init__(self, input: Input, every_fs: float | None):
        """Take one every so many fs, or about one a femtosecond.

        Raises:
            UserError: that is not a whole number of time steps.
        """
        step = input.dynamics.timestep_fs
        wanted = max(1, round(1 / step)) * step if every_fs is None else every_fs
        self.timestep_fs, self.every = step, every_frame(input, wanted).frames.every
        self.moments: list[Moment] = []
        self.last: Moment | None = None

    def begin(self, start: Start) -> None:
        """Take the start."""
        self.moments = [(0, start.positions, start.momenta)]

    def see(self, state: State) -> None:
        """Take the present moment if it is due; remember it in case it is the last."""
        step = round(float(state.time[0]) / (self.timestep_fs * fs))
        moment = step, np.array(state.positions[0]), np.array(state.momenta[0])
        if not (np.isfinite(moment[1]).all() and np.isfinite(moment[2]).all()):
            return
        self.last = moment
        if step % self.every == 0:
            self.moments.append(moment)

    def finish(self) -> None:
        """Add the last moment that was finite."""
        if self.last is not None and self.last[0] > self.moments[-1][0]:
            self.moments.append(self.last)
