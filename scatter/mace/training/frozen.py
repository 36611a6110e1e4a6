"""mace-torch's training of a foundation model, with groups of its parameters held still.

`python -m scatter.mace.training.frozen --frozen GROUPS ...` is `mace_run_train ...` but for this:

- The groups named are left out of the optimisation, from the first step to the last. mace-torch's
  own `--freeze N` knows nested levels only, and learning rates of zero (`--lr_params_factors`) are
  set to that of the second stage when it begins.
- The atomic energies are those asked for. Where the set has all elements of the foundation,
  mace-torch puts the foundation's in their place.
- The model that the training begins with is kept, as `start.model`.
- A force that is NaN is not a label: it adds nothing to the loss, whose mean is over the others,
  nor to the errors that are reported. Where there is none such, all numbers are mace-torch's own.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from scatter.settings import UserError

START = "start.model"
NONE = "none"
GROUPS = {
    "embedding": "node_embedding",
    "interactions": "interactions",
    "products": "products",
    "readouts": "readouts",
}
# What the study's `--freeze N` holds still: parameters among the first N children of the model.
# The second to fourth (radial basis, spherical harmonics, atomic energies) train none.
STUDY = {f"f{n}": [*GROUPS][: 0 if n == 0 else max(1, n - 3)] for n in range(7)}


def frozen_groups(text: str, known: Sequence[str] = (*GROUPS,)) -> list[str]:
    """The groups that `--freeze` names, in the order of those that are known.

    Args:
        text: f0 to f6 as in the study, `none`, or groups with commas between them.
        known: the groups.

    Raises:
        UserError: a word is not a group, or nothing would be left to train.
    """
    if text in (NONE, *STUDY):
        return STUDY.get(text, [])
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if word not in known:
            near = get_close_matches(word, [*known, *STUDY], n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise UserError(
                f"--freeze {text}: '{word}' is not a group; {hint}give f0 to f6, none, or some of "
                f"{','.join(known)}"
            )
    if {*words} >= {*GROUPS}:
        raise UserError(f"--freeze {text}: nothing is left to train; name fewer groups")
    return [group for group in known if group in words]


@dataclass(frozen=True)
class Change:
    """What a training did to a group of parameters.

    Attributes:
        group: one of `GROUPS`, a part of one, or "others".
        parameters: numbers in it.
        trained: those that the optimiser was given.
        changed: those that are not what they were, to the last bit.
    """

    group: str
    parameters: int
    trained: int
    changed: int

    def __str__(self) -> str:
        return f"{self.group:24} {self.parameters:10,} {self.trained:10,} {self.changed:10,}"


def changes(start: Any, final: Any) -> list[Change]:
    """Compare the parameters of a trained model with those that it began with.

    The interactions hold the linear layers of the messages and their radial MLPs (mace-torch's
    `conv_tp_weights`), which are listed as a part of them.
    """
    after = dict(final.named_parameters())
    rows: list[tuple[str, tuple[int, int, int]]] = []
    for name, tensor in start.named_parameters():
        moved = int((after[name].detach().cpu() != tensor.detach().cpu()).sum())
        trained = tensor.numel() if tensor.requires_grad else 0
        rows.append((name, (tensor.numel(), trained, moved)))
    child = {name: group for group, name in GROUPS.items()}

    lines = []
    for group in (*GROUPS, "others"):
        mine = [row for row in rows if child.get(row[0].split(".")[0], "others") == group]
        lines.append(_total(group, mine))
        if group == "interactions":
            radial = [row for row in mine if "conv_tp_weights" in row[0]]
            lines.append(_total("  of these radial MLPs", radial))
    return lines


def _total(group: str, rows: list[tuple[str, tuple[int, int, int]]]) -> Change:
    return Change(group, *(sum(counts[column] for _, counts in rows) for column in range(3)))


def freezing(configure: Callable, frozen: list[str]) -> Callable:
    """mace-torch's `configure_model`, its model then corrected, frozen and written.

    Args:
        configure: that of mace-torch.
        frozen: groups to hold still.
    """

    def configured(args: Any, loader: object, energies: Any, *others: object, **more: Any) -> Any:
        import torch

        reported = args.error_table  # which mace-torch exchanges where virials are learnt
        model, outputs = configure(args, loader, energies, *others, **more)
        args.error_table = reported
        block = model.atomic_energies_fn
        block.atomic_energies = (
            torch.as_tensor(energies).reshape_as(block.atomic_energies).to(block.atomic_energies)
        )
        model.requires_grad_(False)
        for group, child in GROUPS.items():  # others would gather gradients, but never be trained
            getattr(model, child).requires_grad_(group not in frozen)
        torch.save(model, f"{START}.partial")
        os.replace(f"{START}.partial", START)
        return model, outputs

    return configured


def labels_alone(squares: Callable) -> Callable:
    """mace-torch's mean of squared errors of forces, over those that are labels.

    Args:
        squares: that of mace-torch.
    """

    def mean(ref: Any, pred: Any, ddp: bool | None = None) -> Any:
        import torch

        known = torch.isfinite(ref["forces"])
        if known.all():
            return squares(ref, pred, ddp)
        apart = torch.where(known, ref["forces"] - pred["forces"], 0.0)
        each = torch.repeat_interleave(ref.weight * ref.forces_weight, ref.ptr[1:] - ref.ptr[:-1])
        return (each.unsqueeze(-1) * apart**2).sum() / known.sum().clamp(min=1)

    return mean


def counting_labels(update: Callable) -> Callable:
    """mace-torch's gathering of errors, without those of forces that are not labels.

    Args:
        update: that of mace-torch.
    """

    def gathered(metric: Any, batch: Any, output: Any) -> None:
        update(metric, batch, output)
        for some in (metric.fs, metric.delta_fs):
            if some and some[-1].isnan().any():
                some[-1] = some[-1][some[-1].isfinite()]

    return gathered


def main() -> None:
    """Train, in the current folder."""
    parser = ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--frozen", required=True)
    own, words = parser.parse_known_args()
    program: Any = import_module("mace.cli.run_train")
    program.configure_model = freezing(program.configure_model, frozen_groups(own.frozen))
    losses: Any = import_module("mace.modules.loss")
    losses.mean_squared_error_forces = labels_alone(losses.mean_squared_error_forces)
    metric: Any = import_module("mace.tools.train").MACELoss
    metric.update = counting_labels(metric.update)
    sys.argv = [program.__name__, *words]
    program.main()


if __name__ == "__main__":
    main()
