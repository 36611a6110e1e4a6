"""A mace-torch model whose products are computed by cuEquivariance, NVIDIA's kernels for them."""

import io
import warnings
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any

import torch

from scatter.potentials.device.graph import tell


def converted(model: Any, device: str) -> Any:
    """The same model by mace-torch's own conversion, or None, with a sentence, where that fails.

    Args:
        model: as mace-torch wrote it; is not changed.
        device: where it is, and is to be.
    """
    before = torch.get_default_dtype()
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            convert = import_module("mace.cli.convert_e3nn_cueq").run
            found = convert(model, device=device, return_model=True)  # sets torch's default type
    except Exception as error:  # of a library that follows others' versions
        tell(f"cuEquivariance is not used: {type(error).__name__}: {error}")
        return None
    finally:
        torch.set_default_dtype(before)
    return found.to(device, next(model.parameters()).dtype).eval().requires_grad_(False)
