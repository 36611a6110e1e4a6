"""Projectiles that begin on the surface: in equilibrium with it, and free to leave."""

import io
from copy import deepcopy

import numpy as np
import pytest
from ase.build import fcc111
from bonded_molecules import Bonded, water
from molecules_on_slabs import SETTINGS
from numba_threads import threads_as_before
from rich.console import Console

import scatter
from scatter.campaign.inspect import inspect
from scatter.fitting.sample import summary
from scatter.potentials.base import Potential
from scatter.state import lone
from scatter.units import K

T, A = 300, 3.68
SITES = fcc111("Cu", (2, 2, 3), a=A).positions
SITES[:, 2] -= SITES[:, 2].min()
TOP = SITES[-4:].mean(axis=0)  # middle of the top layer
OWN, BETWEEN = 4.0, 2.0  # eV/Å²: springs of the slab's atoms to their sites, and between layers
ABOVE, STEEP = 2.0, 1.2  # Å above the top layer, and 1/Å, of a well along z


class Above(Potential):
    """A slab of springs, and a molecule in a well above it.

    Args:
        molecule: its own potential.
        stiffness: of springs from its first atom to the four atoms of the top layer, eV/Å²; 0
            for a Morse well along z in which each of its atoms lies.
        depth: of that, eV.
    """

    elements = frozenset({1, 8, 29})
    description, cutoff = "a well above springs", 6.0

    def __init__(self, molecule=None, stiffness=0.0, depth=0.06):
        self.molecule, self.stiffness = molecule or Bonded({}, {}), stiffness
        self.depth = depth
        self.identity = f"well {self.molecule.identity} {stiffness} {depth}"

    def energies_and_forces(self, system, positions):
        slab = int((system.numbers == 29).sum())
        energies, forces = np.zeros(len(positions)), np.zeros_like(positions)
        if slab:
            away = positions[:, :slab] - SITES
            stretch = away[:, 4:] - away[:, :-4]
            energies += 0.5 * OWN * (away**2).sum(axis=(1, 2))
            energies += 0.5 * BETWEEN * (stretch**2).sum(axis=(1, 2))
            forces[:, :slab] -= OWN * away
            forces[:, 4:slab] -= BETWEEN * stretch
            forces[:, : slab - 4] += BETWEEN * stretch
        if slab < len(system):
            own = lone(*system.numbers[slab:].tolist())
            inner, pull = self.molecule.energies_and_forces(own, positions[:, slab:])
            energies += inner
            forces[:, slab:] += pull
        if 0 < slab < len(system):
            self._bind(energies, forces, positions, slab)
        forces[:, ~system.moving] = 0
        return energies, forces

    def _bind(self, energies, forces, positions, slab):
        if not self.stiffness:
            fall = np.exp(-STEEP * (positions[:, slab:, 2] - TOP[2] - ABOVE))
            energies += self.depth * (fall**2 - 2 * fall).sum(axis=1)
            forces[:, slab:, 2] += 2 * STEEP * self.depth * (fall**2 - fall)
            return
        rest = TOP + [0.0, 0.0, ABOVE]
        for atom in range(slab - 4, slab):
            stretch = positions[:, slab] - positions[:, atom] - (rest - SITES[atom])
            energies += 0.5 * self.stiffness * (stretch**2).sum(axis=1)
            forces[:, slab] -= self.stiffness * stretch
            forces[:, atom] += self.stiffness * stretch


def settings(**tables):
    made = deepcopy(SETTINGS)
    made["incidence"] = {"kind": "adsorbed", "place_A": TOP[:2].tolist()}
    made["molecule"] = {"formula": "H"}
    made["dynamics"].update(timestep_fs=0.5, max_time_fs=400)
    thermal = {"replicas": 32, "snapshots": 64, "equilibrate_fs": 300, "decorrelate_fs": 100}
    made["surface"]["thermalise"].update(friction_per_fs=0.03, **thermal)
    made["surface"].update(size=[2, 2, 3], lattice_constant_A=A)
    made["sampling"]["trajectories"] = made["run"]["slots"] = 64
    for name, keys in tables.items():
        made[name] = {**made.get(name, {}), **keys}
    return made


@pytest.fixture(autouse=True, scope="module")
def cached(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, threads_as_before():
        patch.setenv("SCATTER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def is_mean_square(values, due, numbers):
    """Whether a mean of energies is due, each of which sums up squares of normal numbers."""
    error = due * np.sqrt(2 / numbers)
    return np.mean(values) == pytest.approx(due, abs=4.5 * error)


@pytest.mark.slow
@pytest.mark.parametrize("bath", ["none", "bottom"])
def test_in_a_harmonic_well_it_has_its_share_of_kT_at_the_start_and_keeps_it(bath):
    dynamics = {"bath": bath} | ({"bath_per_fs": 0.03, "bath_layers": 1} if bath != "none" else {})
    given = settings(dynamics=dynamics, guards={"coupling_eV": 1e3})  # springs reach everywhere
    rows = scatter.run(given, potential=Above(stiffness=0.3)).trajectories
    assert {*rows["ended"]} == {"adsorbed"}
    assert len({*rows["snapshot"]}) > 32
    independent = 0.6 * len(rows)  # 64 states are drawn from 64, and so some of them twice
    for when in ("initial", "final"):
        kinetic = rows[f"{when}_kinetic_molecule_eV"]
        assert is_mean_square(kinetic, 1.5 * K * T, 3 * independent)
        z = rows[f"{when}_z1_A"] - rows[f"{when}_top_A"] - ABOVE
        # z and the mean of the top atoms are normal coordinates apart from one another
        assert is_mean_square(0.5 * 4 * 0.3 * z**2, 0.5 * K * T, independent)


SHALLOW = settings(
    dynamics={"max_time_fs": 900, "timestep_fs": 1.0},
    stop={"near_A": 8.0, "scattered_A": 8.0},
)
SHALLOW["surface"]["frozen_layers"] = "all"
SHALLOW["surface"]["thermalise"]["equilibrate_fs"] = 150


@pytest.fixture(scope="module")
def leaving(cached, tmp_path_factory):
    """Atoms in a shallow well on a rigid slab, from which some leave."""
    folder = tmp_path_factory.mktemp("leaving") / "run"
    return scatter.run(SHALLOW, potential=Above(), folder=folder)


@pytest.mark.slow
def test_those_leave_whose_energy_along_the_normal_is_positive(leaving):
    """On a flat and rigid surface it alone decides, and all of it is kept."""
    rows = leaving.trajectories
    speeds = (rows[f"initial_v{axis}1_A_per_fs"] for axis in "xyz")
    share = rows["initial_vz1_A_per_fs"] ** 2 / sum(v**2 for v in speeds)
    energy = share * rows["initial_kinetic_molecule_eV"] + rows["initial_coupling_eV"]
    free = energy > 1e-3
    assert 4 < free.sum() < 50
    assert (rows["ended"][free] == "desorbed").all()
    assert (rows["ended"][energy < -1e-3] == "adsorbed").all()
    gone = rows[rows["ended"] == "desorbed"]
    due = gone["initial_kinetic_molecule_eV"] + gone["initial_coupling_eV"]
    due -= gone["final_coupling_eV"]
    assert ((gone["final_translational_eV"] - due).abs() <= gone["energy_error_eV"] + 1e-9).all()
    assert {*gone["products"]} == {"H(g)"}


@pytest.mark.slow
def test_tables_and_the_page_say_that_it_began_adsorbed(leaving):
    assert [*leaving.points] == ["facet", "T_K", "molecule", "state"]
    assert {*leaving.points["state"]} == {"adsorbed"}
    assert "energy_eV" not in leaving.sticking()
    assert "impact_x_A" not in leaving.trajectories
    page = leaving.report().read_text()
    question = page[page.index("What becomes of") :]
    assert "adsorbed" in question[: question.index("?")]
    assert "translational_K" in page
    for word in ("incidence energies", "normal incidence", "Directions"):
        assert word not in page


@pytest.mark.slow
def test_the_batch_changes_no_bit(leaving):
    few = {"run": {**SHALLOW["run"], "slots": 3}, "sampling": {"trajectories": 6}}
    again = scatter.run({**SHALLOW, **few}, potential=Above())
    assert again.trajectories.equals(leaving.trajectories[:6])


@pytest.mark.slow
def test_a_molecule_begins_whole_and_is_measured_when_it_has_left():
    made = settings(
        molecule={"formula": "OHH"},
        stop={"near_A": 8.0, "scattered_A": 8.0},
        dynamics={"timestep_fs": 0.5, "max_time_fs": 900, "energy_tolerance_eV": 0.3},
        sampling={"trajectories": 12},
    )
    made["surface"]["temperature_K"] = 700
    made["surface"]["thermalise"].update(
        equilibrate_fs=100, replicas=8, snapshots=16, timestep_fs=0.5
    )
    rows = scatter.run(made, potential=Above(water()[1], depth=0.03)).trajectories
    gone = rows[rows["ended"] == "desorbed"]
    assert len(gone)
    assert {*gone["products"]} == {"H2O(g)"}
    parts = [f"final_{name}_eV" for name in ("translational", "rotational", "vibrational")]
    assert np.isfinite(gone[parts].to_numpy(float)).all()
    inner = gone["final_kinetic_molecule_eV"] + gone["final_potential_molecule_eV"]
    assert gone[parts].sum(axis=1).to_numpy() == pytest.approx(inner.to_numpy(), abs=0.02)


@pytest.mark.slow
def test_what_ends_otherwise_than_a_diatomic_is_replayed_and_counted_by_its_name(tmp_path):
    made = settings(
        potential={"kind": "ase", "calculator": "ase.calculators.emt:EMT"},
        incidence={"kind": "adsorbed", "place_A": TOP[:2].tolist()},
        dynamics={"max_time_fs": 10, "timestep_fs": 0.5},
        frames={"trajectories": 2, "every": 10},
        guards={"coupling_eV": 10.0},
        sampling={"trajectories": 2},
    )
    made["surface"].update(frozen_layers="all", temperature_K=0)
    del made["surface"]["thermalise"]
    scatter.run(made, folder=tmp_path / "run")
    assert "2 adsorbed" in summary(tmp_path / "run")
    told = io.StringIO()
    inspect(tmp_path / "run", 0, 1, None, None, False, Console(file=told, width=100))
    assert "adsorbed after 10 fs" in told.getvalue()


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"incidence": {"energy_eV": 0.5}}, "energy_eV applies to kind = .beam. only, and kind is"),
        ({"incidence": {"polar_deg": 30}}, "polar_deg applies to kind = .beam."),
        ({"incidence": {"height_A": 7.0}}, "height_A applies to kind = .beam."),
        ({"incidence": {"site": "top"}}, "site and place_A both say where"),
        ({"molecule": {"formula": "H2", "v": 0, "j": 0}}, r"\[molecule\] v describes the state of"),
        ({"molecule": {"formula": "OHH", "j": 0}}, r"\[molecule\] j describes the state of"),
        ({"stop": {"dissociated_A": 2.0}}, "H begins adsorbed; remove it"),
        ({"surface": {"temperature_K": 1500}, "stop": {"near_A": 2.0}}, "H has left the"),
    ],
)  # fmt: skip
def test_what_does_not_apply_to_it_is_refused(tables, sentence):
    with pytest.raises(scatter.UserError, match=sentence):
        scatter.run(settings(**tables), potential=Above())


def test_keys_of_adsorbed_starts_are_refused_of_beams():
    for key, value in {"site": "top", "place_A": [0.0, 0.0]}.items():
        given = settings()
        given["incidence"] = {"energy_eV": 0.5, key: value}
        with pytest.raises(
            scatter.UserError, match=f'{key} applies to kind = "adsorbed" only, and'
        ):
            scatter.run(given, potential=Above())
    given["incidence"] = {"kind": "beam"}
    with pytest.raises(scatter.UserError, match="the key 'energy_eV' is missing"):
        scatter.run(given, potential=Above())


def test_sites_are_named_and_those_without_a_name_need_a_place():
    for facet, keys, sentence in (
        ("111", {"site": "hollow"}, r"site = 'hollow': 111 has top, bridge, fcc, hcp"),
        ("310", {}, "place_A is missing: 310 has no sites with names"),
    ):
        given = settings(surface={"facet": facet})
        given["incidence"] = {"kind": "adsorbed", **keys}
        with pytest.raises(scatter.UserError, match=sentence):
            scatter.run(given, potential=Above())
