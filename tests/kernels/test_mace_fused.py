from pathlib import Path

import numpy as np
import pytest
from mace_models import KINDS, by_mace_torch, folded_model, hydrogen_on_copper, random_model

from scatter.mace.cpu import MaceFused
from scatter.mace.kernels.harmonics import SLOPES, harmonics, polynomials, sphere
from scatter.mace.kernels.tiles import spline_pieces
from scatter.potentials.check import deviations

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
PUBLISHED = ROOT / ".." / "shared" / "reference" / "h2cu" / "mace_stark2024.model"
SMALL = "16x0e, products of two"
ZBL = "32x0e, products of three, ZBL"


def fused(kind, precision="float64"):
    return MaceFused(folded_model(kind), precision)


def ours(potential, system, positions):
    return potential.bind(system, len(positions)).begin(np.arange(len(positions)), positions)


@pytest.fixture(scope="module", params=KINDS)
def expected(request):
    """A kind of model, and the energies and forces of mace-torch."""
    system, positions = hydrogen_on_copper()
    return request.param, *by_mace_torch(random_model(request.param), system, positions)


@pytest.mark.parametrize(("precision", "allowed"), [("float64", 1e-8), ("float32", 1e-5)])
def test_energies_and_forces_are_those_of_mace_torch(expected, precision, allowed):
    kind, energies, forces = expected
    system, positions = hydrogen_on_copper()
    found = ours(fused(kind, precision), system, positions)
    rms = np.sqrt((forces**2).mean())
    assert abs(found[1] - forces)[:, system.moving].max() < allowed * rms
    assert found[0] == pytest.approx(energies, abs=allowed * rms, rel=1e-7 * (allowed > 1e-6))


@pytest.mark.parametrize("kind", [SMALL, ZBL])
def test_the_laws_of_potentials_hold(kind):
    system, positions = hydrogen_on_copper()
    found = deviations(fused(kind), system, positions, np.random.default_rng(1))
    assert not found.broken()


def test_single_precision_keeps_the_exact_laws():
    system, positions = hydrogen_on_copper()
    found = deviations(fused(ZBL, "float32"), system, positions, np.random.default_rng(1))
    near = ("translation", "image", "rotation", "permutation", "held", "separation", "memory")
    assert not found.broken(gradient=5e-3, **dict.fromkeys(near, 5e-6))


def test_harmonics_are_orthonormal_and_their_slopes_are_listed():
    points, weight = sphere()
    y = harmonics(points)
    assert np.einsum("p,pi,pj->ij", weight, y, y) == pytest.approx(np.eye(16), abs=1e-14)
    step = 1e-6
    for n in points[::17]:
        here = [1.0, *polynomials(*n)]
        listed = np.zeros((16, 3))
        for row, axis, slope, sign in SLOPES:
            listed[row, axis] += sign * here[slope]
        across = np.linalg.svd(n[None])[2][1:]  # constants were added, so only along the sphere
        for way in across:
            up, down = ([1.0, *polynomials(*(n + s * way))][:16] for s in (step, -step))
            found = (np.array(up) - np.array(down)) / (2 * step)
            assert listed @ way == pytest.approx(found, abs=1e-9)


def test_pieces_of_a_spline_sum_to_one():
    assert sum(spline_pieces(5)).coef == pytest.approx([1, 0, 0, 0, 0, 0], abs=1e-12)


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published H2/Cu model is not here")
def test_the_published_model_is_evaluated_exactly_on_all_facets(monkeypatch, tmp_path):
    """Two random structures and two of a trajectory on each, of the hundreds of the benchmark."""
    from scatter.mace.fold import fold
    from scatter.mace.foldable import wanted_species
    from scatter.mace.mace_torch import MaceTorch

    monkeypatch.syspath_prepend(BENCHMARKS)
    from exactness import measure

    model = MaceTorch(PUBLISHED, "cpu", "float64", trust_pickle=True).model
    fold(model, wanted_species(model, []), "a test", "0" * 64).write(tmp_path / "folded.npz")
    limits = {"float64": (1e-6, 1e-6), "float32": (2e-5, 5e-5)}
    found = list(measure(PUBLISHED, tmp_path / "folded.npz", 2))
    assert len(found) == 2 * (8 + 8)
    for facet, kind, precision, difference in found:
        energy, force = limits[precision]
        assert difference[0] < energy, (facet, kind, precision)
        assert difference[1] < force, (facet, kind, precision)
