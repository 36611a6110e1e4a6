"""Training a MACE model by mace-torch's own program: its settings, its progress, its resumption.

The loss is that of the H2/Cu study: squared errors of forces and of energies per atom, weighted
100 : 1 for four fifths of the epochs, and 100 : 1000 for the last fifth, when the energies are
brought in line (Batatia et al., NeurIPS 35, 11423 (2022)). Where stresses are learnt, the squared
errors of virials (the stress times the volume) per atom have a weight of their own.
"""

import json
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scatter import foreign, store
from scatter.campaign.signals import WARNINGS, interrupting
from scatter.files import write_whole
from scatter.fitting.progress import Epoch
from scatter.fitting.sets import VIRIALS
from scatter.settings import UserError

EPOCH = re.compile(r"Epoch (\d+): .*RMSE_E= *([\d.naif]+) meV, RMSE_F= *([\d.naif]+) meV")
FORCES = 100  # weight of their squared errors
LOG, SETTINGS = "log.txt", "training.json"
LAST_WORDS = 15  # lines of the log that are shown when the training fails
BARE = ("swa", "ema", "amsgrad", "restart_latest")  # options of mace-torch that take no value


@dataclass(frozen=True)
class Training:
    """How a model is trained; the defaults are the study's.

    Attributes:
        epochs: of both stages; the last fifth weighs energies.
        batch: structures in one step of the optimiser.
        learning_rate: at the start; it falls to a hundredth by the end of the first stage.
        precision: "float32" or "float64".
        device: "cpu", "cuda" or "auto".
        threads: cores that torch may use.
        seed: of the initial weights and of the order of structures.
        stress: weight of squared errors of virials per atom, eV; None: stresses are not learnt.
    """

    epochs: int = 1500
    batch: int = 16
    learning_rate: float = 0.01
    precision: str = "float64"
    device: str = "auto"
    threads: int = 1
    seed: int = 1
    stress: float | None = None

    @property
    def first_stage(self) -> int:
        """Epochs before energies weigh more."""
        return self.epochs - max(1, self.epochs // 5)

    def options(self) -> dict[str, Any]:
        """The settings in the words of mace-torch."""
        return {
            "max_num_epochs": self.epochs,
            "batch_size": self.batch,
            "valid_batch_size": self.batch,
            "default_dtype": self.precision,
            "device": _device(self.device),
            "seed": self.seed,
            "lr": self.learning_rate,
            "scheduler": "ExponentialLR",
            "lr_scheduler_gamma": 0.01 ** (1 / max(self.first_stage, 1)),
            "energy_weight": 1,
            "forces_weight": FORCES,
            "swa": True,
            "start_swa": self.first_stage,
            "swa_lr": self.learning_rate / 50,
            "swa_energy_weight": 1000,
            "swa_forces_weight": FORCES,
            "ema": True,
            "ema_decay": 0.99,
            "amsgrad": True,
            "clip_grad": 10,
            "patience": self.epochs,
            "energy_key": "energy",
            "forces_key": "forces",
            "error_table": "TotalRMSE",
            "plot": False,
            "pin_memory": False,
            **self._of_stress(),
        }

    def _of_stress(self) -> dict[str, Any]:
        """The virials and their weights, in the words of mace-torch."""
        if not self.stress:
            return {}
        weights = {"virials_weight": self.stress, "swa_virials_weight": self.stress}
        return {"loss": "virials", "virials_key": VIRIALS, **weights}


def train(
    folder: Path,
    parts: Mapping[str, Path],
    training: Training,
    model: Mapping[str, object],
    tell: Callable[[Epoch], None],
    program: str = "mace.cli.run_train",
) -> Path:
    """Train a model, or continue the training in this folder.

    Args:
        folder: of the training; holds settings, log, checkpoints and the model.
        parts: files of the parts train, valid and, perhaps, test.
        training: how.
        model: what, as options of mace-torch's program.
        tell: called after every epoch.
        program: the module that trains: mace-torch's own, or one that understands its options.

    Returns:
        The `.model` file of the second stage.

    Raises:
        UserError: the folder holds another training, another process writes there, or the
            training failed.
    """
    require_mace_torch()
    options = {
        **training.options(),
        **model,
        **{f"{part}_file": str(file.resolve()) for part, file in parts.items()},
    }
    final = folder / "model_stagetwo.model"
    folder.mkdir(parents=True, exist_ok=True)
    with store.only_writer(folder):
        claim(folder, {"training": asdict(training), "options": options}, free="training")
        if not final.is_file():
            _run(folder, program, options, training.threads, tell)
    if not final.is_file():
        raise UserError(f"{folder}: the training wrote no model; see {folder / LOG}")
    return final


def claim(folder: Path, settings: Mapping[str, Mapping[str, object]], free: str = "") -> None:
    """Write what this folder is for, or refuse another training in it.

    Args:
        folder: of the training.
        settings: tables of values.
        free: the table whose values may change.

    Raises:
        UserError: the folder was for other settings.
    """
    path = folder / SETTINGS
    if not path.exists():
        write_whole(path, json.dumps(settings, indent=1).encode())
        return
    before = foreign.json_table(path)
    for table in (name for name in settings if name != free):
        was, now = before.get(table), settings[table]
        if not isinstance(was, dict):
            raise UserError(f"{path}: does not say its {table}; name another folder")
        for key in sorted({*was, *now}):
            if was.get(key) != now.get(key):
                raise UserError(
                    f"{folder}: holds a different training: {foreign.shown(key)} was "
                    f"{foreign.shown(repr(was.get(key)))} and is now "
                    f"{foreign.shown(repr(now.get(key)))}; name another folder"
                )


def _run(
    folder: Path,
    program: str,
    options: Mapping[str, object],
    threads: int,
    tell: Callable[[Epoch], None],
) -> None:
    """Run the program in a process of its own, and listen to it."""
    words = [
        word
        for key, value in {**options, "restart_latest": True}.items()
        for word in ([f"--{key}"] if key in BARE else [f"--{key}", str(value)])
    ]
    command = [sys.executable, "-m", program, "--name", "model", "--work_dir", "."]
    last: deque[str] = deque(maxlen=LAST_WORDS)
    with _started([*command, *words], folder, threads) as running, open(folder / LOG, "a") as log:
        assert running.stdout is not None
        for line in running.stdout:
            log.write(line)
            log.flush()
            last.append(line)
            if epoch := EPOCH.search(line):
                number, energy, forces = epoch.groups()
                tell(Epoch(int(number), float(energy), float(forces)))
        code = running.wait()
    if code != 0:
        raise UserError(f"{folder}: the training failed; mace-torch's last words:\n{''.join(last)}")


@contextmanager
def _started(command: list[str], folder: Path, threads: int) -> Iterator["subprocess.Popen[str]"]:
    """A process that ends with ours, also where a batch system's warning ends ours."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
    }
    with (
        interrupting(WARNINGS),
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as running,
    ):
        try:
            yield running
        finally:
            if running.poll() is None:
                running.terminate()


def require_mace_torch() -> None:
    """Refuse, in one sentence, to train where mace-torch is not installed."""
    from importlib.util import find_spec

    if find_spec("mace") is None:
        raise UserError("training needs mace-torch: pip install 'surface-scatter[fit]'")


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
