"""`scatter distil`: from a teacher's labels to a compact MACE student.

The loss, and how it is made small, are described in `learning.py`; with what it may begin, in
`begun.py`.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numba
from ase.data import chemical_symbols

from scatter.fitting.progress import Epoch
from scatter.fitting.sets import LabelledSet, read_set
from scatter.labels import STANDARD, Keys, summary
from scatter.mace.training.arrays import Ground
from scatter.mace.training.begun import frozen_arrays, ground_of, read_begun
from scatter.mace.training.learning import Lessons, Training, numbers_of
from scatter.mace.training.student import Student
from scatter.mace.training.train import claim
from scatter.outputs import refuse_overwriting
from scatter.settings import UserError
from scatter.store import only_writer

SAVED_S = 30.0


@dataclass(frozen=True)
class Beginning:
    """What students begin with.

    Attributes:
        model: a converted model, or a `.model` that can be converted.
        freeze: groups and arrays that stay as they are; see `frozen_arrays`.
        trust_pickle: the user trusts where a `.model` came from.
    """

    model: Path
    freeze: str = "none"
    trust_pickle: bool = False


@dataclass(frozen=True)
class Begun:
    """A shape, and what is there of it already.

    Attributes:
        student: the shape.
        ground: that parameters are added to; None for random ones.
        frozen: names of arrays that stay as they are.
        settings: that tell one beginning from another.
        name: begins the provenance of the student.
    """

    student: Student
    ground: Ground | None
    frozen: frozenset[str] = frozenset()
    settings: Mapping[str, object] = field(default_factory=dict)
    name: str = ""


def distil(
    data: Path,
    out: Path,
    student: Student,
    lessons: Lessons,
    members: int,
    tell: Callable[[str, Epoch], None],
    keys: Keys = STANDARD,
    beginning: Beginning | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> list[Path]:
    """Train students on a selected set, each to a `.npz`; goes on where it was stopped.

    The work lies beside `out`, in the folder `<stem>.training`, one folder for each member.

    Args:
        data: the set's folder.
        out: the potential to write; a committee's members are numbered.
        student: their shape, where they do not begin with a model.
        lessons: how they are trained; the seed is the first member's.
        members: how many, with seeds that follow.
        tell: called after every epoch of every member.
        keys: of the labels.
        beginning: the model that they begin with; random parameters by default.
        say: called with the errors of every member by elements; where stresses are learnt, first
            with how many labels there are.

    Returns:
        The potentials.

    Raises:
        UserError: the set is not there or its labels cannot be used, `out` is not an `.npz`, the
            folder of the training holds another, or they cannot begin with this model.
    """
    if out.suffix != ".npz":
        raise UserError(f"OUT = '{out}': the name must end in .npz")
    if student.channels % 16:
        raise UserError(f"--channels {student.channels}: must be a multiple of 16")
    labelled = read_set(data, lessons.batch, keys, stress=bool(lessons.stress))
    if lessons.stress:
        say(summary(labelled.frames))
    begun = Begun(student, None) if beginning is None else _begun(beginning, out, labelled)
    potentials = []
    for member in range(members):
        target = out if members == 1 else out.with_name(f"{out.stem}-{member + 1}.npz")
        own = replace(lessons, seed=lessons.seed + member)
        folder = out.with_name(f"{out.stem}.training") / f"seed-{own.seed}"
        say(f"{target.name}: {_train(folder, labelled, target, begun, own, tell)}")
        potentials.append(target)
    return potentials


def _train(
    folder: Path,
    labelled: LabelledSet,
    target: Path,
    begun: Begun,
    lessons: Lessons,
    tell: Callable[[str, Epoch], None],
) -> str:
    """Train one student, or continue, and write it; answer its errors by elements in words."""
    settings = _settings(labelled, begun, lessons)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        numba.set_num_threads(lessons.threads)
    except ValueError as error:
        raise UserError(f"--threads {lessons.threads}: {error}") from error
    with only_writer(folder):
        claim(folder, settings)
        training = Training(begun.student, lessons, labelled, begun.ground, begun.frozen)
        state = folder / "state.npz"
        if state.exists():
            training.load(state)
        saved = time.monotonic()
        while training.epoch < lessons.epochs:
            training.run_epoch()
            energy, forces = training.errors()
            tell(target.name, Epoch(training.epoch - 1, 1e3 * energy, 1e3 * forces))
            if time.monotonic() - saved > SAVED_S or training.epoch == lessons.epochs:
                training.save(state)
                saved = time.monotonic()
        source = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        named = f"{begun.name}student of {labelled.files['train'].parent.name}"
        training.folded(named, source).write(target)
        return training.by_element()


def _begun(beginning: Beginning, out: Path, labelled: LabelledSet) -> Begun:
    """The ground that a model gives for the elements of a set."""
    refuse_overwriting("OUT", out, beginning.model)
    numbers = numbers_of(labelled)
    symbols = [chemical_symbols[z] for z in numbers.tolist()]
    model = read_begun(beginning.model, symbols, beginning.trust_pickle)
    student, ground = ground_of(model, numbers, beginning.model)
    frozen = frozen_arrays(beginning.freeze, student.vectors)
    settings = {"from": model.sha256(), "freeze": sorted(frozen)}
    return Begun(student, ground, frozen, settings, f"{model.provenance}; from it a ")


def _settings(labelled: LabelledSet, begun: Begun, lessons: Lessons) -> dict[str, dict]:
    """All that shapes a student."""
    content = {
        part: hashlib.sha256(file.read_bytes()).hexdigest() for part, file in labelled.files.items()
    }
    keys = {"keys": labelled.keys.named} if labelled.keys.named else {}
    shape = asdict(begun.student)
    if not begun.student.vectors:  # trainings of the time when there were no others go on
        del shape["vectors"]
    return {
        "student": shape | dict(begun.settings),
        "lessons": asdict(lessons),
        "set": content,
        **keys,
    }
