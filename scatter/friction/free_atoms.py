"""The density of electrons above a metal as that of its free atoms, one beside the other.

    n(x) = Σ_j n_at(|R_j - x|)

over all atoms of the slab and their images.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from scipy.interpolate import CubicSpline

from scatter.foreign import text
from scatter.friction.tabled import CUTOFF, STEP, Superposition
from scatter.settings import UserError
from scatter.shapes import Float
from scatter.state import System

FEWEST = 8  # rows of a file

# Free atoms, as sums of a e^(-b r), 1/Å³ and 1/Å: fitted to PBE/def2-QZVPPD densities of PySCF,
# averaged over the sphere, within 7 % (Cu) and 10 % (Ag, Au) from 0.5 to 6 Å.
FITTED: dict[str, tuple[tuple[float, float], ...]] = {
    "Cu": ((0.28028, 2.390), (0.82162, 2.522), (0.49625, 3.580), (4.690, 3.712), (608.17, 9.0)),
    "Ag": ((0.23931, 2.390), (1.051, 2.522), (14.352, 3.976), (136.66, 7.546), (324.21, 7.678)),
    "Au": ((0.60537, 2.786), (1.8445, 2.919), (2.1566, 3.712), (14.936, 3.844), (276.24, 6.885)),
}


def fitted(symbol: str, r: Float[np.ndarray, " place"]) -> Float[np.ndarray, " place"]:
    """n_at(r) of a fitted element, 1/Å³."""
    return sum((a * np.exp(-b * r) for a, b in FITTED[symbol]), np.zeros_like(r))


def read_atom(file: Path, symbol: str) -> CubicSpline:
    """The density of a file, through a cubic spline of ln n_at: two columns, r in Å, n in 1/Å³.

    Lines that begin with # are passed over.

    Raises:
        UserError: it cannot be read, or is not a density that falls off from near the nucleus.
    """
    where = f"[friction] atoms = {{{symbol} = '{file}'}}"
    lines = [line.split() for line in text(file, where).splitlines()]
    try:
        rows = np.array([line for line in lines if line and line[0][0] != "#"], float)
        if rows.ndim != 2 or rows.shape[1] != 2 or not np.isfinite(rows).all():
            raise ValueError("no table")
    except ValueError as error:
        raise UserError(
            f"{where}: must have two columns of numbers, r in Å and the density in 1/Å³"
        ) from error
    r, n = rows.T
    if len(r) < FEWEST or r[0] < 0 or (np.diff(r) <= 0).any() or (n <= 0).any():
        raise UserError(
            f"{where}: must have at least {FEWEST} rows, with r that increases from 0 or more, and "
            "densities greater than 0"
        )
    if r[0] > 0.5 or r[-1] < 4.0:
        raise UserError(
            f"{where}: reaches from {r[0]:g} to {r[-1]:g} Å; give the density from 0.5 Å or less "
            "to 4 Å or more"
        )
    return CubicSpline(r, np.log(n), bc_type="natural")


def tabulated(symbol: str, files: Mapping[str, str]) -> Float[np.ndarray, "knot 4"]:
    """n_at(r) of an element as cubics between knots every `STEP`, up to `CUTOFF`.

    Of a file, it is constant before its first r, and zero beyond its last.

    Raises:
        UserError: its file cannot be used, or there is neither a file nor a fit.
    """
    r = np.arange(round(CUTOFF / STEP) + 1) * STEP
    if symbol in files:
        curve = read_atom(Path(files[symbol]), symbol)
        first, last = float(curve.x[0]), float(curve.x[-1])
        n = np.where(r <= last, np.exp(curve(np.clip(r, first, last))), 0.0)
    elif symbol in FITTED:
        n = fitted(symbol, r)
    else:
        raise UserError(
            f'[friction] density = "atoms": the free atom of {symbol} is not known, as those of '
            f'{", ".join(FITTED)} are; give its density in a file, atoms = {{{symbol} = "FILE"}}'
        )
    c = CubicSpline(r, n).c * STEP ** np.array([[3], [2], [1], [0]])
    return np.ascontiguousarray(np.vstack([c.T, np.zeros(4)]))


@dataclass(frozen=True)
class FreeAtoms:
    """Densities of free atoms, by element.

    Attributes:
        files: of those elements whose density is read.
    """

    files: Mapping[str, str]

    def bind(self, system: System, slots: int) -> Superposition:
        """What sums them over the slab of a system.

        Raises:
            UserError: the free atom of an element of the slab is not known.
        """
        numbers = system.slab.numbers
        symbols = [chemical_symbols[z] for z in sorted(set(numbers.tolist()))]
        tables = np.stack([tabulated(symbol, self.files) for symbol in symbols])
        places = {atomic_numbers[symbol]: k for k, symbol in enumerate(symbols)}
        species = np.array([places[z] for z in numbers.tolist()])
        return Superposition(system, tables, species)
