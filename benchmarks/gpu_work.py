"""Arithmetic and least traffic of each kernel, to set beside what a card can do."""

from typing import Any

import numpy as np

FMA = {  # fused multiply-adds per pair and channel: of all pairs, of those with an atom that moves
    "features_1": (36, 0), "features_2": (40, 0), "back_2": (55, 45), "back_1": (0, 91),
    "vector_features_2": (158, 0), "vector_back_2": (193, 157),
}  # fmt: skip

DOUBLE = {"gather", "nodes", "slopes_of_nodes", "slopes"}  # kernels of double precision


def pairs_of(bound: Any) -> tuple[float, float]:
    """Directed pairs of a replica, and those of them with an atom that moves."""
    s = bound.scratch
    if hasattr(s, "starts"):
        total = s.starts.reshape(-1, 2 * len(bound.weights.constant) + 1)[:, -1]
    else:
        total = s.pairs
    return tuple(float(each.double().mean()) * bound.atoms for each in (total, s.active))


def work_of(name: str, bound: Any, pairs: float, active: float) -> tuple[float, float]:
    """Flop, and bytes that must be read and written once, of a replica; tables left out."""
    if hasattr(bound.scratch, "starts"):
        return _of_ace(name, bound, pairs, active)
    return _of_mace(name, bound, pairs, active)


def _of_mace(name: str, bound: Any, pairs: float, active: float) -> tuple[float, float]:
    every, moving = FMA.get(name, (0, 0))
    atoms, c, sent = bound.atoms, bound.weights.channels, bound.weights.sent
    rows = 16 if sent == 1 else 40  # of messages
    flop = 2 * c * (every * pairs + moving * active)
    if name == "transform":
        flop = 2 * 2 * atoms * c * c * (rows + sent)
    row = 4 * c * atoms
    moved = {
        "place_pairs": 60 * pairs, "shares_of": 8 * pairs,
        "features_1": 24 * pairs + (16 + sent) * row,
        "vector_features_2": (28 + 16 * c) * pairs + 40 * row,
        "vector_back_2": (32 + 32 * c) * pairs + 12 * active + 40 * row,
        "features_2": (28 + 4 * c) * pairs + 16 * row, "product_of_2": 17 * row,
        "product_of_2_back": 33 * row, "read_out": 4 * row,
        "transform": 2 * (16 + rows + 2 * sent) * row,
        "back_2": (32 + 8 * c) * pairs + 12 * active + 16 * row,
        "gather_sent": sent * ((4 + 4 * c) * pairs + row),
        "back_1": 40 * active + (16 + sent) * row,
        "forces_of": 56 * active,
    }  # fmt: skip
    return flop, moved.get(name, 0.0)


def _of_ace(name: str, bound: Any, pairs: float, active: float) -> tuple[float, float]:
    """As if no group of terms were left out; of radial functions all columns are counted."""
    w, t, atoms = bound.weights, bound.weights.terms, bound.atoms
    kinds = bound.species.cpu().numpy()
    nodes = np.diff(t.node_first.cpu().numpy())[kinds].sum()
    terms, node_terms, holders = (
        _terms(rows, starts, kinds) for rows, starts in (
            (t.of_a, _starts(t.factors, len(w.constant))),
            (t.of_nodes, t.node_first.cpu().numpy()),
            (t.holders, _starts(t.factors, len(w.constant))),
        )
    )  # fmt: skip
    harmonics, real = 3 * w.rows, w.table_back.element_size()
    flop = {
        "gather": 2 * pairs * w.columns * (5 + w.rows) + 2 * pairs * harmonics,
        "nodes": nodes, "slopes_of_nodes": 2 * node_terms + 3 * nodes,
        "slopes": 2 * terms + 3 * holders + 3 * atoms * t.factors,
        "give_back": 2 * active * w.columns * (10 + 2 * w.rows) + 2 * active * 3 * harmonics,
    }  # fmt: skip
    a = atoms * t.factors
    moved = {
        "place_pairs": 84 * pairs, "gather": 44 * pairs + 8 * a, "nodes": 8 * (a + nodes),
        "slopes_of_nodes": 8 * (a + 2 * nodes), "slopes": 8 * (a + 2 * nodes) + real * a,
        "give_back": (48 + 3 * real) * active + real * a, "forces_of": (8 + 6 * real) * active,
    }  # fmt: skip
    return float(flop.get(name, 0.0)), float(moved.get(name, 0.0))


def _starts(rows: int, species: int) -> np.ndarray:
    """Where the rows of each species begin, and the end."""
    return rows * np.arange(species + 1)


def _terms(rows: Any, starts: np.ndarray, kinds: np.ndarray) -> int:
    """Terms of all atoms of a replica."""
    groups = rows.groups.cpu().numpy()[starts]
    each = len(rows.coefficients) // max(len(rows.needs), 1)
    return int((np.diff(groups) * each)[kinds].sum())
