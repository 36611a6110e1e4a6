"""Bonds that break and form, what they leave behind, and the endings that follow from it.

The atoms of the projectile and the adsorbates are the nodes of a graph, bonds its edges. A bond
breaks where it has been longer than a limit for some time, and forms where it has been shorter than
another, smaller one: the gap between both is a hysteresis. Array code, slots first.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from scatter.arrays import array_namespace, beside
from scatter.columns import REACTED
from scatter.dynamics.bounds import to_nearest_images
from scatter.dynamics.endings import Ending, Undecided
from scatter.dynamics.fragments import Graph, flown, label
from scatter.dynamics.observers import Memory, Row
from scatter.dynamics.sight import Sight
from scatter.outcomes import Outcome
from scatter.rows import ABSORBED, ADSORBED, TRANSMITTED, TRAPPED
from scatter.shapes import Float, Int
from scatter.slots import Tree
from scatter.state import Array
from scatter.units import degree, fs

STOP_ON = Literal["first bond", "gas", "time"]
BEYOND_A = 2.0  # below the lowest atom of the slab, from where on a projectile has passed through
EXACT = 1e-9  # of a time, for rounding


class Reaction(Ending):
    """A bond that there was at the start has broken.

    It remembers the graph of bonds of every trajectory, and writes what there is at the end. With
    `stop_on` "first bond" a trajectory ends there; with "gas" once a fragment is in the gas; with
    "time" at the last moment.

    Args:
        graph: of the atoms.
        stop_on: when it ends.
        time_fs: the last moment of a trajectory.
        timestep_fs: of the motion.
    """

    name, sticks, code, columns = "dissociated", True, int(Outcome.DISSOCIATED), tuple(REACTED)

    def __init__(self, graph: Graph, stop_on: STOP_ON, time_fs: float, timestep_fs: float):
        """Take the graph, and when to end."""
        self.graph, self.stop_on = graph, stop_on
        self.last = Undecided(time_fs, timestep_fs).last

    def begin(self, sight: Sight) -> Tree:
        """The bonds at the start, and nothing that has happened to them."""
        xp = array_namespace(sight.time)
        r, _ = self._apart(sight)
        bonded = xp.zeros_like(r, dtype=xp.bool) | beside(self.graph.bonded, sight.time)
        none = xp.zeros_like(sight.time) + xp.nan
        return {
            "bonded": bonded,
            "since": xp.zeros_like(r) + xp.inf,
            "first": xp.zeros_like(sight.time, dtype=xp.int64) - 1,
            "first_time": none,
            "first_Z": none + 0,
            "first_cos": none + 0,
            **self._places(sight),
        }

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """Break and form bonds, and note the first of the projectile's that breaks."""
        xp = array_namespace(sight.time)
        time, bonded = sight.time[:, None], memory["bonded"]
        graph, (r, vertical) = self.graph, self._apart(sight)
        limits = (graph.broken, graph.formed, graph.hold_broken_fs, graph.hold_formed_fs)
        broken, formed = (beside(limit, sight.time) for limit in limits[:2])
        wants = (bonded & (r > broken)) | (~bonded & (r < formed))
        since = xp.where(wants, xp.minimum(memory["since"], time), xp.inf)
        hold = xp.where(bonded, limits[2] * fs - EXACT, limits[3] * fs - EXACT)
        turns = wants & (time - since >= hold)
        breaks = turns & bonded & beside(graph.belongs, sight.time)
        first = self._first(memory, sight, breaks, xp.abs(vertical) / r)
        return {
            "bonded": bonded ^ turns,
            "since": xp.where(turns, xp.inf, since),
            **first,
            **self._places(sight),
        }

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether a bond has broken, and it is to end now."""
        xp = array_namespace(sight.time)
        broken = _any(beside(self.graph.bonded, sight.time) & ~memory["bonded"], sight)
        if self.stop_on == "first bond":
            return broken
        over = (sight.time > self.last) & broken
        if self.stop_on == "time":
            return over
        flies = (memory["height"] > self.graph.gas_A) & (memory["rising"] > 0)
        outside = self._least(memory["bonded"], xp.astype(flies, memory["height"].dtype))
        return over | (broken & (xp.max(outside, axis=1) > 0.5))

    def row(self, memory: Memory, masses: Float[np.ndarray, " atom"]) -> Row:
        """What there is at the end, and which bond of the projectile broke first."""
        graph, first = self.graph.of_isotopes(masses), int(memory["first"])
        pair = graph.pairs[first] if first >= 0 else ()
        deepest = float(memory["bottom"]) - BEYOND_A
        bonded, height, rising = (memory[name] for name in ("bonded", "height", "rising"))
        products = label(graph, bonded, height, rising, deepest)
        return {
            "products": products.encode(),
            "first_bond": "-".join(graph.symbols[node] for node in pair).encode(),
            "first_bond_fs": memory["first_time"] / fs,
            "first_bond_Z_A": memory["first_Z"],
            "first_bond_theta_deg": np.arccos(np.minimum(memory["first_cos"], 1.0)) / degree,
        }

    def flown(self, memory: Memory) -> list[int]:
        """Atoms of the largest fragment in the gas after a reaction (`fragments.flown`)."""
        return flown(self.graph, *(memory[name] for name in ("bonded", "height", "rising")))

    def _first(self, memory: Tree, sight: Sight, breaks: Array, upright: Array) -> Tree:
        """The memory of the first bond to break.

        Args:
            memory: before.
            sight: of the instant.
            breaks: whether each pair breaks now, (slot, pair).
            upright: |cos| of its angle to the normal, likewise.
        """
        xp = array_namespace(sight.time)
        number, cos = memory["first"], memory["first_cos"]
        new = (number < 0) & _any(breaks, sight)
        if isinstance(new, np.ndarray) and not new.any():  # a GPU would have to wait to know
            return {name: memory[name] for name in ("first", "first_time", "first_Z", "first_cos")}
        for pair in reversed(range(len(self.graph.bonded))):
            mine = new & breaks[:, pair]
            number = xp.where(mine, xp.zeros_like(number) + pair, number)
            cos = xp.where(mine, upright[:, pair], cos)
        return {
            "first": number,
            "first_time": xp.where(new, sight.time, memory["first_time"]),
            "first_Z": xp.where(new, sight.Z, memory["first_Z"]),
            "first_cos": cos,
        }

    def _places(self, sight: Sight) -> Tree:
        """Height above the top plane, and vertical momentum, of each node."""
        state, atoms = sight.state, self.graph.atoms.tolist()
        xp = array_namespace(sight.time)
        height = xp.stack([state.positions[:, atom, 2] - sight.top for atom in atoms], 1)
        rising = xp.stack([state.momenta[:, atom, 2] for atom in atoms], 1)
        return {"height": height, "rising": rising, "bottom": sight.deepest - sight.top}

    def _apart(self, sight: Sight) -> tuple[Array, Array]:
        """Distance of each pair, Å, and the vertical part of it; both (slot, pair)."""
        where, (first, second) = sight.state.positions, self.graph.atoms[self.graph.pairs].T
        apart = [where[:, second, k] - where[:, first, k] for k in range(3)]
        x, y, z = to_nearest_images(apart, sight.system.cell, sight.system.pbc)
        return array_namespace(x).sqrt(x * x + y * y + z * z), z

    def _least(self, bonded: Array, values: Array) -> Array:
        """The least of a value in the fragment of each node, (slot, node)."""
        xp = array_namespace(values)
        for _ in range(len(self.graph.atoms) - 1):
            columns = [values[:, node] for node in range(values.shape[1])]
            for pair, (i, j) in enumerate(self.graph.pairs.tolist()):
                least = xp.minimum(columns[i], columns[j])
                columns[i] = xp.where(bonded[:, pair], least, columns[i])
                columns[j] = xp.where(bonded[:, pair], least, columns[j])
            values = xp.stack(columns, 1)
        return values


def _any(mask: Array, sight: Sight) -> Array:
    """Whether anything along the second axis holds, (slot,); of nothing, nothing does."""
    xp = array_namespace(sight.time)
    return xp.max(mask, axis=1) if mask.shape[1] else sight.time < -1.0


class Transmitted(Ending):
    """All of the projectile is below the slab."""

    name, sticks = TRANSMITTED

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether it is 2 Å below the lowest atom of the slab."""
        return sight.uppermost < sight.deepest - BEYOND_A


class Adsorbed(Ending):
    """Time is up, and the projectile is on the surface.

    Args:
        near_A: height of its lowest atom above the top plane, at most.
        absorbed_A: depth of its lowest atom below the top plane, at most.
        time_fs: the last moment of a trajectory.
        timestep_fs: of the motion.
    """

    name, sticks = ADSORBED

    def __init__(self, near_A: float, absorbed_A: float, time_fs: float, timestep_fs: float):
        """Take the heights, and the time."""
        self.near_A, self.absorbed_A = near_A, absorbed_A
        self.last = Undecided(time_fs, timestep_fs).last

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether it is."""
        there = (sight.height < self.near_A) & (sight.height >= -self.absorbed_A)
        return (sight.time > self.last) & there


class Absorbed(Adsorbed):
    """Time is up, and the projectile is in the slab."""

    name, sticks = ABSORBED

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether it is."""
        return (sight.time > self.last) & (sight.height < -self.absorbed_A)


class Trapped(Ending):
    """The projectile's energy has been negative at so many outer turning points in a row.

    Its energy is the kinetic energy of its centre of mass, and what it shares with the slab:

        E = P²/2M + V(slab and projectile) - V(slab) - V(projectile)

    It is looked at where the centre of mass turns from rising to falling, since there most of it
    is potential energy.

    Args:
        bounces: how many turning points.
        alone: positions of the slab, and of the projectile -> the energies of both, alone, eV.
    """

    name, sticks = TRAPPED

    def __init__(self, bounces: int, alone: Callable[[np.ndarray, np.ndarray], np.ndarray]):
        """Take the number of bounces, and what evaluates the parts."""
        self.bounces, self.alone = bounces, alone

    def begin(self, sight: Sight) -> Tree:
        """It falls or rises, and has been bound nowhere."""
        xp = array_namespace(sight.Z)
        return {"rises": sight.rising > 0, "bound": xp.zeros_like(sight.Z, dtype=xp.int64)}

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """Count the outer turning points at which it is bound; one that is free begins anew."""
        rises = sight.rising > 0
        turns = np.flatnonzero(memory["rises"] & ~rises)
        bound = memory["bound"]
        if len(turns):
            bound = bound.copy()
            negative = self._energy(sight, turns) < 0
            bound[turns] = np.where(negative, bound[turns] + 1, 0)
        return {"rises": rises, "bound": bound}

    def _energy(self, sight: Sight, slots: Int[np.ndarray, " slot"]) -> Float[np.ndarray, " slot"]:
        """That of the projectile in some slots, eV."""
        n, positions = sight.system.projectile, sight.state.positions[slots]
        momentum = sight.momenta[slots].sum(axis=1)
        kinetic = 0.5 * (momentum**2).sum(axis=1) / sight.masses[slots].sum(axis=1)
        parts = self.alone(positions[:, :-n], positions[:, -n:])
        return kinetic + sight.state.energies[slots] - parts

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether it is trapped."""
        return memory["bound"] >= self.bounces
