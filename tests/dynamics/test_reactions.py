"""Endings of atoms and polyatomics: laws of scattering, graphs of bonds, names of products."""

from itertools import combinations, permutations
from types import SimpleNamespace

import numpy as np
import pytest
from batch_systems import DYNAMICS, STOP, WALL, Glimpse, Wall, wall_start
from bead_potential import Beads

from scatter.campaign.reacting import refuse_bounces_elsewhere
from scatter.dynamics.batch import propagate
from scatter.dynamics.conditions import Conditions
from scatter.dynamics.endings import Faults, Scattered, Undecided, of_a_diatomic
from scatter.dynamics.fragments import Graph, components, formula, label, limits, pairs_of
from scatter.dynamics.reactions import Absorbed, Adsorbed, Reaction, Transmitted, Trapped
from scatter.errors import UserError
from scatter.outcomes import Outcome
from scatter.potentials.base import CPU
from scatter.rows import KINDS
from scatter.state import Start, System
from scatter.units import fs

OPEN = 100 * np.eye(3), (False,) * 3
H, CU = 1.00782503, 63.546
CODES = {ending.name: len(Outcome) + n for n, ending in enumerate(KINDS["atom"].endings)}


def ended(start, system, potential, *endings, dt=0.1, slots=1, tolerance=0.05):
    """How one trajectory, or several, end."""
    starts = start if isinstance(start, list) else [start]
    names = tuple(ending.name for ending in KINDS["atom"].endings)
    conditions = Conditions(system, dt, Faults(tolerance, dt), endings, slots=slots, own=names)
    return [*propagate(iter(starts), potential, conditions)]


def flat(n, moving):
    """Some copper atoms in a plane, and a hydrogen atom."""
    places = np.array([[2.5 * i, 2.5 * j, 0.0] for i in range(n) for j in range(n)])
    system = System(
        np.full(n * n, 29), *OPEN, np.full(n * n, moving), np.arange(n * n)
    ).with_projectile(1)
    return system, places


def above(places, x, y, z, velocity, masses, mass=H):
    """The projectile at a place, with a velocity in Å/fs."""
    positions = np.vstack([places, [x, y, z]])
    momenta = np.zeros_like(positions)
    momenta[-1] = mass * np.array(velocity) / fs
    return Start(0, positions, momenta, np.append(masses, mass))


def test_an_atom_leaves_a_rigid_slab_as_fast_as_it_came():
    system, places = flat(3, moving=False)
    start = above(places, 2.9, 2.1, 6.0, [0.02, 0.01, -0.1], np.full(9, CU))
    [end] = ended(start, system, Beads(), Scattered(5.99), Undecided(500, 0.02), dt=0.02)
    assert end.outcome == Outcome.SCATTERED
    speeds = [np.linalg.norm(momenta[-1]) for momenta in (start.momenta, end.momenta)]
    assert speeds[1] == pytest.approx(speeds[0], rel=1e-7)


@pytest.mark.parametrize("mass", [1.00782503, 39.962383122])
def test_a_head_on_hit_of_a_free_atom_keeps_the_energy_of_two_hard_spheres(mass):
    system = System(np.array([29]), *OPEN, np.array([True]), np.array([0])).with_projectile(1)
    start = above(np.zeros((1, 3)), 0, 0, 8.0, [0, 0, -0.05], np.array([CU]), mass)
    [end] = ended(start, system, Beads(), Undecided(400, 0.1))
    kept = (end.momenta[-1] ** 2).sum() / (start.momenta[-1] ** 2).sum()
    assert kept == pytest.approx(((mass - CU) / (mass + CU)) ** 2, abs=2e-6)


def test_a_reversed_end_returns_to_its_start():
    system, places = flat(3, moving=True)
    potential = Beads(sites=places)
    start = above(places, 2.9, 2.1, 5.0, [0.0, 0.01, -0.06], np.full(9, CU))
    [end] = ended(start, system, potential, Undecided(300, 0.1))
    back = Start(0, end.positions, -end.momenta, start.masses)
    [again] = ended(back, system, potential, Undecided(300, 0.1))
    assert np.abs(again.positions - start.positions).max() < 1e-6


def test_an_atom_may_pass_through_stay_on_or_stay_within():
    system, places = flat(2, moving=False)
    masses, rest = np.full(4, CU), [0.0, 0.0, 0.0]
    clock = 20.0, 0.1
    kinds = (
        Transmitted(),
        Scattered(5.0),
        Adsorbed(3.0, 0.5, *clock),
        Absorbed(3.0, 0.5, *clock),
        Undecided(*clock),
    )
    for z, speed, name in [
        (-1.9, -0.01, "transmitted"),
        (2.9, 0, "adsorbed"),
        (-0.4, 0, "adsorbed"),
        (-0.6, 0, "absorbed"),
    ]:
        start = above(places, 1.25, 1.25, z, [0, 0, speed], masses)
        [end] = ended(start, system, Beads(wall=(0.0, 4.0)), *kinds)
        assert end.outcome == CODES[name], (z, name)
    start = above(places, 1.25, 1.25, 3.1, rest, masses)
    [end] = ended(start, system, Beads(wall=(0.0, 4.0)), *kinds)
    assert end.outcome == Outcome.UNDECIDED


class Pit(Beads):
    """A well along z for the projectile, above a slab that does not move."""

    def energies_and_forces(self, system, positions):
        energies, forces = np.zeros(len(positions)), np.zeros_like(positions)
        if system.projectile and len(system) > system.projectile:
            z = positions[:, -1, 2] - 2.0
            energies += 0.5 * 2.0 * z**2 - 0.3
            forces[:, -1, 2] = -2.0 * z
        return energies, forces


@pytest.mark.parametrize(("kinetic", "bound"), [(0.29, True), (0.31, False)])
def test_an_atom_is_trapped_after_so_many_bounces_with_negative_energy(kinetic, bound):
    system, places = flat(2, moving=False)
    speed = np.sqrt(2 * kinetic / H) * fs
    start = above(places, 0, 0, 2.0, [0, 0, -speed], np.full(4, CU))
    pit = Pit()

    def alone(slabs, projectiles):
        return np.zeros(len(slabs))

    [end] = ended(start, system, pit, Trapped(3, alone), Undecided(200, 0.1))
    period = 2 * np.pi * np.sqrt(H / 2.0) / fs
    assert end.outcome == (CODES["trapped"] if bound else Outcome.UNDECIDED)
    if bound:  # the third outer turning point: three quarters of a period, and two periods
        assert end.steps * 0.1 == pytest.approx(2.75 * period, abs=0.15)


def diatomic_graph(stop=STOP):
    """Of the diatomic of `batch_systems`: its limit is that of `Dissociated`."""
    return Graph(
        np.array([2, 3]), ("H", "H"), 2, np.array([True]), np.array([stop.dissociated_A]),
        np.array([0.9]), gas_A=stop.scattered_A,
    )  # fmt: skip


def test_the_graph_ends_a_diatomic_as_its_own_endings_do():
    starts = [wall_start(i) for i in range(30)]
    clock = DYNAMICS.max_time_fs, DYNAMICS.timestep_fs
    graph = Reaction(diatomic_graph(), "first bond", *clock)
    general = (graph, Scattered(STOP.scattered_A), Undecided(*clock))
    pairs = []
    for endings in (of_a_diatomic(DYNAMICS, STOP), general):
        conditions = Conditions(
            WALL, DYNAMICS.timestep_fs, Faults(0.3, DYNAMICS.timestep_fs), endings, slots=7
        )
        done = propagate(iter(starts), Wall(), conditions)
        pairs.append({end.trajectory: (end.outcome, end.steps) for end in done})
    assert pairs[0] == pairs[1]
    assert {outcome for outcome, _ in pairs[0].values()} >= {1, 2, 3}


def test_products_are_named_after_what_there_is_and_where():
    clock = DYNAMICS.max_time_fs, DYNAMICS.timestep_fs
    reaction = Reaction(diatomic_graph(), "first bond", *clock)
    endings = (reaction, Scattered(STOP.scattered_A), Undecided(*clock))
    conditions = Conditions(WALL, 0.5, Faults(0.3, 0.5), endings, slots=7)
    named = {
        end.outcome: reaction.row(end.memories["dissociated"], np.array([H, H]))
        for end in propagate((wall_start(i) for i in range(12)), Wall(), conditions)
    }
    assert named[1]["products"] == b"H* + H*"
    assert named[1]["first_bond"] == b"H-H"
    assert 0 < named[1]["first_bond_fs"] < 120
    assert 0 <= named[1]["first_bond_theta_deg"] <= 90
    assert named[2]["products"] == b"H2(g)"
    assert named[2]["first_bond"] == b""
    assert np.isnan(named[2]["first_bond_fs"])


METHANE = ("C", "H", "D", "D", "D")


def graph(symbols=METHANE, own=5, bonded=(0, 1, 2, 3)):
    """Carbon with its four hydrogens, and adsorbates before them where `own` is less than all."""
    n = len(symbols)
    every = np.zeros(n * (n - 1) // 2, bool)
    every[list(bonded)] = True
    one = np.ones(len(every))
    return Graph(np.arange(n), symbols, own, every, 2 * one, one)


def test_isotopes_are_told_by_their_masses():
    whole = graph(("C", "H", "H", "H", "H")).of_isotopes(np.array([12.0, 1.008, 2.014, 3.016, 2]))
    assert whole.symbols == ("C", "H", "D", "T", "D")
    mixed = graph(("D", "C", "H"), own=1, bonded=()).of_isotopes(np.array([2.014]))
    assert mixed.symbols == ("D", "C", "D")


def test_fragments_are_named_whatever_the_order_of_equal_atoms():
    heights, still = np.ones(5), np.zeros(5)
    whole = graph()
    names = set()
    for order in permutations([2, 3, 4]):  # which deuterium has gone
        bonded = whole.bonded.copy()
        bonded[order[0] - 1] = False
        names.add(label(whole, bonded, heights, still))
    assert names == {"CHD2* + D*"}
    assert label(whole, whole.bonded, heights, still) == "CHD3*"
    away = np.full(5, 9.0)
    assert label(whole, whole.bonded, away, np.ones(5)) == "CHD3(g)"
    assert label(whole, whole.bonded, away, -np.ones(5)) == "CHD3*"
    none = np.zeros(10, bool)
    deep = np.array([1.0, 1.0, -0.6, 1.0, 1.0])
    assert label(whole, none, deep, still) == "C* + D(sub) + D* + D* + H*"


def test_an_abstracted_adsorbate_leaves_a_vacancy():
    pair = graph(("H", "D"), own=1, bonded=())
    up, down = np.full(2, 9.0), np.ones(2)
    rising = np.array([2.0, 1.0])
    assert label(pair, np.array([True]), up, rising) == "HD(g) + *"
    assert label(pair, np.array([True]), down, rising) == "HD*"
    assert label(pair, np.array([False]), down, rising) == "D*"
    assert label(pair, np.array([False]), np.array([9.0, 1.0]), rising) == "D* + H(g) + *"
    lone = graph(("D",), own=1, bonded=())
    assert label(lone, np.zeros(0, bool), np.array([-9.0]), np.zeros(1), -8.0) == "D(t)"
    assert label(lone, np.zeros(0, bool), np.array([-0.6]), np.zeros(1)) == "D(sub)"


@pytest.mark.parametrize(
    ("symbols", "name"),
    [("HOH", "H2O"), ("OH", "OH"), ("HNHH", "NH3"), ("CHD", "CHD"), ("HH", "H2"), ("CO", "CO")],
)
def test_formulas_are_those_of_chemists(symbols, name):
    assert formula(tuple(symbols)) == name


def test_components_do_not_depend_on_the_order_of_bonds():
    rng = np.random.default_rng(3)
    for _ in range(20):
        bonded = rng.random(15) < 0.2
        parts = components(bonded, 6)
        assert sorted(node for part in parts for node in part) == [*range(6)]
        for (i, j), bond in zip(pairs_of(6).tolist(), bonded, strict=True):
            together = any(i in part and j in part for part in parts)
            assert together or not bond


def seen(reaction, lengths, times):
    """The memory of a reaction after a pair of atoms has been so far apart at these times, fs."""
    system = System(np.array([1, 1]), *OPEN, np.ones(2, bool), projectile=2)
    memory = None
    for r, time in zip(lengths, times, strict=True):
        state = SimpleNamespace(
            positions=np.array([[[0, 0, 0], [r, 0, 0.0]]]), momenta=np.zeros((1, 2, 3))
        )
        zero = np.zeros(1)
        sight = Glimpse(
            system=system, state=state, time=zero + time * fs, top=zero, Z=zero, deepest=zero
        )
        memory = reaction.begin(sight) if memory is None else reaction.see(memory, sight)
    return memory


def test_bonds_break_at_once_and_form_after_a_while_with_a_hysteresis():
    limit = np.array([2.0]), np.array([1.0])
    own = Graph(np.arange(2), ("H", "H"), 2, np.array([True]), *limit)
    reaction = Reaction(own, "first bond", 1000, 1)
    assert seen(reaction, [0.8, 1.9], [0, 1])["bonded"].all()
    assert not seen(reaction, [0.8, 2.1], [0, 1])["bonded"].any()
    assert not seen(reaction, [0.8, 2.1, 1.5, 0.9], [0, 1, 2, 3])["bonded"].any()
    assert not seen(reaction, [0.8, 2.1, 0.9, 0.9], [0, 1, 2, 21.9])["bonded"].any()
    assert seen(reaction, [0.8, 2.1, 0.9, 0.9], [0, 1, 2, 22])["bonded"].all()
    away = seen(reaction, [0.8, 2.1, 0.9, 1.1, 0.9, 0.9], [0, 1, 2, 12, 13, 32])
    assert not away["bonded"].any()  # the time begins anew
    assert seen(reaction, [0.8, 2.1, 0.9, 0.9], [0, 7, 8, 28])["first_time"] / fs == 7


def test_limits_follow_from_the_lengths_at_rest_and_what_is_given():
    rest = np.array([1.09, 1.09, 1.78])
    bonded, broken, formed = limits(("C", "H", "H"), rest, {})
    assert bonded.tolist() == [True, True, False]
    assert broken[:2] == pytest.approx([2.18, 2.18])
    assert limits(("C", "H", "H"), rest, {"H-C": 2.5})[1][:2] == pytest.approx([2.5, 2.5])
    assert limits(("C", "O"), np.array([1.13]), {})[1] == pytest.approx([1.8 * 1.13])
    assert formed[0] == pytest.approx(1.2 * 1.09)
    assert (formed <= broken).all()
    assert broken[2] == pytest.approx(2 * 0.62)  # twice the sum of the radii of hydrogen


@pytest.mark.parametrize("nodes", [2, 5])
def test_pairs_are_those_of_combinations(nodes):
    assert pairs_of(nodes).tolist() == [list(pair) for pair in combinations(range(nodes), 2)]


def test_bounces_are_refused_where_arrays_do_not_live_on_a_cpu():
    stop = SimpleNamespace(trapped_bounces=3)
    place = SimpleNamespace(array=list)
    elsewhere = SimpleNamespace(place=place, description="a model on a GPU")
    with pytest.raises(UserError, match=r"trapped_bounces = 3: .*a model on a GPU.* runs on a GPU"):
        refuse_bounces_elsewhere(SimpleNamespace(stop=stop), elsewhere)
    here = SimpleNamespace(place=CPU, description="here")
    refuse_bounces_elsewhere(SimpleNamespace(stop=stop), here)
    refuse_bounces_elsewhere(SimpleNamespace(stop=SimpleNamespace(trapped_bounces=None)), elsewhere)
