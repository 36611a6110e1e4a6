"""`scatter finetune`: a foundation model on a small labelled set, some of its parameters frozen.

Source: Radova et al., Fine-tuning foundation models of materials interatomic potentials with frozen
transfer learning, npj Comput. Mater. 11 (2025).
"""

import hashlib
import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

from scatter.files import write_whole
from scatter.fitting.progress import Epoch
from scatter.fitting.sets import LabelledSet, plain_files, read_set
from scatter.labels import STANDARD, Keys, summary
from scatter.mace.foldable import refuse_strangers
from scatter.mace.mace_torch import MaceTorch
from scatter.mace.training.frozen import NONE, START, Change, changes, frozen_groups
from scatter.mace.training.train import Training, require_mace_torch, train
from scatter.outputs import refuse_overwriting
from scatter.settings import UserError
from scatter.validation.errors import Errors, compare, errors, molecule_of
from scatter.validation.labels import as_labels, labels_by

Frames = Mapping[str, Sequence[Atoms]]

NAMED = ("small", "medium", "large")
WEIGHTS = ("config_weight", "config_energy_weight", "config_forces_weight")  # of mace-torch
ZEROS = ("estimated", "foundation", "average")


@dataclass(frozen=True)
class Foundation:
    """What a fine-tuning begins with.

    Attributes:
        name: small, medium, large (MACE-MP-0), or a `.model` file.
        freeze: the groups held still, as `frozen_groups` reads them.
        E0s: the atoms' energies. "estimated": the foundation's, plus the correction for each
            element that takes its mean error on the training set away. "foundation": its own.
            "average": of the labels alone.
        trust_pickle: the user trusts where a file came from.
    """

    name: str
    freeze: str = "f4"
    E0s: str = "estimated"
    trust_pickle: bool = False


@dataclass(frozen=True)
class Finetuned:
    """A fine-tuned model, and what became of its foundation.

    Attributes:
        model: the file.
        changed: groups of parameters.
        part: on which the errors are: test, or valid where there is no test part.
        before: errors of the foundation, its atoms' energies already those of the result.
        after: errors of the model.
        obstacle: why it cannot be converted; empty if it can.
    """

    model: Path
    changed: list[Change]
    part: str
    before: Errors
    after: Errors
    obstacle: str

    def __str__(self) -> str:
        title = f"{'group':24} {'parameters':>10} {'trained':>10} {'changed':>10}"
        following = (
            f"it cannot be converted: {self.obstacle}"
            if self.obstacle
            else f"next: scatter convert {self.model} {self.model.with_suffix('.npz')}"
            " --trust-pickle"
        )
        return "\n".join(
            [
                title,
                *map(str, self.changed),
                f"RMSE on the {self.part} part ({self.after.frames} frames)",
                f"  foundation  {self.before.words}",
                f"  fine-tuned  {self.after.words}",
                f"model: {self.model}",
                following,
            ]
        )


def finetune(
    data: Path,
    out: Path,
    foundation: Foundation,
    training: Training,
    tell: Callable[[str, Epoch], None],
    keys: Keys = STANDARD,
    say: Callable[[str], None] = lambda line: None,
) -> Finetuned:
    """Train a foundation model further on a selected set; goes on where it was stopped.

    The work lies beside `out`, in the folder `<stem>.training`. The foundation is cut to the
    elements of the set. At last the atoms' energies are set by least squares on the training part.

    Args:
        data: the set's folder.
        out: the `.model` file to write.
        foundation: with what the training begins, and what of it stays.
        training: how it is trained.
        tell: called after every epoch.
        keys: of the labels.
        say: called with how many labels there are.

    Raises:
        UserError: the set is not there, its labels cannot be used, the foundation cannot be had or
            does not know an element of the set, `out` is not a `.model`, or the training fails.
    """
    if out.suffix != ".model":
        raise UserError(f"OUT = '{out}': the name must end in .model")
    refuse_overwriting("OUT", out, Path(foundation.name))
    if foundation.E0s not in ZEROS:
        raise UserError(f"--e0s {foundation.E0s}: must be one of {', '.join(ZEROS)}")
    frozen = frozen_groups(foundation.freeze)
    labelled = read_set(data, training.batch, keys, WEIGHTS, stress=bool(training.stress))
    say(summary(labelled.frames))
    folder = out.with_name(f"{out.stem}.training")
    options = {
        "foundation_model": _prepared(foundation, labelled, folder, training.precision),
        "multiheads_finetuning": False,
        "E0s": foundation.E0s,
        "frozen": ",".join(frozen) or NONE,
    }
    final = train(
        folder, plain_files(labelled, folder), training, options,
        lambda epoch: tell(out.name, epoch), program="scatter.mace.training.frozen",
    )  # fmt: skip
    write_whole(out, _settled(final, labelled.frames["train"], training))
    return _result(out, folder / START, labelled.frames, frozen, training)


def _prepared(foundation: Foundation, labelled: LabelledSet, folder: Path, precision: str) -> str:
    """Put the foundation into the training's folder, in its precision; answer the name there.

    mace-torch reads a file in the precision that it was written in, and trains in another.
    """
    source = _source(foundation)
    potential = MaceTorch(source, "cpu", precision, trust_pickle=True)
    _refuse(potential, source, labelled)
    name = f"foundation-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}.model"
    if not (folder / name).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        content = io.BytesIO()
        with _silence():
            potential.torch.save(potential.model, content)
        write_whole(folder / name, content.getvalue())
    return name


def _source(foundation: Foundation) -> Path:
    """The foundation's file."""
    if foundation.name in NAMED:
        return downloaded(foundation.name)
    path = Path(foundation.name)
    if not path.is_file():
        raise UserError(
            f"--foundation {path}: there is no such file, and it is not one of the names "
            f"{', '.join(NAMED)}"
        )
    if not foundation.trust_pickle:
        raise UserError(
            f"--foundation {path}: a .model file is a pickle, and opening it runs the code inside; "
            "if you trust where it came from, give --trust-pickle"
        )
    return path


def downloaded(name: str) -> Path:
    """A foundation model in mace-torch's cache; fetched, if it is not there yet.

    Raises:
        UserError: it cannot be fetched; says where to put it by hand.
    """
    require_mace_torch()
    with _silence():
        from mace.calculators.foundations_models import download_mace_mp_checkpoint, mace_mp_urls
        from mace.tools.utils import get_cache_dir

        url = mace_mp_urls[name]
        kept = "".join(letter for letter in Path(url).name if letter.isalnum() or letter == "_")
        try:
            return Path(download_mace_mp_checkpoint(name))
        except (OSError, RuntimeError) as error:
            raise UserError(
                f"--foundation {name}: cannot be downloaded ({error}); fetch {url} where there is "
                f"a network, and put the file here as {Path(get_cache_dir()) / kept}"
            ) from error


@contextmanager
def _silence() -> Iterator[None]:
    """Without the warnings and remarks of torch and mace-torch."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _refuse(potential: MaceTorch, source: Path, labelled: LabelledSet) -> None:
    """Refuse a foundation that mace-torch cannot train further on this set."""
    kind = type(potential.model).__name__
    if kind != "ScaleShiftMACE":
        raise UserError(f"--foundation {source}: is a {kind}; only a ScaleShiftMACE can be cut")
    heads = list(getattr(potential.model, "heads", None) or ["default"])
    if len(heads) > 1:
        raise UserError(
            f"--foundation {source}: has the heads {', '.join(heads)}; select one with "
            "mace-torch's mace_select_head"
        )
    for part, file in labelled.files.items():
        strange = {int(z) for frame in labelled.frames[part] for z in frame.numbers}
        strange -= potential.elements
        if strange:
            names = ", ".join(chemical_symbols[z] for z in sorted(strange))
            raise UserError(f"--foundation {source}: does not know {names}, which is in {file}")


def _settled(model: Path, frames: Sequence[Atoms], training: Training) -> bytes:
    """The model with the atoms' energies that least squares find: no force pulls at them.

    A long training brings them in line by itself; a short one leaves them electronvolts behind.
    """
    trained = MaceTorch(model, training.device, training.precision, trust_pickle=True)
    errors = labels_by(trained, frames, model).energies - as_labels(frames).energies
    known = np.isfinite(errors)
    settled = _as_written(trained, model)
    numbers = settled.atomic_numbers.numpy()
    counts = np.array([(frame.numbers[:, None] == numbers).sum(axis=0) for frame in frames])
    missing = np.linalg.lstsq(counts[known], errors[known], rcond=None)[0]
    energies = settled.atomic_energies_fn.atomic_energies
    energies -= energies.new_tensor(missing).reshape(energies.shape)
    content = io.BytesIO()
    with _silence():
        trained.torch.save(settled, content)
    return content.getvalue()


def _result(
    out: Path, start: Path, frames: Frames, frozen: list[str], training: Training
) -> Finetuned:
    """Compare the model with what it began as, number by number and error by error."""
    began, ended = (
        MaceTorch(file, training.device, training.precision, trust_pickle=True)  # our own files
        for file in (start, out)
    )
    with _silence():  # else torch compiles anew for every number of edges, three times the work
        began.torch.jit.set_fusion_strategy([("DYNAMIC", 3)])
    changed = changes(_as_written(began, start), ended.model)
    moved = [change.group for change in changed if change.group in frozen and change.changed]
    if moved:
        raise UserError(f"{out}: mace-torch has changed what should be frozen: {', '.join(moved)}")
    part = "test" if "test" in frames else "valid"
    before, after = (_errors(potential, frames[part], out) for potential in (began, ended))
    return Finetuned(out, changed, part, before, after, _obstacle(ended.model, out))


def _as_written(potential: MaceTorch, file: Path) -> Any:
    """The model of a file with its marks of what is trained, which a potential does without."""
    with _silence():
        return potential.torch.load(file, map_location="cpu", weights_only=False)


def _errors(potential: MaceTorch, frames: Sequence[Atoms], file: Path) -> Errors:
    known = as_labels(frames)
    own = labels_by(potential, frames, file, known.strained)
    return errors(compare(frames, own, known, molecule_of(frames)), frames)[0]


def _obstacle(model: Any, out: Path) -> str:
    try:
        refuse_strangers(model, str(out))
    except UserError as error:
        return str(error).partition("for ")[2].partition(";")[0]
    return ""
