import numpy as np
import pytest
from trajectory_rows import rows_of, some_points, some_rows

from scatter.analysis.directions import angles, angular_distribution, scattering
from scatter.units import ISOTOPES, degree, fs

pytestmark = pytest.mark.slow

H = {"H2": np.array([1.0, 1.0]), "HD": np.array([1.0, 2.0])}
COME = np.array([np.sin(30 * degree), 0.0, -np.cos(30 * degree)])


def moving(come, gone, masses=H["H2"], inside=0.3):
    """Scattered rows whose centres of mass move so (Å / time unit), each atom otherwise too."""
    come, gone = (np.broadcast_to(one, np.broadcast_shapes(come.shape, gone.shape)).reshape(-1, 3)
                  for one in (come, gone))  # fmt: skip
    rows = some_rows(len(come))
    for when, centre in (("initial", come), ("final", gone)):
        for atom, share in ((0, masses[1]), (1, -masses[0])):
            velocity = centre + inside * share * np.array([0.2, -0.1, 0.5])
            for axis in range(3):
                rows[f"{when}_v{'xyz'[axis]}{atom + 1}_A_per_fs"] = velocity[:, axis] * fs
            kinetic = 0.5 * masses[atom] * (velocity**2).sum(axis=1)
            rows[f"{when}_kinetic_molecule_eV"] += kinetic
    return rows


def directions(polar_deg, azimuth_deg):
    polar, azimuth = np.asarray(polar_deg) * degree, np.asarray(azimuth_deg) * degree
    flat = np.sin(polar)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.cos(polar)], axis=-1)


def test_a_wall_for_the_centre_of_mass_scatters_into_the_specular_direction(bounced):
    points, rows = bounced
    found = angles(points, rows, {"H2": np.full(2, ISOTOPES["H"][1])})
    assert found["from_specular_deg"] == pytest.approx(np.zeros(24), abs=1e-2)
    polar = points["polar_deg"][found["point"]]
    assert found["polar_deg"] == pytest.approx(polar, abs=1e-2)
    assert found["in_plane_deg"] == pytest.approx(polar, abs=1e-2)
    assert found["out_of_plane_deg"] == pytest.approx(np.zeros(24), abs=1e-2)
    assert found["loss_eV"] == pytest.approx(np.zeros(24), abs=1e-4)
    for row in rows_of(scattering(points, found)):
        assert row.near_specular == 1
        assert row.specular_deg == row.polar_deg
        assert row.mean_cos == pytest.approx(np.cos(row.polar_deg * degree), abs=1e-4)


@pytest.mark.parametrize("turn", [0.0, 40.0, 215.0])
def test_angles_count_from_the_plane_of_incidence_wherever_it_lies(turn):
    come = directions([150.0], [turn])  # downwards, 30° from the normal
    gone = directions([30.0, 20.0, 20.0, 45.0], turn + np.array([0.0, 180.0, 90.0, -90.0]))
    found = angles(some_points(), moving(come, gone), H)
    assert found["in_plane_deg"] == pytest.approx([30, -20, 0, 0], abs=1e-9)
    assert found["out_of_plane_deg"] == pytest.approx([0, 0, 20, -45], abs=1e-9)
    assert found["polar_deg"] == pytest.approx([30, 20, 20, 45])
    assert found["from_specular_deg"][:2] == pytest.approx([0, 50], abs=1e-9)


def test_the_loss_is_that_of_the_centre_of_mass_of_unlike_atoms_too():
    rows = moving(COME[None], 0.5 * directions([10.0], [0.0]), H["HD"])
    found = angles(some_points(molecule="HD"), rows, H)
    assert found["incidence_eV"] == pytest.approx([1.5])
    assert found["loss_eV"] == pytest.approx([1.5 * 0.75])
    assert found["polar_deg"] == pytest.approx([10])


def cosine_law(rng, power, count):
    """Directions of which dP/dΩ ∝ cos^m, for motion at normal incidence."""
    polar = np.arccos(rng.random(count) ** (1 / (power + 1))) / degree
    return directions(polar, rng.uniform(0, 360, count))


@pytest.fixture(scope="module")
def lambertian():
    gone = cosine_law(np.random.default_rng(1), 1.0, 20000)
    return angles(some_points(), moving(np.array([[0.0, 0.0, -1.0]]), gone), H)


def test_a_cosine_law_has_its_mean_cosine_and_its_power(lambertian):
    (found,) = rows_of(scattering(some_points(), lambertian))
    assert found.mean_cos == pytest.approx(2 / 3, abs=4 * found.mean_cos_error)
    assert found.cosine_power == pytest.approx(1, abs=4 * found.cosine_power_error)
    assert found.cosine_power_error == pytest.approx(2 / np.sqrt(20000), rel=0.02)


@pytest.mark.parametrize(
    ("along", "law"),
    [
        ("polar", lambda bin, at: np.cos(at) / np.pi),
        # the shadow of cos ϑ / π on the plane: ∫ cos θ cos ψ cos ψ dψ / π over the strip's area
        ("in_plane", lambda bin, at: np.cos(at) / 4),
        ("out_of_plane", lambda bin, at: 2 * np.cos(at) / np.pi**2),
    ],
)
def test_a_cosine_law_is_that_cosine_per_solid_angle(lambertian, along, law):
    bins = rows_of(angular_distribution(some_points(), lambertian, along, 5.0))
    assert sum(row.P for row in bins) == pytest.approx(1)
    assert sum(row.solid_angle_sr for row in bins) == pytest.approx(2 * np.pi)
    at = np.array([0.5 * (row.from_deg + row.to_deg) for row in bins]) * degree
    density, wide = (np.array([getattr(row, n) for row in bins]) for n in ("per_sr", "per_sr_high"))
    assert np.all(np.abs(density - law(bins, at)) < 2 * (wide - density) + 0.003)


def test_a_detector_near_the_plane_sees_the_density_there(lambertian):
    bins = rows_of(
        angular_distribution(some_points(), lambertian, "in_plane", 10.0, acceptance_deg=20.0)
    )
    centre = [row for row in bins if row.from_deg == 0.0]
    assert centre[0].per_sr == pytest.approx(1 / np.pi, rel=0.1)
    assert sum(row.P for row in bins) < 0.6


def test_the_loss_along_an_angle_is_the_mean_over_its_bin():
    gone = np.concatenate([0.5 * directions([12.0], [0.0]), directions([14.0, 88.0, 90.0], 0.0)])
    found = angles(some_points(), moving(COME[None], gone), H)
    bins = {
        row.from_deg: row
        for row in rows_of(angular_distribution(some_points(), found, "polar", 10.0))
    }
    assert [row.count for row in bins.values()] == [0, 2, 0, 0, 0, 0, 0, 0, 2]
    assert bins[10.0].mean_loss_eV == pytest.approx(0.5 * 0.75)
    assert np.isnan(bins[0.0].mean_loss_eV)


def test_a_point_that_nothing_scattered_from_has_a_row_without_numbers():
    found = angles(some_points(2), moving(COME[None], -COME[None]), H)
    full, empty = rows_of(scattering(some_points(2), found))
    assert (full.scattered, empty.scattered) == (1, 0)
    assert np.isnan([empty.mean_cos, empty.cosine_power, empty.near_specular]).all()


@pytest.mark.parametrize(("key", "value"), [("width_deg", 7.0), ("acceptance_deg", 0.0)])
def test_bins_that_are_none_are_refused(key, value):
    nothing = angles(some_points(), some_rows(0), H)
    with pytest.raises(ValueError, match=key):
        rows_of(angular_distribution(some_points(), nothing, **{key: value}))


@pytest.mark.slow
def test_intervals_of_the_mean_cosine_and_power_hold_the_truth_in_about_95_of_100():
    rng, experiments, held = np.random.default_rng(2), 600, np.zeros(2)
    points, down = some_points(experiments), np.array([[0.0, 0.0, -1.0]])
    rows = moving(down, cosine_law(rng, 4.0, 60 * experiments))
    rows["point"], rows["number"] = np.divmod(np.arange(len(rows)), 60)
    for row in rows_of(scattering(points, angles(points, rows, H))):
        held += [
            abs(row.mean_cos - 5 / 6) < 1.96 * row.mean_cos_error,
            abs(row.cosine_power - 4) < 1.96 * row.cosine_power_error,
        ]
    assert np.all(np.abs(held / experiments - 0.95) < 0.02), held / experiments
