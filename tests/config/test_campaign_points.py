"""Points are the product of their conditions, and streams depend on conditions and number alone."""

from hashlib import sha256
from itertools import product
from pathlib import Path

import h5py
import numpy as np
import pytest

from scatter.analysis import sticking_of_counts
from scatter.config import POINT, difference, identity, parse, points, points_table, stream

SCAN = """\
[run]
seed = 7
[molecule]
formula = ["H2", "D2"]
states = [[0, 1], [1, 0]]
[incidence]
energy_eV = [0.2, 0.6]
polar_deg = [0, 30]
[surface]
facet = ["111", "211"]
temperature_K = [300, 925]
"""


def settings(text=SCAN):
    return parse(Path("scan.toml"), text).input


def test_the_points_are_the_product_of_all_conditions_in_a_stable_order():
    found = [
        (p.facet, p.T_K, p.molecule, (p.v, p.J), p.energy_eV, p.polar_deg)
        for p in points(settings())
    ]
    scanned = ["111", "211"], [300, 925], ["H2", "D2"], [(0, 1), (1, 0)], [0.2, 0.6], [0, 30]
    assert found == list(product(*scanned))
    assert all(p.mJ is None and p.azimuth_deg is None for p in points(settings()))


def test_every_point_has_its_own_key():
    found = points(settings())
    assert len({point.key for point in found}) == len(found)
    assert all(0 <= point.key < 2**64 for point in found)


def test_a_key_is_the_same_in_every_version():
    conditions = '["111", 300.0, "H2", 0, 1, null, 0.2, 0.0, null]'
    digest = sha256(conditions.encode()).hexdigest()
    assert points(settings())[0].key == int(digest[:16], 16) == 6076777606551635165


def test_inserting_conditions_changes_no_other_point():
    more = SCAN.replace("[0.2, 0.6]", "[0.2, 0.4, 0.6]").replace("[0, 30]", "[15, 0, 30]")
    before, after = points(settings()), points(settings(more))
    assert {point: point.key for point in before}.items() <= {p: p.key for p in after}.items()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("energy_eV = [0.2, 0.6]", "energy_eV = {start = 0.2, stop = 0.6, num = 2}"),
        ("polar_deg = [0, 30]", "polar_deg = [0.0, 30.0]"),
        ("temperature_K = [300, 925]", "temperature_K = [300.0, 925.0]"),
    ],
)
def test_conditions_written_differently_are_the_same_points(one, other):
    changed = settings(SCAN.replace(one, other))
    assert [p.key for p in points(changed)] == [p.key for p in points(settings())]
    assert difference(identity(settings()), identity(changed)) is None


def test_minus_zero_is_zero():
    changed = settings(SCAN.replace("polar_deg = [0, 30]", "polar_deg = [-0.0, 30]"))
    assert [p.key for p in points(changed)] == [p.key for p in points(settings())]


def test_streams_depend_on_seed_point_and_number_and_on_nothing_else():
    first, second = (point.key for point in points(settings())[:2])
    drawn = [
        tuple(stream(seed, key, number).random(3))
        for seed, key, number in product([7, 8], [first, second], [0, 1])
    ]
    assert len(set(drawn)) == 8
    assert tuple(stream(7, first, 0).random(3)) == drawn[0]


def test_the_table_of_points_is_read_back_from_hdf5_and_by_statistics(tmp_path):
    chosen = SCAN.replace("polar_deg", "azimuth_deg").replace("[[0, 1]", "[[0, 2]")
    found = points(settings(chosen.replace('"D2"]', '"D2"]\nmj = 0')))
    table = points_table(found)
    assert table.dtype == POINT
    with h5py.File(tmp_path / "points.h5", "w") as file:
        file["points"] = table
    with h5py.File(tmp_path / "points.h5") as file:
        again = file["points"][:]
    assert [text.decode() for text in again["facet"]] == [point.facet for point in found]
    rows = sticking_of_counts(table, np.zeros((len(table), 5), int))
    names = POINT.names[1:]
    assert [[getattr(r, n) for n in names] for r in rows] == [
        [getattr(p, n) for n in names] for p in found
    ]


def test_what_was_not_chosen_is_nan():
    table = points_table(points(settings()))
    assert np.isnan(table["mJ"]).all()
    assert np.isnan(table["azimuth_deg"]).all()


def test_a_slab_from_a_file_is_called_by_its_stem():
    text = SCAN.replace('facet = ["111", "211"]', 'file = "slabs/terrace.xyz"')
    assert {point.facet for point in points(settings(text))} == {"terrace"}


def test_how_a_campaign_is_run_is_no_part_of_its_identity():
    same = SCAN.replace("seed = 7", 'seed = 7\noutput = "x"\nslots = 3\nthreads = 2')
    same += "[frames]\ntrajectories = 3\nevery = 1\n[potential]\ntrust_pickle = false\n"
    assert identity(settings(same)) == identity(settings())


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ("seed = 7", "seed = 8", "[run] seed was 7 and is now 8"),
        (
            "[0.2, 0.6]",
            "[0.2, 0.7]",
            "[incidence] energy_eV was [0.2, 0.6] and is now [0.2, 0.7] (conditions can be added, "
            "but not removed)",
        ),
        (
            "[surface]",
            "[surface.thermalise]\nreplicas = 8\n[surface]",
            "[surface.thermalise] replicas was 32 and is now 8",
        ),
        (
            "[surface]",
            "[sampling]\ntrajectories = 10\n[surface]",
            "[sampling] trajectories was 1000 and is now 10 (it can grow, but not shrink)",
        ),
        (
            "states",
            "mj = 0\nstates",
            "[molecule] mj was not given and is now [0] (conditions can be added, but not removed)",
        ),
    ],
)
def test_the_first_setting_that_differs_is_named_with_both_values(one, other, sentence):
    changed = settings(SCAN.replace(one, other))
    assert difference(identity(settings()), identity(changed)) == sentence


def test_more_trajectories_are_the_same_campaign():
    more = settings(SCAN + "[sampling]\ntrajectories = 2000\n")
    assert difference(identity(settings()), identity(more)) is None


def test_a_campaign_of_before_there_was_another_scheme_is_one_of_velocity_verlet():
    now = identity(settings())
    then = {key: value for key, value in now.items() if not key.startswith("dynamics.scheme")}
    then = {key: value for key, value in then.items() if key != "dynamics.inner_steps"}
    assert difference(then, now) is None
    other = identity(settings(SCAN + '[dynamics]\nscheme = "multistep"\n'))
    assert difference(then, other) == '[dynamics] scheme was "verlet" and is now "multistep"'


def test_a_campaign_of_before_there_was_a_bath_is_one_without():
    now = identity(settings())
    then = {key: value for key, value in now.items() if not key.startswith("dynamics.bath")}
    assert len(then) == len(now) - 3
    assert difference(then, now) is None
    other = identity(settings(SCAN + '[dynamics]\nbath = "bottom"\n'))
    assert difference(then, other) == '[dynamics] bath was "none" and is now "bottom"'
    of_one_layer = {**now, "dynamics.bath_layers": 1}  # which no bath had
    assert difference(of_one_layer, now) is None
    assert "bath_layers was 1" in str(difference({**other, "dynamics.bath_layers": 1}, other))


def test_a_geometry_that_has_changed_is_another_campaign(tmp_path):
    file = tmp_path / "water.xyz"
    file.write_text("3")
    state = 'formula = ["H2", "D2"]\nstates = [[0, 1], [1, 0]]\n'
    assert state in SCAN
    text = SCAN.replace(state, f'formula = "OHH"\ngeometry = "{file}"\n')
    before = identity(settings(text))
    assert difference(before, identity(settings(text))) is None
    file.write_text("3 ")
    now = identity(settings(text))
    assert difference(before, now) == "the file of [molecule] geometry has changed"
