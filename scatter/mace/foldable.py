"""Which MACE models can be folded: two layers, scalar or vector features, and l = 3 at most."""

from typing import Any

import numpy as np

from scatter.settings import UserError

SECOND = ("RealAgnosticResidualInteractionBlock", "RealAgnosticDensityResidualInteractionBlock")
FIRST = ("RealAgnosticInteractionBlock", "RealAgnosticDensityInteractionBlock", *SECOND)

Module = Any  # of torch: a model of mace-torch or a part of it, whose attributes no type knows


def refuse_strangers(model: Module, name: str) -> None:
    """Raise UserError, with the reason and the alternative, unless the model can be folded."""
    for find in (_of_kind, _of_layers, _of_features, _of_extras):
        reason = find(model)
        if reason:
            raise UserError(
                f"{name}: cannot be folded, because {reason}; use it through torch instead, with "
                f'[potential] kind = "mace", file = "{name}", trust_pickle = true'
            )


def _kind(block: Module) -> str:
    return type(block).__name__


def _of_kind(model: Module) -> str:
    if _kind(model) not in ("MACE", "ScaleShiftMACE"):
        return f"it is a {_kind(model)}, and only MACE and ScaleShiftMACE are known"
    if len(model.interactions) != 2:
        return f"it has {len(model.interactions)} layers of messages, and two are known"
    return ""


def _of_layers(model: Module) -> str:
    first, second = model.interactions
    if _kind(first) not in FIRST:
        return f"its first layer is a {_kind(first)}"
    if _kind(second) not in SECOND:
        return f"its second layer is a {_kind(second)}"
    kinds = [_kind(readout) for readout in model.readouts]
    known = ["LinearReadoutBlock", "NonLinearReadoutBlock"]
    if kinds not in (known, known[1:]):
        return f"its readouts are {', '.join(kinds)}"
    (act,) = model.readouts[-1].non_linearity.acts
    gate = getattr(getattr(act, "f", None), "__name__", "unknown")
    if gate != "silu":
        return f"its readout has the activation {gate}, and only silu is known"
    return ""


def _of_features(model: Module) -> str:
    hidden = model.products[0].linear.irreps_out
    channels = hidden[0].mul
    if str(hidden) not in (f"{channels}x0e", f"{channels}x0e+{channels}x1o") or channels % 16:
        return (
            f"its hidden features are {hidden}, and only Nx0e and Nx0e+Nx1o with N a multiple of "
            "16 are known"
        )
    if model.products[1].linear.irreps_out != hidden[:1]:
        return f"its last features are {model.products[1].linear.irreps_out}"
    for block, features in zip(model.interactions, (hidden[:1], hidden), strict=True):
        if block.linear_up.irreps_out != features:
            return f"its edges have the features {block.linear_up.irreps_out}"
    harmonics = model.spherical_harmonics.irreps_out
    if harmonics.lmax > 3:
        return f"its messages reach l = {harmonics.lmax}, and l = 3 is the highest known"
    if hidden.lmax and any(each.ir.p != (-1) ** each.ir.l for each in harmonics):
        return f"its harmonics are {harmonics}, which have not their natural parity"
    return _of_products(model, len(hidden))


def _of_products(model: Module, degrees: int) -> str:
    channels = model.products[0].linear.irreps_out[0].mul
    for layer, (block, kinds) in enumerate(zip(model.products, (degrees, 1), strict=True), 1):
        contractions = block.symmetric_contractions.contractions
        if len(contractions) != kinds or contractions[0].correlation > 3:
            return f"layer {layer} has products of more than three"
        if contractions[0].num_features != channels:
            return f"layer {layer} has another number of channels than its neighbour"
    return ""


def _of_extras(model: Module) -> str:
    for extra in ("joint_embedding", "embedding_readout", "lammps_mliap"):
        if getattr(model, extra, None):
            return f"it has a {extra}"
    for block in (*model.interactions, *model.products):
        config = getattr(block, "cueq_config", None)
        if getattr(config, "enabled", False):
            return "it was written for cuEquivariance (convert it with mace_cueq_to_e3nn)"
    return ""


def heads_of(model: Module) -> list[str]:
    """The names of its heads; a model of old has one without a name."""
    return list(getattr(model, "heads", None) or ["Default"])


def wanted_species(model: Module, elements: list[int]) -> np.ndarray:
    """Where the wanted atomic numbers are among the model's species; all, if none is named.

    Raises:
        UserError: the model does not know an element, or there are too many to tabulate.
    """
    known = [int(z) for z in model.atomic_numbers]
    if not elements and len(known) > 10:
        raise UserError(
            f"the model knows {len(known)} elements, too many to tabulate all their pairs; "
            "name those you need, such as --elements H Cu"
        )
    missing = [z for z in elements if z not in known]
    if missing:
        raise UserError(f"--elements: the model does not know the atomic numbers {missing}")
    return np.array([known.index(z) for z in (sorted(set(elements)) or known)])
