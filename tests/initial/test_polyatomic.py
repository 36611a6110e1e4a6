"""Polyatomic projectiles: rotation, orientation, thermal states, and the energies measured."""

import numpy as np
import pytest
from bonded_molecules import carbon_dioxide, methane, water
from scipy.stats import kstest

from scatter.conditions import Conditions
from scatter.dynamics.integrators import velocity_verlet
from scatter.initial import cache, tops
from scatter.initial.normal_modes import normal_modes
from scatter.initial.polyatomic import Polyatomic
from scatter.initial.pools import Sampling, pool_of, thermal_states
from scatter.initial.projectile import Projectile
from scatter.initial.quantised import Internal, Quantised
from scatter.settings import UserError
from scatter.state import State, lone
from scatter.units import K, fs, hbar

THREE_SIGMA = 0.0027
HARMONIC = Sampling(method="normal-modes", points=32)  # at once, and as good for rotation
MAKES = {"water": water, "carbon dioxide": carbon_dioxide, "methane": methane}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path))


def fired(make, *internals, average_fs=0.0, sampling=HARMONIC, **how):
    molecule, potential = make(**how)
    quantised = Quantised.of(molecule, potential, internals, sampling)
    states = {internal.words: internal for internal in internals}
    return Polyatomic(quantised, potential, states, average_fs=average_fs)


def at(internal):
    """A point in an internal state."""
    kept = ("Cu", 300.0, "molecule", None, None, None, 0.5, 0.0, None)
    return Conditions(*kept, state=internal.words)


def ground(make, J=0, projection=None, **how):
    modes = normal_modes(*make(**how))
    return Internal(quanta=(0,) * len(modes), J=J, projection=projection)


def drawn(projectile, internal, number=40, seed=1):
    streams = [np.random.default_rng((seed, n)) for n in range(number)]
    phases = [projectile.sample(at(internal), stream) for stream in streams]
    x, p = (np.array([getattr(each, name) for each in phases]) for name in ("positions", "momenta"))
    columns = {
        name: np.array([each.columns[name] for each in phases]) for name in phases[0].columns
    }
    return x, p, columns


@pytest.mark.parametrize("name", MAKES)
@pytest.mark.parametrize("J", [0, 3])
def test_angular_momentum_is_that_of_the_rotational_state(name, J):
    internal = ground(MAKES[name], J)
    x, p, columns = drawn(fired(MAKES[name], internal), internal)
    L = np.linalg.norm(np.cross(x, p).sum(axis=1), axis=1) / hbar
    np.testing.assert_allclose(L, np.sqrt(J * (J + 1)), atol=1e-9)
    np.testing.assert_allclose(columns["initial_J"], J, atol=1e-9)
    np.testing.assert_allclose(p.sum(axis=1), 0, atol=1e-11)


def test_a_symmetric_top_has_the_projection_that_is_chosen_or_each_alike():
    chosen, each = (ground(methane, 2, K, isotopes="CHDDD") for K in (-1, None))
    projectile = fired(methane, chosen, each, isotopes="CHDDD")
    np.testing.assert_allclose(drawn(projectile, chosen)[2]["initial_K"], -1, atol=1e-12)
    counts = np.unique(drawn(projectile, each, 500)[2]["initial_K"].round(9), return_counts=True)
    np.testing.assert_array_equal(counts[0], range(-2, 3))
    assert counts[1].min() > 60  # 100 ± 9 each


def test_a_linear_molecule_rotates_about_no_axis_of_its_own():
    internal = ground(carbon_dioxide, 4)
    columns = drawn(fired(carbon_dioxide, internal), internal)[2]
    np.testing.assert_array_equal(columns["initial_K"], 0)


def test_rotations_are_uniform():
    R = np.array([tops.rotation(draws) for draws in np.random.default_rng(3).random((20_000, 3))])
    np.testing.assert_allclose(np.einsum("nij,nkj->nik", R, R), np.eye(3)[None] + 0 * R, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(R), 1)
    np.testing.assert_allclose(R.mean(axis=0), 0, atol=0.02)
    second = np.einsum("nij,nkl->ijkl", R, R) / len(R)
    one = np.eye(3)
    np.testing.assert_allclose(second, np.einsum("ik,jl->ijkl", one, one) / 3, atol=0.02)
    assert kstest(R[:, 2, 2], "uniform", (-1, 2)).pvalue > THREE_SIGMA
    angle = np.arccos(np.clip((np.trace(R, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert kstest(angle, lambda a: (a - np.sin(a)) / np.pi).pvalue > THREE_SIGMA


@pytest.mark.parametrize(("name", "axes"), [("water", 3), ("carbon dioxide", 2)])
def test_thermal_rotation_has_half_kT_about_each_axis(name, axes):
    modes = normal_modes(*MAKES[name]())
    normal = np.random.default_rng(4).standard_normal((4000, 3))
    L = np.array([tops.thermal(modes, 300.0, each) for each in normal])
    energies = L[:, :axes] ** 2 / (2 * modes.moments[:axes])
    np.testing.assert_allclose(energies.mean(axis=0), 0.5 * 300 * K, rtol=0.07)
    assert (L[:, axes:] == 0).all()
    internal = Internal(quanta=(0,) * len(modes), rotation_K=300.0)
    columns = drawn(fired(MAKES[name], internal), internal, 400)[2]
    assert columns["rotational_eV"].mean() == pytest.approx(axes / 2 * 300 * K, rel=0.15)


def test_populations_of_a_gas_are_those_of_planck():
    modes = normal_modes(*carbon_dioxide())
    states = thermal_states(modes, 700.0)
    assert sum(states.values()) == pytest.approx(1)
    means = sum(share * np.array(quanta) for quanta, share in states.items())
    np.testing.assert_allclose(means, 1 / np.expm1(modes.quanta_eV / (700 * K)), rtol=0.05)
    with pytest.raises(UserError, match="200 most populated vibrational states hold"):
        thermal_states(modes, 5000.0)


def test_a_gas_begins_in_states_by_their_populations():
    gas = Internal(vibration_K=500.0, J=0)
    projectile = fired(carbon_dioxide, gas)
    columns = drawn(projectile, gas, 500)[2]
    bends = columns["n1"] + columns["n2"]
    x = np.exp(-projectile.molecule.modes.quanta_eV[0] / (500 * K))
    assert (bends == 0).mean() == pytest.approx((1 - x) ** 2, abs=0.06)


def test_what_a_trajectory_draws_does_not_depend_on_the_other_states_of_a_campaign():
    gas, excited = Internal(vibration_K=400.0, J=1), Internal(quanta=(1, 0, 0, 0), J=1)
    many = Sampling(method="normal-modes", points=300)  # of (1 0 0 0) more than a gas draws from
    alone, beside = (
        fired(carbon_dioxide, *all_of, sampling=many) for all_of in ((gas,), (excited, gas))
    )
    for first, second in zip(drawn(alone, gas)[:2], drawn(beside, gas)[:2], strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", MAKES)
def test_what_was_sampled_is_measured(name):
    make = MAKES[name]
    modes = normal_modes(*make())
    internal = Internal(quanta=(0,) * len(modes), rotation_K=400.0)
    projectile = fired(make, internal)
    x, p, columns = drawn(projectile, internal)
    flying = p + projectile.masses[:, None] * [0.1, -0.2, 0.3]
    final = projectile.measure(x + [3.0, 4.0, 5.0], flying)
    for what in ("rotational_eV", "vibrational_eV"):
        np.testing.assert_allclose(final[f"final_{what}"], columns[what], atol=1e-10)
    np.testing.assert_allclose(final["final_J"], columns["initial_J"], atol=1e-8)
    quanta = np.array([final[f"final_mode{k + 1}_eV"] for k in range(len(modes))]).T
    np.testing.assert_allclose(quanta.sum(axis=1), modes.quanta_eV.sum() / 2, rtol=1e-9)
    if name != "carbon dioxide":  # whose bends share their energy as the frame lies
        np.testing.assert_allclose(quanta, modes.quanta_eV / 2 + 0 * quanta, rtol=1e-8)


def test_a_molecule_that_has_turned_inside_out_has_the_same_energies():
    internal = ground(methane, 2, isotopes="CHDDD")
    projectile = fired(methane, internal, isotopes="CHDDD")
    x, p, _ = drawn(projectile, internal, 5)
    mirror = np.array([1.0, 1.0, -1.0])
    first, second = projectile.measure(x, p), projectile.measure(x * mirror, p * mirror)
    for name, values in first.items():
        np.testing.assert_allclose(second[name], values, atol=1e-10)


def test_averaged_energies_add_up_and_depend_on_no_other_row():
    internal = Internal(quanta=(0, 0, 0), rotation_K=400.0)
    projectile = fired(water, internal, average_fs=40.0)
    x, p, columns = drawn(projectile, internal, 6)
    final = projectile.measure(x, p)
    total = columns["rotational_eV"] + columns["vibrational_eV"]
    np.testing.assert_allclose(
        final["final_rotational_eV"] + final["final_vibrational_eV"], total, atol=1e-12
    )
    for rows in (slice(0, 1), slice(2, 5)):
        for name, values in projectile.measure(x[rows], p[rows]).items():
            np.testing.assert_array_equal(values, final[name][rows])
    assert projectile.measure(x[:0], p[:0])["final_J"].shape == (0,)


def test_a_free_molecule_keeps_its_angular_momentum():
    internal = ground(water, 3)
    projectile = fired(water, internal)
    x, p, _ = drawn(projectile, internal, 4)
    evaluator = projectile.potential.bind(lone(*projectile.numbers), 4)
    energies, forces = evaluator.begin(np.arange(4), x)
    masses = np.repeat(projectile.masses[None, :, None], 4, axis=0)
    state = State(x.copy(), p.copy(), forces, energies, masses, np.zeros(4), np.arange(4))
    for _ in range(1000):
        velocity_verlet(state, evaluator, 0.2 * fs)
    L = np.cross(state.positions, state.momenta).sum(axis=1)
    np.testing.assert_allclose(L / hbar, np.cross(x, p).sum(axis=1) / hbar, atol=1e-8)


def test_internal_states_are_named_in_words():
    assert Internal(quanta=(0, 0, 1), J=2, projection=-1).words == "(0 0 1), J = 2, K = -1"
    assert Internal(vibration_K=500.0, rotation_K=20.0).words == "T_vib = 500 K, T_rot = 20 K"


@pytest.mark.parametrize(
    ("internal", "sentence"),
    [
        (Internal(J=0), "either the quanta of the modes or a temperature"),
        (Internal(quanta=(0, 0, 0), vibration_K=300.0, J=0), "either the quanta"),
        (Internal(quanta=(0, 0), J=0), r"\(0 0\) has 2 numbers of quanta.* has 3 modes"),
        (Internal(quanta=(0, 0, -1), J=0), "numbers of quanta are 0 to"),
        (Internal(quanta=(0, 0, 0)), "ODH: give either j or a temperature of the rotation"),
        (Internal(quanta=(0, 0, 0), J=1, projection=1), "ODH is an asymmetric top"),
    ],
)
def test_an_internal_state_that_the_molecule_has_not_is_refused(internal, sentence):
    with pytest.raises(UserError, match=sentence):
        Quantised.of(*water(isotopes="ODH"), [internal], HARMONIC)


def test_a_projection_beyond_j_is_refused():
    with pytest.raises(UserError, match="k = 2 needs a j of at least 2, and j = 1"):
        fired(methane, ground(methane, 1, 2, isotopes="CHDDD"), isotopes="CHDDD")


def test_a_state_that_flies_apart_is_refused():
    molecule, potential = water()
    modes = normal_modes(molecule, potential)
    potential.energies_and_forces = lambda _, x: (np.full(len(x), np.nan), np.zeros_like(x))
    with pytest.raises(UserError, match=r"state \(0 0 9\): 4 of 4 phase points flew apart"):
        pool_of(modes, potential, (0, 0, 9), Sampling(points=4, periods=0.1))


def test_phase_points_are_kept_and_any_of_what_made_them_makes_others(monkeypatch):
    molecule, potential = water()
    modes = normal_modes(molecule, potential)
    short = Sampling(points=2, periods=0.1)
    first = pool_of(modes, potential, (0, 0, 0), short)
    assert len([*cache.folder().iterdir()]) == 1
    monkeypatch.setattr("scatter.initial.pools.switched", None)
    again = pool_of(modes, potential, (0, 0, 0), short)
    np.testing.assert_array_equal(again.momenta, first.momenta)
    for other in (Sampling(points=3, periods=0.1), Sampling(points=2, periods=0.1, seed=2)):
        with pytest.raises(TypeError):
            pool_of(modes, potential, (0, 0, 0), other)


def test_a_polyatomic_is_a_projectile_whose_columns_are_what_it_writes():
    internal = ground(water)
    projectile = fired(water, internal)
    assert isinstance(projectile, Projectile)
    x, p, columns = drawn(projectile, internal, 2)
    assert [column.name for column in projectile.columns] == [*columns]
    assert [column.name for column in projectile.measured] == [*projectile.measure(x, p)]
    assert projectile.extent(at(internal)) >= np.linalg.norm(x, axis=2).max()
