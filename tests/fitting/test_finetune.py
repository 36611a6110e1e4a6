import shutil

import numpy as np
import pytest
from ase.io import read, write
from mace_models import model_of, quiet
from tiny_sets import tiny_set

from scatter.mace.convert import convert
from scatter.mace.mace_torch import MaceTorch
from scatter.mace.training.finetune import Foundation, downloaded, finetune
from scatter.mace.training.frozen import GROUPS, STUDY, frozen_groups
from scatter.mace.training.train import Training
from scatter.potentials.evaluate import read_frames
from scatter.settings import UserError
from scatter.validation.labels import labels_by, labels_of

TRAINING = Training(epochs=5, batch=4, precision="float32", device="cpu")
SMALL = {
    "r_max": 4.0, "num_bessel": 4, "num_polynomial_cutoff": 5, "hidden": 16, "correlation": 2,
    "max_ell": 3,
}  # fmt: skip


def write_foundation(path, numbers=(1, 28, 29)):
    """A model of random weights that knows these elements, each with an energy of its own."""
    model = model_of(
        num_elements=len(numbers), atomic_numbers=[*numbers],
        atomic_energies=-np.arange(1.0, 1 + len(numbers))[None], **SMALL,  # of the only head
    )  # fmt: skip
    with quiet():
        import torch

        torch.save(model, path)
    return Foundation(str(path), trust_pickle=True)


def shifted(folder, energy):
    """The same set on another zero of energy: each copper atom's is higher, eV."""
    for file in (folder / "train.extxyz", folder / "valid.extxyz"):
        frames = read(file, ":")
        for frame in frames:
            frame.calc.results["energy"] += energy * np.sum(frame.numbers == 29)
        write(file, frames)
    return folder


@pytest.fixture(scope="module")
def finetuned(tmp_path_factory):
    """A set, and a foundation of the same elements fine-tuned on it."""
    folder = tmp_path_factory.mktemp("finetune")
    foundation = write_foundation(folder / "foundation.model", (1, 29))
    data = shifted(tiny_set(folder / "set"), -100.0)
    shutil.copy(data / "valid.extxyz", data / "test.extxyz")
    told = []
    found = finetune(
        data, folder / "f.model",
        Foundation(foundation.name, "embedding,products", trust_pickle=True), TRAINING,
        lambda name, epoch: told.append((name, epoch)),
    )  # fmt: skip
    return folder, told, found


def test_what_is_frozen_stays_to_the_last_bit_and_all_else_is_trained_in_both_stages(finetuned):
    _, told, found = finetuned
    rows = {change.group.strip(): change for change in found.changed}
    for group in ("embedding", "products"):
        assert rows[group].parameters > 0
        assert (rows[group].trained, rows[group].changed) == (0, 0)
    for group in ("interactions", "of these radial MLPs", "readouts"):
        assert rows[group].trained == rows[group].parameters
        assert rows[group].changed > 0.9 * rows[group].parameters
    assert rows["others"].changed == 0
    assert [epoch.number for _, epoch in told] == [*range(5)]
    assert {name for name, _ in told} == {"f.model"}


def test_a_fine_tuned_model_can_be_converted_and_says_how(finetuned):
    folder, _, found = finetuned
    assert found.obstacle == ""
    assert f"next: scatter convert {found.model} {folder / 'f.npz'}" in str(found)
    convert(found.model, folder / "f.npz", [], trust_pickle=True)
    assert (folder / "f.npz").is_file()


def test_errors_are_those_of_training_and_better_than_the_foundations(finetuned):
    _, told, found = finetuned
    assert found.part == "test"  # a copy of the validation part
    assert found.after.forces.rmse == pytest.approx(told[-1][1].forces, rel=1e-3)
    assert found.after.forces.rmse < found.before.forces.rmse


def test_the_mean_energy_is_that_of_the_training_set_however_short_the_training(finetuned):
    folder, _, found = finetuned
    model = MaceTorch(found.model, "cpu", "float32", trust_pickle=True)
    part = folder / "set" / "train.extxyz"
    frames = read_frames(part)
    errors = labels_by(model, frames, part).energies - labels_of(frames, part).energies
    assert abs(errors.mean()) < 1e-3 < abs(errors).mean()


def test_labels_of_another_zero_of_energy_leave_the_foundation_its_binding_energies(finetuned):
    # Copper counts from a zero 100 eV lower; mace-torch would keep the foundation's energies.
    _, _, found = finetuned
    assert found.before.energy.rmse < 2000  # meV of 8 atoms


def test_the_same_command_again_trains_nothing(finetuned):
    folder, _, found = finetuned
    told = []
    again = finetune(
        folder / "set", folder / "f.model",
        Foundation(str(folder / "foundation.model"), "products,embedding", trust_pickle=True),
        TRAINING, lambda *each: told.append(each),
    )  # fmt: skip
    assert told == []
    assert str(again) == str(found)


def test_another_freeze_or_foundation_in_the_same_folder_is_refused(finetuned, tmp_path):
    folder, _, _ = finetuned
    foundation = Foundation(str(folder / "foundation.model"), "f4", trust_pickle=True)
    with pytest.raises(UserError, match="frozen was 'embedding,products' and is now 'embedding'"):
        finetune(folder / "set", folder / "f.model", foundation, TRAINING, print)
    other = write_foundation(tmp_path / "other.model", (1, 6, 29))
    with pytest.raises(UserError, match=r"foundation_model was 'foundation-\w+.model' and is now"):
        finetune(folder / "set", folder / "f.model", other, TRAINING, print)


def test_the_studys_levels_freeze_what_its_patch_freezes():
    assert frozen_groups("f0") == frozen_groups("none") == []
    for level in ("f1", "f2", "f3", "f4"):
        assert frozen_groups(level) == ["embedding"]
    assert frozen_groups("f5") == ["embedding", "interactions"]
    assert frozen_groups("f6") == ["embedding", "interactions", "products"]


def test_the_studys_levels_are_the_parameters_among_a_models_first_children():
    model = model_of(num_elements=1, atomic_numbers=[1], atomic_energies=np.zeros(1), **SMALL)
    children = [
        (name, sum(one.numel() for one in child.parameters()))
        for name, child in model.named_children()
    ]
    for n in range(7):
        held = {name for name, parameters in children[:n] if parameters}
        assert {GROUPS[group] for group in STUDY[f"f{n}"]} == held


def test_groups_are_named_in_any_order_and_number():
    assert frozen_groups("readouts, embedding") == ["embedding", "readouts"]
    assert frozen_groups("products") == ["products"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("f7", "'f7' is not a group; give f0 to f6"),
        ("product", "did you mean 'products'?"),
        ("embedding,", "'' is not a group"),
        ("readouts,products,interactions,embedding", "nothing is left to train"),
    ],
)
def test_a_freeze_of_no_meaning_is_refused(text, sentence):
    with pytest.raises(UserError) as error:
        frozen_groups(text)
    assert sentence in str(error.value)


def test_what_cannot_be_fine_tuned_is_refused_before_anything_is_written(tmp_path):
    data = tiny_set(tmp_path / "set")
    good = write_foundation(tmp_path / "foundation.model")
    strange = write_foundation(tmp_path / "strange.model", (1, 6, 28))
    before = {*tmp_path.iterdir()}

    def sentence(out="f.model", foundation=good, training=TRAINING):
        with pytest.raises(UserError) as error:
            finetune(data, tmp_path / out, foundation, training, print)
        return str(error.value)

    assert "the name must end in .model" in sentence(out="f.npz")
    assert "there is no such file, and it is not one of the names small, medium, large" in sentence(
        foundation=Foundation("tiny")
    )
    assert "give --trust-pickle" in sentence(foundation=Foundation(good.name))
    assert "--e0s mean: must be one of estimated, foundation, average" in sentence(
        foundation=Foundation(good.name, E0s="mean", trust_pickle=True)
    )
    assert "does not know Cu, which is in" in sentence(foundation=strange)
    assert "holds 12 structures, and only whole batches" in sentence(training=Training(batch=16))
    assert {*tmp_path.iterdir()} == before


def test_without_a_network_a_named_foundation_is_missed_with_its_address_and_its_place(
    tmp_path, monkeypatch
):
    def unreachable(url, *_, **__):
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(UserError) as error:
        downloaded("small")
    said = str(error.value)
    place = tmp_path / "mace" / "20231210mace128L0_energy_epoch249model"
    assert "fetch https://github.com/ACEsuit/mace-mp/releases/download/" in said
    assert said.endswith(f"put the file here as {place}")
    place.write_bytes(b"a model")
    assert downloaded("small") == place
