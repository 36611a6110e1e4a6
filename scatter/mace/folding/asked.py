"""Linear parts of a model, read off by asking them for their answers to unit vectors.

So every normalisation is that of the model itself, and adapters of low rank (LoRA), which are
part of an answer, need not be known. The model must be in double precision.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scatter.mace.foldable import Module
from scatter.mace.kernels.harmonics import DEGREES


def ask(module: Module, *inputs: NDArray) -> NDArray:
    """What a part of the model answers."""
    import torch

    with torch.no_grad():
        return module(*(torch.from_numpy(np.ascontiguousarray(x)) for x in inputs)).numpy()


def matrix(linear: Module) -> NDArray:
    """The matrix of a linear map of scalars; rows are what goes in."""
    inner = getattr(linear, "linear", linear)
    return ask(linear, np.eye(inner.irreps_in.dim))


def places(irreps: Any, degree: int) -> NDArray:
    """Where the first of the components with this l stand, of every channel."""
    answered = [
        part.start + np.arange(block.mul) * (2 * degree + 1)
        for part, block in zip(irreps.slices(), irreps, strict=True)
        if block.ir.l == degree
    ]
    return np.concatenate(answered) if answered else np.zeros(0, int)


def blocks(linear: Module, irreps_in: Any, *attributes: NDArray) -> list[NDArray]:
    """The matrix for each l from 0 on of a linear map of features; rows are what goes in.

    Args:
        linear: the map.
        irreps_in: of what goes in.
        attributes: of one atom, given with every feature.
    """
    answered, unit = [], np.eye(irreps_in.dim)
    for degree in DEGREES:
        rows, columns = places(irreps_in, degree), places(linear.irreps_out, degree)
        if len(rows) and len(columns):
            given = (np.tile(each, (len(rows), 1)) for each in attributes)
            answers = ask(linear, unit[rows], *given)
            answered.append(np.ascontiguousarray(answers[:, columns]))
    return answered


def of_species(skip: Module, model: Module, z: int) -> list[NDArray]:
    """The matrices for each l of a map that depends on the species."""
    return blocks(skip, skip.irreps_in1, np.eye(len(model.atomic_numbers))[z])
