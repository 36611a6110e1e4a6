"""A folded MACE model: plain arrays in an `.npz` file, which opens without torch or pickle.

The symbols are those of `docs/theory_mace.md`. Energies in eV, lengths in Å.
"""

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from scatter.errors import UserError
from scatter.files import replacing
from scatter.foreign import arrays
from scatter.potentials.domain import Domain
from scatter.shapes import Float, Int

VERSION = 1
OF_THE_DOMAIN = ("closest", "longest")  # arrays that older files lack, and that change no value
MARGIN = 40  # samples beyond either end of [0, r_c], where splines forget their ends


@dataclass(frozen=True)
class FoldedMace:
    """The arrays of a two-layer MACE with scalar hidden features.

    Attributes:
        version: of this layout.
        numbers: atomic numbers of the species.
        cutoff: r_c, Å.
        radial_1: T_l(r), the messages of layer 1 into the first species from the second, sampled
            at r = (k - MARGIN) h.
        radial_2: R_l(r), the messages of layer 2.
        table_2: which of `radial_2` belongs to a pair of species, in either order.
        product_1: weights β of the invariants in layer 1.
        up: from the invariants of layer 1 to what layer 2 sends.
        up_0: its constant part.
        energy_1: from the invariants of layer 1 to the energy, eV.
        mix: the mixing M_l of channels in layer 2.
        product_2: weights β of the invariants in layer 2.
        hidden_1: from the invariants of layer 1 to the readout's hidden layer.
        hidden_2: from those of layer 2.
        hidden_0: its constant part.
        energy_2: from the hidden layer to the energy, eV.
        constant: energy of each species, eV.
        repulsion: of ZBL: scale, a_prefactor, a_exp, p; the scale is zero where there is none.
        radii: covalent radii (Å), whose sums are the cutoffs of ZBL.
        provenance: what was converted, by what.
        source_sha256: hash of the converted file.
        closest: shortest distances of the training set by pairs of species, Å; 0 where unknown.
        longest: its longest bonds; both or neither are there.
    """

    version: int
    numbers: Int[np.ndarray, " species"]
    cutoff: float
    radial_1: Float[np.ndarray, "species species sample l channel"]
    radial_2: Float[np.ndarray, "table sample l channel"]
    table_2: Int[np.ndarray, "species species"]
    product_1: Float[np.ndarray, "species invariant channel"]
    up: Float[np.ndarray, "channel channel"]
    up_0: Float[np.ndarray, "species channel"]
    energy_1: Float[np.ndarray, " channel"]
    mix: Float[np.ndarray, "l channel channel"]
    product_2: Float[np.ndarray, "species invariant channel"]
    hidden_1: Float[np.ndarray, "species channel hidden"]
    hidden_2: Float[np.ndarray, "channel hidden"]
    hidden_0: Float[np.ndarray, "species hidden"]
    energy_2: Float[np.ndarray, " hidden"]
    constant: Float[np.ndarray, " species"]
    repulsion: Float[np.ndarray, " parameter"]
    radii: Float[np.ndarray, " species"]
    provenance: str
    source_sha256: str
    closest: Float[np.ndarray, "species species"] | None = None
    longest: Float[np.ndarray, "species species"] | None = None

    @property
    def domain(self) -> Domain | None:
        """Where it was trained, as far as the file tells."""
        if self.closest is None or self.longest is None:
            return None
        return Domain(self.numbers, self.closest, self.longest)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.energy_1)

    @property
    def step(self) -> float:
        """h, the distance of two samples, Å."""
        return self.cutoff / (self.radial_1.shape[2] - 1 - 2 * MARGIN)

    @property
    def cubic(self) -> bool:
        """Whether there are products of three."""
        return bool(self.product_1[:, 5:].any() or self.product_2[:, 5:].any())

    def sha256(self) -> str:
        """Hash of everything that determines the values."""
        found = hashlib.sha256()
        for field in fields(self):
            if field.name not in ("provenance", "source_sha256", *OF_THE_DOMAIN):
                found.update(np.ascontiguousarray(getattr(self, field.name)).tobytes())
        return found.hexdigest()

    def write(self, file: Path) -> None:
        """Write the arrays, whole or not at all."""
        named = {name: value for name, value in vars(self).items() if value is not None}
        with replacing(file) as temporary, open(temporary, "wb") as stream:
            np.savez(stream, **named)

    @classmethod
    def read(cls, file: Path) -> "FoldedMace":
        """Read the arrays; nothing in the file is run.

        Raises:
            UserError: the file was not written by `scatter convert`, or by another version.
        """
        found = arrays(file, f"[potential] file = '{file}'")
        wrong = _wrong(found)
        if wrong:
            raise UserError(
                f"[potential] file = '{file}': {wrong}; make it with `scatter convert MODEL.model`"
            )
        plain: dict[str, Any] = {
            name: array if array.ndim else array.item() for name, array in found.items()
        }
        return cls(**plain)


SHAPES = {
    "version": "", "numbers": "s", "cutoff": "", "radial_1": "ssk4c", "radial_2": "tk4c",
    "table_2": "ss", "product_1": "spc", "up": "cc", "up_0": "sc", "energy_1": "c", "mix": "4cc",
    "product_2": "spc", "hidden_1": "sch", "hidden_2": "ch", "hidden_0": "sh", "energy_2": "h",
    "constant": "s", "repulsion": "4", "radii": "s", "provenance": "", "source_sha256": "",
    "closest": "ss", "longest": "ss",
}  # fmt: skip


def _wrong(found: dict[str, np.ndarray]) -> str:
    """What is wrong with these arrays; empty if nothing is."""
    optional = set(OF_THE_DOMAIN) - found.keys()
    if found.keys() != SHAPES.keys() - optional or len(optional) == 1:
        return "is not a converted model"
    if found["version"].tolist() != VERSION:
        return f"has the layout {found['version']}, and this version of scatter reads {VERSION}"
    sizes = {"4": 4, "p": 13}
    for name, letters in SHAPES.items():
        if name in optional:
            continue
        array = found[name]
        whole = name in ("version", "numbers", "table_2")
        kinds = "U" if name in ("provenance", "source_sha256") else "iu" if whole else "f"
        fits = array.ndim == len(letters) and array.dtype.kind in kinds
        if not fits or any(
            sizes.setdefault(letter, size) != size
            for letter, size in zip(letters, array.shape, strict=True)
        ):
            return f"its array '{name}' has shape {array.shape} and kind {array.dtype}"
        if kinds == "f" and not np.isfinite(array).all():
            return f"its array '{name}' holds values that are not finite"
    return _out_of_range(found, sizes)


def _out_of_range(found: dict[str, np.ndarray], sizes: dict[str, int]) -> str:
    if sizes["c"] % 16 or not sizes["c"] or sizes["k"] < 2 * MARGIN + 16 or not sizes["s"]:
        return "its arrays are too short"
    if not 0 < found["cutoff"] < 100:
        return f"its cutoff is {found['cutoff']} Å"
    if not ((found["table_2"] >= 0) & (found["table_2"] < sizes["t"])).all():
        return "it names a table that it does not hold"
    if (found["table_2"] != found["table_2"].T).any():
        return "its radial functions of layer 2 depend on the order of two species"
    numbers = found["numbers"]
    if len(set(numbers.tolist())) < len(numbers) or not ((numbers > 0) & (numbers < 119)).all():
        return f"its atomic numbers are {numbers.tolist()}"
    if any((found[name] < 0).any() for name in OF_THE_DOMAIN if name in found):
        return "its bounds of distances are negative"
    return ""
