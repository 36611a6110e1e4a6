"""What `gpu.py` times beside our kernels: a random model in mace-torch, in several ways."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import torch
from gpu_timing import DEVICE, TOY

from scatter.dynamics.batch import Batch

Way = tuple[dict, Callable[[], None]]  # what it is, and its step


def ways(route: Any, potential: Any, batch_of: Callable[[], Batch]) -> Iterator[Way]:
    """Steps on a model of mace-torch: by itself or cuEquivariance, in small or large graphs.

    Each as usual, and on a GPU as a CUDA graph too.
    """
    faster, usual = potential.faster, route.PLACES
    for computing in [None, faster] if faster else [None]:
        for places in [usual] if TOY else [usual, 4 * usual]:
            potential.take_faster(computing)
            route.PLACES = places
            batch = batch_of()
            told = {"what": potential.description, "places": places}
            yield told, batch.step
            if DEVICE == "cuda":
                yield told, potential.place.stepping(batch)


def in_mace_torch(modules: Any, which: str) -> Any:
    """A model of the same shape, with random weights."""
    irreps = import_module("e3nn.o3").Irreps
    cutoff, bessel, smooth, order = (5.0, 3, 4, 2) if which == "16" else (6.0, 10, 5, 3)
    channels = which if which == "16" else "16" if TOY else "128"
    hidden = f"{channels}x0e+{channels}x1o" if which == "vectors" else f"{channels}x0e"
    dense = "Density" if which in ("dense", "vectors") else ""
    torch.set_default_dtype(torch.float64)
    made = modules.ScaleShiftMACE(
        interaction_cls_first=getattr(modules, f"RealAgnostic{dense}InteractionBlock"),
        interaction_cls=getattr(modules, f"RealAgnostic{dense}ResidualInteractionBlock"),
        hidden_irreps=irreps(hidden), MLP_irreps=irreps("16x0e"), max_ell=3,
        gate=torch.nn.functional.silu, num_interactions=2, avg_num_neighbors=30.0,
        atomic_inter_scale=0.6, atomic_inter_shift=0.1, num_elements=2, atomic_numbers=[1, 29],
        atomic_energies=np.zeros(2), r_max=cutoff, num_bessel=bessel,
        num_polynomial_cutoff=smooth, correlation=order,
    )  # fmt: skip
    torch.set_default_dtype(torch.float32)
    return made
