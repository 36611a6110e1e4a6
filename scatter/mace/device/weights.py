"""The arrays of a folded MACE as tensors, where they are used and in the numbers used there."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scatter.kernels.splines import polynomials_between
from scatter.mace.file import MARGIN, DensityMace, FoldedMace, VectorMace
from scatter.mace.kernels.message_formulas import SENT

THINNED = {"float32": 4, "float64": 1}  # one knot of the splines for so many samples


@dataclass(frozen=True)
class MaceTensors:
    """A folded model on a device; the symbols are those of `FoldedMace`.

    Attributes:
        table_1: T_l as polynomials between knots, shape (row, l, power, channel), with the row
            (receiver's species · species + sender's) · knots + knot.
        table_2: R_l likewise, with the row `pair_2` · knots + knot; R of each path where atoms
            send vectors.
        pair_2: of the species of the pair's first and second atom, by their index in the system.
        knots: rows of one table.
        per_step: knots per Å.
        cutoff: r_c, Å.
        cubic: whether there are products of three.
        product_v: weights of vectors; None where atoms send scalars alone.
        up: what makes what is sent of scalars and, where there are any, of vectors.
        mix: M_l, or M of each path.
        constant: eV, double precision, as the next two.
        repulsion: of ZBL; the scale is zero where there is none.
        charges_radii: atomic number and covalent radius (Å) of each species.
        density: d(r) as table_2, a column for each layer; None where there are none.
    """

    table_1: Tensor
    table_2: Tensor
    pair_2: Tensor
    knots: int
    per_step: float
    cutoff: float
    cubic: bool
    product_1: Tensor
    product_2: Tensor
    product_v: Tensor | None
    up: Tensor
    up_back: Tensor
    up_0: Tensor
    energy_1: Tensor
    mix: Tensor
    mix_back: Tensor
    hidden_1: Tensor
    hidden_2: Tensor
    hidden_0: Tensor
    energy_2: Tensor
    constant: Tensor
    repulsion: tuple[float, ...]
    charges_radii: Tensor
    density: Tensor | None

    @classmethod
    def of(cls, model: FoldedMace, precision: str, device: str) -> "MaceTensors":
        """The weights of a model; hidden units are added, all zero, up to a power of two."""
        kind, thinned = getattr(torch, precision), THINNED[precision]

        def real(array: np.ndarray) -> Tensor:
            return torch.as_tensor(np.ascontiguousarray(array), dtype=kind, device=device)

        def double(array: np.ndarray) -> Tensor:
            return torch.as_tensor(array, dtype=torch.float64, device=device)

        def table(samples: np.ndarray) -> Tensor:
            pieces = polynomials_between(samples[:, ::thinned], MARGIN // thinned)
            return real(pieces.reshape(-1, *pieces.shape[2:]))

        species, hidden = len(model.numbers), len(model.energy_2)
        wide = (0, max(16, 1 << (hidden - 1).bit_length()) - hidden)
        radial_1 = model.radial_1.reshape(species**2, *model.radial_1.shape[2:])
        first = table(radial_1)
        vectors = isinstance(model, VectorMace)
        up = np.stack([model.up, model.up_v] if vectors else [model.up])
        names = "product_1", "product_2", "up_0", "energy_1", "mix"
        same = {name: real(getattr(model, name)) for name in names}
        rest = ((0, 0), (0, 0), wide)
        padded = {
            name: real(np.pad(getattr(model, name), rest[-axes:]))
            for name, axes in (("hidden_1", 3), ("hidden_2", 2), ("hidden_0", 2), ("energy_2", 1))
        }
        densities = None
        if isinstance(model, DensityMace):
            densities = np.stack([model.density_1, model.density_2], axis=-1)[:, :, None]
        return cls(
            table_1=first,
            table_2=table(model.radial_2),
            pair_2=torch.as_tensor(model.table_2.astype(np.int32), device=device),
            knots=len(first) // species**2,
            per_step=1 / (model.step * thinned),
            cutoff=float(model.cutoff),
            cubic=model.cubic,
            product_v=real(model.product_v) if vectors else None,
            up=real(up),
            up_back=real(up.transpose(0, 2, 1)),
            mix_back=real(model.mix.transpose(0, 2, 1)),
            **same,
            **padded,
            constant=double(model.constant),
            repulsion=tuple(float(value) for value in model.repulsion),
            charges_radii=double(np.stack([model.numbers, model.radii], axis=1).astype(float)),
            density=None if densities is None else table(densities),
        )

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.energy_1)

    @property
    def sent(self) -> int:
        """Numbers that an atom sends for each channel: a scalar, or a scalar and a vector."""
        return 1 if self.product_v is None else SENT

    @property
    def kind(self) -> torch.dtype:
        """The numbers that features are computed in."""
        return self.energy_1.dtype
