"""A linear ACE: plain arrays in an `.npz` file, which opens without pickle.

    E = Σ_i [ E0_i + Σ_j φ_ij(r_ij) + Σ_p c_ip Π_{a ∈ p} A_ia ],
    A_i,znlm = Σ_{j of species z} R_n(r_ij) Y_lm(r_ij / r_ij),

j runs over all neighbours of i, images included; φ, R_n and c depend on the species of the centre
i, φ and R_n on that of j too. The symbols are those of `docs/theory_ace.md`. Energies in eV,
lengths in Å.

Y_lm are real harmonics with a mean square of one over the sphere (Y_00 = 1): with n = (x, y, z),

    Y_lm ∝ Re (x + iy)^m for m ≥ 0, Im (x + iy)^|m| for m < 0,

times a polynomial in z whose leading coefficient is positive. So Y_1m for m = -1, 0, 1 are √3 times
y, z, x, and those of l ≤ 3 are the `harmonics` of `scatter/mace/kernels/harmonics.py`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from scatter.potentials.array_file import MARGIN, ArrayFile, refuse_strange_numbers
from scatter.saved import Misfit
from scatter.shapes import Float, Int

VERSION = 1
ORDERS = (2, 3, 4)
MOST_l = 8


@dataclass(frozen=True)
class LinearAce(ArrayFile):
    """The arrays of a linear ACE.

    What evaluates needs the first part alone, down to `coefficients_4`; the second says which
    invariant functions B_f the coefficients were made of: c_zp = Σ_f w_zf C_fp, and φ of T_t.

    Attributes:
        version: of this layout.
        kind: "ace".
        numbers: atomic numbers of the species.
        cutoff: r_c of each pair of species, Å; symmetric. Tables are zero from there on.
        constant: E0, energy of a lone atom of each species, eV.
        radial: R_n(r) of centre and neighbour species, sampled at r = (k - MARGIN) h, where h is
            `step`, the same for all pairs.
        pair: φ(r), eV, sampled alike: all that depends on one neighbour alone, products of a single
            A and the short-range repulsion included.
        spec: species (an index into `numbers`), n (into `radial`), l and m of each A; rows
            increase.
        products_2: two rows of `spec` each, which increase or are equal; so do the rows.
        products_3: three.
        products_4: four.
        coefficients_2: c of each centre species, eV.
        coefficients_3: of products of three.
        coefficients_4: of products of four.
        two_body: T_t(r) of centre and neighbour species, sampled as `radial`. The functions of one
            neighbour are Σ_j T_t(r_ij) over those j of each species.
        two_body_weights: w of these functions, by centre and neighbour species, eV.
        coupling_2: function f and product p of the entries of C that are not zero.
        coupling_3: with products of three.
        coupling_4: with products of four.
        coupling_values_2: those entries.
        coupling_values_3: those entries.
        coupling_values_4: those entries.
        weights: w_f by centre species, eV; exactly zero where the species lacks the function.
        leverage: M of each centre species, so that |M b_i|² is the leverage of an atom i with the
            values b_i: its functions of one neighbour (neighbour species, then t), then all B_f.
            May be empty.
        provenance: how it was fitted, JSON.
    """

    layout, noun, maker, compressed = VERSION, "linear ACE", "scatter fit ace SET", True
    domain: ClassVar[None] = None  # its leverage says how far it is from what it knows

    version: int
    kind: str
    numbers: Int[np.ndarray, " species"]
    cutoff: Float[np.ndarray, "species species"]
    constant: Float[np.ndarray, " species"]
    radial: Float[np.ndarray, "species species sample n"]
    pair: Float[np.ndarray, "species species sample"]
    spec: Int[np.ndarray, "factor 4"]
    products_2: Int[np.ndarray, "two 2"]
    products_3: Int[np.ndarray, "three 3"]
    products_4: Int[np.ndarray, "four 4"]
    coefficients_2: Float[np.ndarray, "species two"]
    coefficients_3: Float[np.ndarray, "species three"]
    coefficients_4: Float[np.ndarray, "species four"]
    two_body: Float[np.ndarray, "species species sample t"]
    two_body_weights: Float[np.ndarray, "species species t"]
    coupling_2: Int[np.ndarray, "entry_2 2"]
    coupling_3: Int[np.ndarray, "entry_3 2"]
    coupling_4: Int[np.ndarray, "entry_4 2"]
    coupling_values_2: Float[np.ndarray, " entry_2"]
    coupling_values_3: Float[np.ndarray, " entry_3"]
    coupling_values_4: Float[np.ndarray, " entry_4"]
    weights: Float[np.ndarray, "species function"]
    leverage: Float[np.ndarray, "species value value"]
    provenance: str

    @property
    def step(self) -> float:
        """h, the distance of two samples, Å."""
        return float(self.cutoff.max()) / (self.radial.shape[2] - 1 - 2 * MARGIN)

    @property
    def grid(self) -> Float[np.ndarray, " sample"]:
        """The distances r of the samples, Å."""
        return (np.arange(self.radial.shape[2]) - MARGIN) * self.step

    def products(self, order: int) -> Int[np.ndarray, "product order"]:
        """`products_2`, `products_3` or `products_4`."""
        return getattr(self, f"products_{order}")

    def coefficients(self, order: int) -> Float[np.ndarray, "species product"]:
        """`coefficients_2`, `coefficients_3` or `coefficients_4`."""
        return getattr(self, f"coefficients_{order}")

    def sha256(self) -> str:
        """Hash of everything that determines the values."""
        total = hashlib.sha256()
        for field in fields(self):
            if field.name != "provenance":
                value = np.ascontiguousarray(getattr(self, field.name))
                total.update(f"{field.name} {value.dtype.str} {value.shape}".encode())
                total.update(value.tobytes())
        return total.hexdigest()

    def refuse(self, sizes: Mapping[str, int]) -> None:
        """Raise Misfit where arrays of the right shapes are not a linear ACE."""
        if self.kind != "ace":
            raise Misfit("is not a linear ACE")
        species, values = sizes["species"], sizes["value"]
        if sizes["sample"] < 2 * MARGIN + 16 or not species:
            raise Misfit("its arrays are too short")
        if values not in (0, species * sizes["t"] + sizes["function"]):
            raise Misfit(f"its leverage is for {values} functions")
        cutoff = self.cutoff
        if not ((cutoff > 0) & (cutoff < 100)).all() or (cutoff != cutoff.T).any():
            raise Misfit(f"its cutoffs are {cutoff.tolist()} Å")
        refuse_strange_numbers(self.numbers)
        held = vars(self)
        _refuse_what_names_nothing(held, sizes)
        for name in ("spec", *(f"products_{order}" for order in ORDERS)):
            if not _ordered(held[name], within=name != "spec"):
                raise Misfit(f"its array '{name}' is not in order")


def _refuse_what_names_nothing(held: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
    species, n, degree, m = held["spec"].T
    inside = {"spec": (species < sizes["species"]) & (n < sizes["n"]) & (degree <= MOST_l)}
    inside["spec"] &= (species >= 0) & (n >= 0) & (abs(m) <= degree)
    for order in ORDERS:
        products, coupling = held[f"products_{order}"], held[f"coupling_{order}"]
        most = np.array([sizes["function"], len(products)])
        inside[f"products_{order}"] = (products >= 0) & (products < sizes["factor"])
        inside[f"coupling_{order}"] = (coupling >= 0) & (coupling < most)
    wrong = [name for name, fits in inside.items() if not fits.all()]
    if wrong:
        raise Misfit(f"its array '{wrong[0]}' names what there is not")


def _ordered(rows: Int[np.ndarray, "row number"], within: bool) -> bool:
    """Whether rows increase; `within` each, numbers must not decrease either."""
    different = np.diff(rows, axis=0)
    first = np.take_along_axis(different, (different != 0).argmax(axis=1)[:, None], axis=1)
    return bool((first > 0).all() and (not within or (np.diff(rows, axis=1) >= 0).all()))
