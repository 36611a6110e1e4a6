"""Folding the weights of a MACE model; the formulas are those of `docs/theory_mace.md`.

Linear parts of the model are read off by asking them for their answers to unit vectors, so that
every normalisation is that of the model itself. The model must be in double precision.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scatter.mace.file import DensityMace, FoldedMace, VectorMace
from scatter.mace.foldable import Module, heads_of
from scatter.mace.folding import products, radials, vectors
from scatter.mace.folding.asked import blocks, matrix, of_species, places


def fold(
    model: Module, species: NDArray, provenance: str, source_sha256: str, head: int = 0
) -> FoldedMace:
    """The folded model for some of its species.

    Args:
        model: of the family, in double precision.
        species: which of the model's species to keep.
        provenance: see `FoldedMace`, as for `source_sha256`.
        source_sha256: see `FoldedMace`.
        head: which of its heads to keep.

    Raises:
        UserError: a product or message of the model is not of the form that is folded.
    """
    parts = Parts(model, species, head)
    about: dict[str, Any] = {"provenance": provenance, "source_sha256": source_sha256}
    if parts.vector:
        its = parts.whole() | parts.densities() | parts.of_vectors()
        return VectorMace(version=VectorMace.layout, **its, **about)
    if any(radials.is_dense(block) for block in model.interactions):
        its = parts.whole() | parts.densities() | parts.of_scalars()
        return DensityMace(version=DensityMace.layout, **its, **about)
    return FoldedMace(version=FoldedMace.layout, **parts.whole(), **parts.of_scalars(), **about)


@dataclass(frozen=True)
class Parts:
    """What the arrays of a folded model are made of.

    Attributes:
        model: in double precision.
        species: which of its species are kept.
        head: which of its heads is.
    """

    model: Module
    species: NDArray
    head: int

    @property
    def vector(self) -> bool:
        """Whether atoms send vectors."""
        return self.model.products[0].linear.irreps_out.lmax == 1

    @cached_property
    def pairs(self) -> tuple[list[tuple[int, int]], NDArray]:
        """Pairs of species whose radial functions differ, and which of them are any pair's."""
        return radials.pairs_of(self.model, len(self.species))

    @cached_property
    def lifts(self) -> list[NDArray]:
        """What products are mapped by, for each l that atoms send."""
        linear = self.model.products[0].linear
        return blocks(linear, linear.irreps_in)

    @cached_property
    def ups(self) -> list[NDArray]:
        """What features are mapped by before they are sent, for each l."""
        linear = self.model.interactions[1].linear_up
        return blocks(linear, linear.irreps_in)

    def whole(self) -> dict[str, Any]:
        """The arrays that every folded model has, but for those of the messages of layer 2."""
        model, species = self.model, self.species
        first, second = model.interactions
        embedded = matrix(model.node_embedding)  # species, channel
        constant_1 = np.zeros_like(embedded)
        if model.products[0].use_sc:
            skip_1 = [of_species(first.skip_tp, model, z)[0] for z in range(len(embedded))]
            constant_1 = np.einsum("zc,zcd->zd", embedded, skip_1)
        constant_1, lift, up = constant_1[species], self.lifts[0], self.ups[0]
        skip_2 = np.stack([of_species(second.skip_tp, model, z)[0] for z in species])
        scale, shift = _scale_shift(model, self.head)
        energy_1, hidden, energy_2 = self._readouts(scale)
        return {
            "numbers": model.atomic_numbers.numpy()[species],
            "cutoff": float(model.r_max),
            "radial_1": radials.tables_1(model, species, embedded @ matrix(first.linear_up)),
            "table_2": self.pairs[1],
            "product_1": products.scalars(model, 0, species),
            "up": lift @ up,
            "up_0": constant_1 @ up,
            "energy_1": lift @ energy_1,
            "product_2": products.scalars(model, 1, species),
            "hidden_1": lift @ skip_2 @ hidden,
            "hidden_2": matrix(model.products[1].linear) @ hidden,
            "hidden_0": np.einsum("zc,zcd->zd", constant_1, skip_2) @ hidden,
            "energy_2": energy_2,
            "constant": _atomic_energies(model, self.head)[species] + shift + constant_1 @ energy_1,
            "repulsion": _repulsion(model, scale),
            "radii": _radii(model, species),
        }

    def _readouts(self, scale: float) -> tuple[NDArray, NDArray, NDArray]:
        """What this head makes of features 1, and its hidden layer of features 2, in eV."""
        last, heads = self.model.readouts[-1], len(heads_of(self.model))
        (act,) = last.non_linearity.acts
        hidden, out = matrix(last.linear_1), matrix(last.linear_2)
        units = hidden.shape[1] // heads
        own = slice(self.head * units, (self.head + 1) * units)
        energy_1 = np.zeros(len(hidden))
        if len(self.model.readouts) == 2:
            linear = self.model.readouts[0].linear
            scalars = places(linear.irreps_in, 0)
            energy_1 = scale * matrix(linear)[scalars, self.head]
        return energy_1, hidden[:, own], scale * act.cst * out[own, self.head]

    def densities(self) -> dict[str, Any]:
        """The densities by which the messages of either layer are divided."""
        pairs = [(int(self.species[a]), int(self.species[b])) for a, b in self.pairs[0]]
        return {f"density_{n + 1}": radials.densities(self.model, n, pairs) for n in (0, 1)}

    def of_scalars(self) -> dict[str, Any]:
        """The messages of layer 2 where atoms send scalars."""
        block = self.model.interactions[1]
        tables = [
            radials.messages(self.model, block, self.species[a], self.species[b])
            for a, b in self.pairs[0]
        ]
        mix = np.stack(blocks(block.linear, block.linear.irreps_in)) / radials.neighbours(block)
        return {"radial_2": radials.to_l3(np.stack(tables), 2), "mix": radials.to_l3(mix, 0)}

    def of_vectors(self) -> dict[str, Any]:
        """The messages of layer 2 where atoms send scalars and vectors, and the vectors."""
        block = self.model.interactions[1]
        known = vectors.paths(self.model, block)
        tables = [
            vectors.messages(self.model, block, known, self.species[a], self.species[b])
            for a, b in self.pairs[0]
        ]
        return {
            "radial_2": np.stack(tables),
            "mix": vectors.mix(block, known) / radials.neighbours(block),
            "product_v": products.vectors(self.model, 0, self.species),
            "up_v": self.lifts[1] @ self.ups[1],
        }


def _of_head(values: Any, head: int) -> float:
    """One number for each head, or one for all."""
    flat = np.ravel(values.numpy())
    return float(flat[head if len(flat) > 1 else 0])


def _scale_shift(model: Module, head: int) -> tuple[float, float]:
    if not hasattr(model, "scale_shift"):
        return 1.0, 0.0
    block = model.scale_shift
    return _of_head(block.scale, head), _of_head(block.shift, head)


def _atomic_energies(model: Module, head: int) -> NDArray:
    return np.atleast_2d(model.atomic_energies_fn.atomic_energies.numpy())[head]


def _repulsion(model: Module, scale: float) -> NDArray:
    """Scale, a_prefactor, a_exp and p of ZBL; a ScaleShiftMACE scales it with the rest."""
    if not hasattr(model, "pair_repulsion_fn"):
        return np.zeros(4)
    zbl = model.pair_repulsion_fn
    return np.array([scale, float(zbl.a_prefactor), float(zbl.a_exp), float(zbl.p)])


def _radii(model: Module, species: NDArray) -> NDArray:
    if not hasattr(model, "pair_repulsion_fn"):
        return np.zeros(len(species))
    return model.pair_repulsion_fn.covalent_radii.numpy()[model.atomic_numbers.numpy()[species]]
