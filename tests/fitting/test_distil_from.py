import numpy as np
import pytest
from labelled_sets import rattled, write_set
from mace_models import folded_model, hydrogen_on_copper, quiet, random_model
from numpy.testing import assert_allclose
from tiny_sets import tiny_set
from typer.testing import CliRunner

from scatter.cli import app
from scatter.fitting.sets import read_set
from scatter.labels import STANDARD
from scatter.mace.cpu import MaceFused
from scatter.mace.file import DensityMace, FoldedMace
from scatter.mace.kernels.loss import Structures
from scatter.mace.training.begun import ARRAYS, frozen_arrays, ground_of
from scatter.mace.training.distil import Beginning, Lessons, distil
from scatter.mace.training.learning import Training
from scatter.mace.training.structures import emphasis_of
from scatter.mace.training.student import Student
from scatter.settings import UserError
from scatter.validation.labels import labels_by

VECTORS = "16x0e+16x1o, plain"
TRAINED = [name for names in ARRAYS.values() for name in names if name not in ("product_v", "up_v")]
KINDS = ["16x0e, products of two", "32x0e, products of three, ZBL"]
WITH_OTHERS = [*KINDS, "16x0e, densities", VECTORS]


def begun(data, model, frozen=(), **lessons):
    labelled = read_set(data, 4, STANDARD)
    student, ground = ground_of(model, np.array([1, 29]), data)
    return Training(student, Lessons(batch=4, **lessons), labelled, ground, frozen)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tiny_set(tmp_path_factory.mktemp("from") / "set")


@pytest.mark.parametrize("kind", [*WITH_OTHERS, "128x0e of a foundation model"])
def test_before_the_first_step_it_is_the_model_to_the_bit(data, kind):
    model = folded_model(kind)
    written = begun(data, model).folded("a test", "0")
    system, positions = hydrogen_on_copper()
    answers = [
        MaceFused(each, "float64").bind(system, 3).begin(np.arange(3), positions)
        for each in (model, written)
    ]
    for was, now in zip(*answers, strict=True):
        assert np.array_equal(was, now)
    for name in (*TRAINED, "constant", "repulsion", "numbers"):
        if name != "radial_2":  # whose tables may be counted anew
            assert np.array_equal(getattr(model, name), getattr(written, name)), name


@pytest.mark.parametrize("kind", WITH_OTHERS)
def test_the_training_computes_what_the_model_does(data, kind):
    model = folded_model(kind)
    training = begun(data, model)
    errors, squares, _ = training._residuals(training.valid)
    d, fused = training.valid, MaceFused(model, "float64")
    frames = read_set(data, 4, STANDARD).frames["valid"]
    answer = labels_by(fused, frames, data)
    assert_allclose(errors, answer.energies - d.energies, rtol=0, atol=1e-9)
    theirs = np.concatenate(answer.forces) - d.forces
    known = np.isfinite(d.forces)
    assert_allclose(squares.sum(), (theirs[known] ** 2).sum(), rtol=1e-9)


@pytest.mark.parametrize("kind", WITH_OTHERS)
def test_the_gradient_is_the_difference_of_the_loss(data, kind):
    training = begun(data, folded_model(kind))
    chosen, rng = np.arange(4), np.random.default_rng(0)
    gradient = training._gradient(chosen, 1.0)

    def loss():
        errors, squares, _ = training._residuals(training.structures)
        d = training.structures
        total = 0.0
        for n in chosen:
            own = slice(d.at[n], d.at[n + 1])
            atoms = d.at[n + 1] - d.at[n]
            emphasised = d.emphasis[own] * squares[n, :atoms]
            total += (errors[n] / atoms) ** 2 + 100 * emphasised.sum() / (3 * atoms)
        return total / len(chosen)

    for name, slope in gradient.items():
        along = rng.normal(size=slope.shape) * (training.scales[name] > 0)
        step, before = 1e-5, training.factors[name].copy()
        ends = []
        for sign in (1, -1):
            training.factors[name] = before + sign * step * along
            ends.append(loss())
        training.factors[name] = before
        expected = (slope * along).sum()
        if expected:
            assert_allclose((ends[0] - ends[1]) / (2 * step), expected, rtol=2e-3, err_msg=name)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (KINDS[0], "f5"),
        (KINDS[0], "readouts"),
        (KINDS[0], "radial_2,up,constant"),
        ("16x0e, densities", "readouts"),
        (VECTORS, "product_v,mix"),
    ],
)
def test_what_is_frozen_keeps_its_bits_and_all_else_learns(data, tmp_path, kind, text):
    folded_model(kind).write(tmp_path / "m.npz")
    model = FoldedMace.read(tmp_path / "m.npz")
    held = frozen_arrays(text, kind == VECTORS)
    learnt = [*TRAINED, "constant", *(("product_v", "up_v") if kind == VECTORS else ())]
    distil(
        data, tmp_path / "s.npz", Student(), Lessons(2, 4), 1, lambda *each: None,
        beginning=Beginning(tmp_path / "m.npz", text),
    )  # fmt: skip
    made = FoldedMace.read(tmp_path / "s.npz")
    for name in learnt:
        was = getattr(model, name)
        same = np.array_equal(was, getattr(made, name))
        assert same == (name in held or not was.any()), name
    if isinstance(model, DensityMace):
        assert isinstance(made, type(model))
        assert np.array_equal(made.density_2, model.density_2)


def test_it_learns_from_where_the_model_is(data, tmp_path):
    first, told = tmp_path / "a.npz", []
    distil(data, first, Student(), Lessons(8, 1), 1, lambda _, epoch: told.append(epoch))
    again, more = tmp_path / "b.npz", []
    distil(
        data, again, Student(), Lessons(4, 1, 0.002), 1, lambda _, epoch: more.append(epoch),
        beginning=Beginning(first),
    )  # fmt: skip
    assert more[0].forces < 1.2 * told[-1].forces
    assert more[-1].forces < told[-1].forces
    with pytest.raises(UserError, match="holds a different training: freeze was"):
        distil(
            data, again, Student(), Lessons(4, 1, 0.002), 1, print,
            beginning=Beginning(first, "f5"),
        )  # fmt: skip


def test_pairs_of_species_share_what_the_model_shares(data):
    foundation, transformed = (
        ground_of(folded_model(kind), np.array([1, 29]), data)[1]
        for kind in ("128x0e of a foundation model", KINDS[1])
    )
    assert foundation.own_1.tolist() == [[0, 1], [0, 1]]
    assert foundation.own_2.tolist() == [[0, 0], [0, 0]]
    assert transformed.own_1.tolist() == [[0, 1], [2, 3]]
    assert transformed.own_2.tolist() == [[0, 1], [1, 2]]


def test_groups_are_those_of_finetune_and_arrays_have_the_names_of_the_file():
    assert frozen_arrays("none") == frozen_arrays("f0") == frozenset()
    assert frozen_arrays("f4") == {"up_0", "hidden_0"}
    assert frozen_arrays("f6") == {*TRAINED} - {*ARRAYS["readouts"]}
    assert frozen_arrays("products,mix") == {"product_1", "product_2", "mix"}
    with pytest.raises(UserError, match="'radial_3' is not a group; did you mean 'radial_"):
        frozen_arrays("radial_3")
    assert frozen_arrays("products,up_v", vectors=True) == {
        "product_1", "product_2", "product_v", "up_v",
    }  # fmt: skip
    with pytest.raises(UserError, match="nothing is left to train"):
        frozen_arrays(",".join(TRAINED))
    assert frozen_arrays(",".join(TRAINED), vectors=True) == {*TRAINED}


def test_what_cannot_begin_a_training_is_refused(data, tmp_path):
    folded_model(KINDS[0]).write(tmp_path / "m.npz")
    (tmp_path / "m.model").write_bytes(b"")
    with pytest.raises(UserError, match="is a pickle, and opening it runs the code inside"):
        _distil_from(data, tmp_path / "m.model", tmp_path / "s.npz")
    with pytest.raises(UserError, match="there is no such file"):
        _distil_from(data, tmp_path / "none.npz", tmp_path / "s.npz")
    gold = rattled(8)
    for frame in gold:
        frame.numbers[0] = 79
    with pytest.raises(UserError, match=r"does not know the atomic numbers \[79\]"):
        _distil_from(write_set(tmp_path / "gold", gold), tmp_path / "m.npz", tmp_path / "s.npz")


def _distil_from(data, model, out):
    distil(data, out, Student(), Lessons(1, 4), 1, print, beginning=Beginning(model))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "m.npz", "--channels", "16"], "--channels: the shape is that of --from"),
        (["--freeze", "f4"], "--freeze: has no effect without --from MODEL"),
    ],
)
def test_options_that_would_not_be_honoured_are_refused(options, words):
    ended = CliRunner().invoke(app, ["distil", "set", "s.npz", *options])
    assert words in str(ended.exception)


def test_a_model_of_mace_torch_begins_a_training(data, tmp_path):
    import torch

    source = tmp_path / "m.model"
    with quiet():
        torch.save(random_model(KINDS[0]), source)
    distil(
        data, tmp_path / "s.npz", Student(), Lessons(1, 4), 1, lambda *each: None,
        beginning=Beginning(source, ",".join(TRAINED[:-1]), trust_pickle=True),
    )  # fmt: skip
    made, model = FoldedMace.read(tmp_path / "s.npz"), folded_model(KINDS[0])
    assert np.array_equal(made.product_2, model.product_2)
    assert not np.array_equal(made.energy_2, model.energy_2)


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_elements_have_the_shares_of_the_loss_that_the_balance_gives(balance):
    """H, C and O on copper, with all forces alike; some of copper's are no labels."""
    species = np.repeat([0, 1, 2, 3], [6, 2, 4, 108])
    forces = np.full((120, 3), 1e-9)
    forces[-8:] = np.nan
    numbers = np.array([6, 2, 4, 100])
    none = np.zeros(0)
    d = Structures(*[none] * 3, species, *[none] * 4, forces, none, np.zeros(120))
    weights = emphasis_of(d, balance)
    known = np.isfinite(forces[:, 0])
    shares = np.bincount(species[known], weights[known]) / known.sum()
    assert_allclose(shares, numbers ** (1 - balance) / (numbers ** (1 - balance)).sum())


def test_a_balanced_training_tells_the_errors_of_each_element(data, tmp_path):
    words, folder = [], tmp_path / "s.npz"
    distil(
        data, folder, Student(), Lessons(1, 4, balance=1.0), 1, lambda *each: None,
        say=words.append,
    )  # fmt: skip
    [line] = words
    frames = read_set(data, 4, STANDARD).frames["valid"]
    answer = labels_by(MaceFused.read(folder, "float64"), frames, data)
    for symbol, number in (("H", 1), ("Cu", 29)):
        apart = [
            (ours - frame.get_forces(apply_constraint=False))[frame.numbers == number]
            for ours, frame in zip(answer.forces, frames, strict=True)
        ]
        rmse = 1e3 * np.sqrt(np.nanmean(np.concatenate(apart) ** 2))
        assert f"{symbol} {rmse:.1f}" in line
