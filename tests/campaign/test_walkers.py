"""Moves of starts on a dividing surface: each keeps the canonical law, and is reversible."""

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from short_desorption import SETTINGS, shorten

from scatter.analysis.resolved import Ladder
from scatter.campaign.chained import Walk, moved
from scatter.campaign.prepare import prepare
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import opened
from scatter.campaign.umbrella import walkers_at
from scatter.campaign.walkers import Walkers
from scatter.campaign.watch import Watch
from scatter.config import parse, points, toml
from scatter.ebk import reduced_mass
from scatter.initial.umbrella import Umbrella

COUNT = 640
KINDS = {"molecule": 0, "slab": 1, "both": 2, "slab's way": 3}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Walkers of a small surface, and canonical starts."""
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        patch.setenv("SCATTER_CACHE", str(tmp_path_factory.mktemp("cache")))
        settings = {**SETTINGS, "sampling": {"trajectories": COUNT}}
        source, ranks = parse(Path("settings"), toml(settings)), Ranks()
        on = opened(source, False, ranks)
        prepared = prepare(source.input, on.potential, ranks, lambda _: None)
        point = points(source.input)[0]
        watch = Watch(ranks, Console(quiet=True))
        them = walkers_at(source.input, prepared, point, on.potential, watch)
        drawn = prepared.crossings[point.facet, point.T_K, point.molecule].crossings
        positions = drawn.positions[:COUNT]
        yield them, positions, them.crossing(positions, streams(1))


def streams(seed, kind=None):
    """Random numbers of each start; the kind of every move is one."""
    rngs = [np.random.default_rng([seed, n]) for n in range(COUNT)]
    return rngs if kind is None else [Chosen(rng, kind) for rng in rngs]


class Chosen:
    """A generator that draws one kind of move."""

    def __init__(self, rng, kind):
        self.rng, self.kind = rng, kind

    def __getattr__(self, name):
        return getattr(self.rng, name)

    def integers(self, *range):
        return self.kind if range == (4,) else self.rng.integers(*range)


def seen(them, positions, momenta):
    """Kinetic energies in kT, height, turn and speed of the molecule, height of an atom."""
    state, rho = them._along(positions, momenta)
    energies = (state.momenta**2).sum(axis=2) / (2 * them.chains.all_masses * them.kT)
    bond = positions[:, -1] - positions[:, -2]
    return {
        "slab": energies[:, :-2].sum(axis=1),
        "molecule": energies[:, -2:].sum(axis=1),
        "rho2": rho**2,
        "Z": positions[:, -2:, 2].mean(axis=1),
        "up": bond[:, 2] ** 2,
        "p_z": momenta[:, -2:, 2].sum(axis=1),
        "atom": positions[:, 12, 2],
        "p_atom": momenta[:, 12, 2],
    }


@pytest.mark.parametrize("kind", [None, *KINDS.values()])
def test_moves_keep_the_canonical_law_and_the_bond(made, kind):
    them, positions, momenta = made
    before = seen(them, positions, momenta)
    for seed in range(4):
        positions, momenta = them.moved(positions, momenta, streams(2 + seed, kind))
    after = seen(them, positions, momenta)
    slab = int(them.chains.system.moving[:-2].sum())
    due = {"slab": 1.5 * slab, "molecule": 2.5, "rho2": 2.0}
    for name, values in after.items():
        error = np.sqrt((values.var() + before[name].var()) / COUNT)
        assert abs(values.mean() - before[name].mean()) < 4 * error + 1e-9, name
        if name in due:
            assert abs(values.mean() - due[name]) < 4 * values.std() / np.sqrt(COUNT), name
    bond = np.linalg.norm(positions[:, -1] - positions[:, -2], axis=1)
    assert abs(bond - 1.2).max() < 1e-9
    assert not np.array_equal(positions, made[1]) or kind in (0, 1)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_moves_are_reversible(made, kind):
    """⟨f(x) g(y)⟩ = ⟨g(x) f(y)⟩ of every two functions of where a move begins and ends."""
    them, positions, momenta = made
    before = seen(them, positions, momenta)
    after = seen(them, *them.moved(positions, momenta, streams(9, kind)))
    names, changed = [*before], 0
    for n, f in enumerate(names):
        changed += not np.allclose(before[f], after[f])
        for g in names[:n]:
            a, b = (before[each] - before[each].mean() for each in (f, g))
            c, d = (after[each] - before[each].mean() for each in (f, g))
            odd = a * d - b * c
            assert abs(odd.mean()) < 4.5 * odd.std() / np.sqrt(COUNT) + 1e-12, (f, g)
    assert changed > 1


@pytest.mark.parametrize("kind", [2, 3])
def test_dynamics_there_and_back_undoes_itself(made, monkeypatch, kind):
    them, positions, momenta = made

    class Way(Chosen):
        """All steps, forwards or backwards."""

        def __init__(self, kind, back):
            super().__init__(None, kind)
            self.back = back

        def integers(self, *range):
            if range == (4,):
                return self.kind
            return self.back if range == (2,) else 15

    some, others = positions[:8], momenta[:8]
    there = them.moved(some, others, [Way(kind, 0)] * 8)
    again = them.moved(*there, [Way(kind, 1)] * 8)
    assert abs(there[0] - some).max() > 0.01
    assert abs(again[0] - some).max() < 1e-8
    assert abs(again[1] - others).max() < 1e-8


def test_what_leaves_is_measured_as_rows_are(made):
    """E in all is what translation, v and J make of it; what comes back is not a number."""
    them, positions, momenta = made
    words = np.zeros((64, 3), np.int64)
    out = them.left(positions[:64], momenta[:64], words)
    gone = np.isfinite(out[:, 0])
    assert 5 < gone.sum() < 60
    E_n, v, J, lateral, total = out[gone].T
    ladder = np.array([them_energy(them, v[n], J[n]) for n in range(gone.sum())])
    assert total == pytest.approx(E_n + lateral + ladder, abs=2e-3)
    came = them.came(positions[:64][gone], momenta[:64][gone], words[gone])
    assert came.mean() > 0.8


def them_energy(them, v, J):
    """E_vJ above the minimum of the curve."""
    ladder = Ladder(them.molecule.curve, reduced_mass(*map(float, them.molecule.masses)))
    return float(ladder.energies(np.array([v]), np.array([J]))[0, 0])


class Toy(Walkers):
    """Starts that are normal numbers, of which a molecule leaves with E_n = 0.4 + 0.1 x."""

    def __init__(self):
        """Have nothing of real ones."""

    def moved(self, positions, momenta, streams):
        s = 0.5
        noise = np.array([rng.standard_normal() for rng in streams])[:, None, None]
        return np.sqrt(1 - s * s) * positions + s * noise, momenta

    def left(self, positions, momenta, words):
        x = positions[:, 0, 0]
        none, J = np.zeros(len(x)), np.ones(len(x))
        E = np.where(x > 2.5, np.nan, 0.4 + 0.1 * x)
        return np.stack([E, none, J, none, E], axis=1)


def test_chains_have_the_law_of_the_weights():
    """π W is a normal law of another mean and width, cut off where nothing leaves."""
    T = 3000.0
    umbrella = Umbrella(T, 0.0, 1.0, 0.0, 0.8, np.zeros(5), np.zeros((3, 5)))
    x = np.linspace(-4, 2.5, 4001)
    E = 0.4 + 0.1 * x
    law = np.exp(-x * x / 2 + umbrella.log_weight(Toy().left(x[:, None, None], x, x)))
    law /= law.sum()
    none, words = np.zeros((400, 1, 3)), np.zeros((400, 3), np.int64)
    walk = Walk(
        1, 0, umbrella, np.zeros((0, 4)), none, none, words, Toy().left(none, none, words), 0
    )
    streams = [np.random.default_rng([4, n]) for n in range(400)]
    took = 0.0
    for _ in range(60):
        walk, taken = moved(walk, Toy(), streams)
        took += taken.mean() / 60
    found = walk.leaving[:, 0]
    mean, width = law @ E, np.sqrt(law @ E**2 - (law @ E) ** 2)
    assert abs(mean - 0.4) > 2 * width / np.sqrt(400)  # so that it is not the law without weights
    assert abs(found.mean() - mean) < 4 * width / np.sqrt(400)
    assert found.std() == pytest.approx(width, rel=0.15)
    assert np.isfinite(found).all()
    assert 0.3 < took < 0.99
