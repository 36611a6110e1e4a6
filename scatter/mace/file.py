"""Folded MACE models: plain arrays in an `.npz` file, which opens without torch or pickle.

The symbols are those of `docs/theory_mace.md`; `docs/npz_format.md` specifies the file. Energies in
eV, lengths in Å.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from scatter.potentials.array_file import MARGIN, ArrayFile, refuse_strange_numbers
from scatter.potentials.domain import Domain
from scatter.saved import Misfit
from scatter.shapes import Float, Int

OF_THE_DOMAIN = ("closest", "longest")  # arrays that older files lack, and that change no value


@dataclass(frozen=True)
class FoldedMace(ArrayFile):
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

    layout, noun, maker = 1, "converted model", "scatter convert MODEL.model"
    lengths = {"l": 4, "invariant": 13}

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

    @classmethod
    def layouts(cls) -> dict[int, type["FoldedMace"]]:
        """All classes of folded models, by the layout of their files."""
        return {each.layout: each for each in (FoldedMace, DensityMace, VectorMace)}

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
        total = hashlib.sha256()
        for field in fields(self):
            if field.name not in ("provenance", "source_sha256", *OF_THE_DOMAIN):
                total.update(np.ascontiguousarray(getattr(self, field.name)).tobytes())
        return total.hexdigest()

    def refuse(self, sizes: Mapping[str, int]) -> None:
        """Raise Misfit where arrays of the right shapes are not a converted model."""
        channels, samples = sizes["channel"], sizes["sample"]
        if channels % 16 or not channels or samples < 2 * MARGIN + 16 or not sizes["species"]:
            raise Misfit("its arrays are too short")
        if not 0 < self.cutoff < 100:
            raise Misfit(f"its cutoff is {self.cutoff} Å")
        _refuse_tables(self.table_2, sizes["table"])
        refuse_strange_numbers(self.numbers)
        bounds = [each for each in (self.closest, self.longest) if each is not None]
        if any((each < 0).any() for each in bounds):
            raise Misfit("its bounds of distances are negative")


@dataclass(frozen=True, kw_only=True)
class DensityMace(FoldedMace):
    """The same where messages are divided by a density of neighbours, 1 + D, and not by a number.

    Attributes:
        density_1: d(r) of layer 1, sampled as `radial_2`; zero where a layer has none.
        density_2: the same of layer 2.
    """

    layout = 2

    density_1: Float[np.ndarray, "table sample"]
    density_2: Float[np.ndarray, "table sample"]

    def refuse(self, sizes: Mapping[str, int]) -> None:
        """Raise Misfit where arrays of the right shapes are not a converted model."""
        super().refuse(sizes)
        for density in (self.density_1, self.density_2):
            if (density[:, MARGIN:-MARGIN] < -1e-9).any():  # 1 + D could be zero
                raise Misfit("its densities are negative")


@dataclass(frozen=True, kw_only=True)
class VectorMace(DensityMace):
    """The same where atoms send scalars and vectors to layer 2.

    Attributes:
        radial_2: of each path of the messages of layer 2; see `kernels.couplings.PATHS`.
        mix: the mixing M of channels of each path, to the degree of its messages.
        product_v: weights γ of the vectors in layer 1; see `kernels.couplings.VECTORS`.
        up_v: from the vectors of layer 1 to those that layer 2 sends.
    """

    layout = 3
    lengths = {"l": 4, "path": 10, "invariant": 13, "covariant": 16}

    radial_2: Float[np.ndarray, "table sample path channel"]
    mix: Float[np.ndarray, "path channel channel"]
    product_v: Float[np.ndarray, "species covariant channel"]
    up_v: Float[np.ndarray, "channel channel"]


def _refuse_tables(table: Int[np.ndarray, "species species"], tables: int) -> None:
    if not ((table >= 0) & (table < tables)).all():
        raise Misfit("it names a table that it does not hold")
    if (table != table.T).any():
        raise Misfit("its radial functions of layer 2 depend on the order of two species")
