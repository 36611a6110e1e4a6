"""`timestep_fs = "auto"`: a time step from the molecule's period, checked on pilot trajectories.

It is chosen once, before the campaign's own trajectories, and kept in the campaign's folder. The
pilots have random numbers of their own, so that no trajectory of the campaign has had a say in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import floor, inf, log10, pi, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from scatter.campaign.legs import Leg, legs_of
from scatter.campaign.prepare import Prepared
from scatter.campaign.ranks import Ranks
from scatter.campaign.samplers import Requests, requests
from scatter.campaign.shots import trajectories_of
from scatter.campaign.thermal import Say
from scatter.campaign.timestep import LONGEST, with_step
from scatter.config import Input, Point, points
from scatter.dynamics.batch import propagate
from scatter.dynamics.conditions import Finished
from scatter.dynamics.observers import Observer
from scatter.dynamics.sight import Sight
from scatter.initial.projectile import Projectile
from scatter.phrases import counted
from scatter.settings import UserError
from scatter.slots import Tree
from scatter.units import fs, lightest

PILOTS, SLOTS = 32, 16
BRANCH = 2**32 - 1  # of their random numbers; a campaign's own trajectories have small ones
INSIDE, PLAIN = 15, 30  # steps in a period, where the bond is stepped inside and where it is not
STIFF = 36.0  # eV/Å², of the bond of H2: no atom is held more stiffly
STRAYS, ENDS = 1 / 4, 1 / 20  # of the tolerance of the energy
HALVINGS = 4


class Pilots(NamedTuple):
    """How well pilots have kept what they should conserve, E.

    Attributes:
        largest: max over t of |E(t) - E(0)|, eV; NaN where it is not finite.
        end: E at the end less that at the start, eV.
        outcome: code of how each has ended.
    """

    largest: Float[np.ndarray, " pilot"]
    end: Float[np.ndarray, " pilot"]
    outcome: Int[np.ndarray, " pilot"]

    @property
    def worst(self) -> float:
        """The largest of all, eV."""
        return float(self.largest.max())

    @property
    def rms(self) -> float:
        """Root of the mean square of that at the end, eV."""
        return float(np.sqrt((self.end * self.end).mean()))

    def kept(self, tolerance_eV: float) -> bool:
        """Whether they are well within the tolerance; what is not a number is not."""
        return self.worst < STRAYS * tolerance_eV and self.rms < ENDS * tolerance_eV


class Strayed(Observer):
    """What is conserved, less what it was at the start: now, and where it was furthest."""

    name = "strayed"

    def begin(self, sight: Sight) -> Tree:
        """Nothing has strayed."""
        return {"start": sight.conserved + 0, "end": 0 * sight.time, "largest": 0 * sight.time}

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """Take the present instant."""
        end = sight.conserved - memory["start"]
        return {**memory, "end": end, "largest": np.maximum(memory["largest"], abs(end))}


def settled(
    input: Input,
    prepared: Prepared,
    ranks: Ranks,
    say: Say,
    known: Iterable[float | None],
    more: Sequence[Point] = (),
) -> Input:
    """The input with a number for its time step; every rank must call this.

    All points of a campaign have one time step, and one that was chosen before is kept; pilots tell
    whether it also does at points that have been added since.

    Args:
        input: of the campaign; one that has a number is answered as it is.
        prepared: what its trajectories start from.
        ranks: share the pilots.
        say: tells what is tried.
        known: time steps that were chosen before for these trajectories, if any were.
        more: points that none of them was chosen for (`untried`).

    Raises:
        UserError: two different ones were, the one that was does not keep the energy at points that
            were added, or no time step does.
    """
    if input.dynamics.timestep_fs != "auto":
        return input
    before = sorted({step for step in known if step is not None})
    if len(before) > 1:
        raise UserError(
            f'[dynamics] timestep_fs = "auto": was chosen twice for these trajectories, '
            f"{before[0]:g} and {before[-1]:g} fs; take what was prepared last, or another folder"
        )
    if not before:
        return with_step(input, chosen(input, prepared, ranks, say))
    say(f"time step: {before[0]:g} fs, as chosen before")
    input = with_step(input, before[0])
    if more:
        _try_on(input, prepared, ranks, say, more)
    return input


def _try_on(
    input: Input, prepared: Prepared, ranks: Ranks, say: Say, more: Sequence[Point]
) -> None:
    """Raise UserError if the time step of an input does not keep the energy at some points."""
    tolerance, step = input.dynamics.energy_tolerance_eV, input.dynamics.step_fs
    say(f"  trying it on {PILOTS} pilot trajectories at {counted(len(more), 'new point')} ...")
    pilots = fly(input, prepared, ranks, more)
    say(f"  {_told(step, pilots)}")
    if not pilots.kept(tolerance):
        raise UserError(
            f'[dynamics] timestep_fs = "auto": {_told(step, pilots)}, at points that are new to '
            f"the campaign, which chose {step:g} fs without them; that is too much for "
            f"energy_tolerance_eV = {tolerance:g}: run them in a folder of their own "
            "([run] output), where a shorter one is chosen"
        )


def first_step(input: Input, prepared: Prepared) -> float:
    """The time step that pilots begin with, fs, two digits of it.

        Δt = T / 15   where the bond is stepped inside,   else   T / 30

    with T the period of the projectile's own bonds, for the lightest isotopes of its elements, or
    2π √(m / k) where it has none: that of its lightest atom on a bond as stiff as that of H2. The
    shortest of all projectiles counts, and no more than the time step of the slab's own dynamics.
    """
    scheme = input.dynamics.scheme if prepared.parts.motion is None else "its own"
    steps = [_own_step(each, scheme == "multistep") for each in prepared.projectiles.values()]
    return _two_digits(min(*steps, input.surface.thermalise.timestep_fs, LONGEST))


def _own_step(projectile: Projectile, multistep: bool) -> float:
    reference = projectile.reference
    if reference is None:
        mass = min(map(lightest, projectile.numbers))
        return 2 * pi * sqrt(mass / STIFF) / fs / PLAIN
    return reference.period_fs / (INSIDE if multistep else PLAIN)


def _two_digits(value: float) -> float:
    """Rounded down."""
    unit = 10.0 ** (1 - floor(log10(value)))
    return floor(value * unit) / unit


def chosen(input: Input, prepared: Prepared, ranks: Ranks, say: Say) -> float:
    """The first time step, halved until the pilots keep their energy, fs.

    Each is tried in pairs with half of it. With the tolerance of `[dynamics]`, accepted is one with

        max |E(t) - E(0)| < tolerance / 4,   √⟨(E(end) - E(0))²⟩ < tolerance / 20.

    Raises:
        UserError: none does that is long enough to be worthwhile.
    """
    tolerance = input.dynamics.energy_tolerance_eV
    step = first_step(input, prepared)
    say(f"time step: trying {step:g} fs on {PILOTS} pilot trajectories ...")
    pilots = fly(with_step(input, step), prepared, ranks)
    for _ in range(HALVINGS + 1):
        finer = fly(with_step(input, step / 2), prepared, ranks)
        say(f"  {_told(step, pilots)}; {_told(step / 2, finer)}, {_otherwise(pilots, finer)}")
        if pilots.kept(tolerance):
            say(f"time step: {step:g} fs")
            return step
        step, pilots = step / 2, finer
    raise UserError(
        f'[dynamics] timestep_fs = "auto": with {2 * step:g} fs the energy of pilot trajectories '
        f"strays by more than {STRAYS:g} of energy_tolerance_eV = {tolerance:g}, or ends more than "
        f"{ENDS:g} of it off (with {_told(step, pilots)}); allow more, or see whether the forces "
        "are the gradient of the energy (`scatter validate`)"
    )


def _told(step: float, pilots: Pilots) -> str:
    return (
        f"{step:g} fs: the energy strays by {1000 * pilots.worst:.2g} meV at most, "
        f"{1000 * pilots.rms:.2g} meV (rms) at the end"
    )


def _otherwise(ones: Pilots, others: Pilots) -> str:
    count = int((ones.outcome != others.outcome).sum())
    return f"where {count} of {len(ones.outcome)} end otherwise"


def fly(
    input: Input, prepared: Prepared, ranks: Ranks, some: Sequence[Point] | None = None
) -> Pilots:
    """Run the pilots of all or some points with the time step of an input; alike on every rank."""
    conditions = points(input) if some is None else [*some]
    legs = legs_of(conditions, prepared, starts(conditions))
    mine = [replace(leg, work=leg.work[ranks.rank :: ranks.size]) for leg in legs]
    mine = [leg for leg in mine if len(leg.work)]
    rows = ranks.agree(
        lambda: [row for leg in mine for row in _flown(input, conditions, prepared, leg)]
    )
    together = sorted(row for part in ranks.gather(rows) for row in part)
    _, _, largest, end, outcome = zip(*together, strict=True)
    return Pilots(np.array(largest), np.array(end), np.array(outcome))


def starts(conditions: list[Point]) -> Requests:
    """Pilots, spread evenly over the points, those of the first and the last among them."""
    point = np.linspace(0, len(conditions) - 1, PILOTS).round().astype(int)
    return requests(point, np.arange(PILOTS) - np.searchsorted(point, point), BRANCH)


Row = tuple[int, int, float, float, int]  # point, number, largest, end, outcome


def _flown(input: Input, conditions: list[Point], prepared: Prepared, leg: Leg) -> Iterator[Row]:
    """How each pilot of a leg has fared, on the potential's own CPU."""
    trajectories = trajectories_of(input, conditions, prepared, leg.slab)
    slots = min(len(leg.work), SLOTS)
    usual = prepared.conditions(input, leg.slab, leg.numbers, slots)
    watched = replace(usual, observers=(Strayed(),))
    begun = (trajectories.begin(item, leg.key(item)) for item in range(len(leg.work)))
    for finished in propagate(begun, prepared.potential, watched):
        point, number, _ = leg.key(finished.trajectory)
        yield point, number, *_strayed(finished), finished.outcome


def _strayed(finished: Finished) -> tuple[float, float]:
    """The largest error and that at the end, eV; infinite where something is not finite."""
    memory = finished.memories[Strayed.name]
    errors = float(memory["largest"]), float(memory["end"])
    return errors if np.isfinite(errors).all() and np.isfinite(finished.potential) else (inf, inf)
