"""Rows of many structures, taken in block by block, on several cores."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter.ace.fitting.labelled import Weights, class_of
from scatter.ace.fitting.rows import Design
from scatter.ace.fitting.triangles import Triangle, joined
from scatter.labels.stress import virial_of

AT_ONCE = 80  # structures between two QRs
PIECES = 4  # of the work, for each core
BLAS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
# rows of energies, of forces on slab and molecule, and of virials
KINDS = ("energy", "force", "molecule", "virial")


@dataclass(frozen=True)
class Gathering:
    """What turns structures into rows.

    Attributes:
        design: the functions.
        constant: E0 of each species, eV.
        molecule: atomic numbers of the molecule.
        weights: of classes, and the share of forces.
        seed: of the atoms whose forces enter.
        sites: whether the values of the functions of the molecule's atoms are gathered too.
    """

    design: Design
    constant: Float[np.ndarray, " species"]
    molecule: frozenset[int]
    weights: Weights
    seed: int
    sites: bool = False

    def rows(self, frame: Atoms, number: int) -> dict[str, Float[np.ndarray, "row column"]]:
        """Rows of one structure and their values, in eV and Å.

        They are energy and virial over √N, so far as the latter is wanted and known, and known
        forces.

        Values of functions of the molecule's atoms go by the atomic number, as "sites 1".
        """
        numbers = list(self.design.numbers)
        of_molecule = np.isin(frame.numbers, list(self.molecule))
        labels = frame.get_forces(apply_constraint=False)
        atoms = np.flatnonzero(self._drawn(of_molecule, np.isfinite(labels).any(axis=1), number))
        virial = self._virial(frame)
        block, sites = self.design.rows_and_sites(frame, f"frame {number}", atoms, virial.size > 0)
        energy = frame.get_potential_energy()
        energy -= sum(self.constant[numbers.index(z)] for z in frame.numbers)
        forces = labels[atoms].ravel()
        known, mine = np.isfinite(forces), np.repeat(of_molecule[atoms], 3)
        weight = self.weights.classes.get(class_of(frame), 1.0)
        rows = weight * np.concatenate([block, [[energy, *forces, *virial]]]).T
        rows, of_virial = rows[: 1 + len(forces)], rows[1 + len(forces) :]
        of_sites = {
            sites_of(z): np.pad(sites[frame.numbers == z], np.array(((0, 0), (0, 1))))
            for z in self.species
        }
        of_stress = {"virial": of_virial / np.sqrt(len(frame))} if virial.size else {}
        return (
            of_sites
            | of_stress
            | {
                "energy": rows[:1] / np.sqrt(len(frame)),
                "force": rows[1:][known & ~mine],
                "molecule": rows[1:][known & mine],
            }
        )

    def _virial(self, frame: Atoms) -> Float[np.ndarray, " component"]:
        """xx, yy, zz, yz, xz and xy of the virial, eV; none where it is not learnt or no label."""
        virial = virial_of(frame)[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
        return virial[np.isfinite(virial) & (self.weights.stress is not None)]

    @property
    def species(self) -> list[int]:
        """Atomic numbers of the atoms whose values are gathered."""
        return sorted(self.molecule) if self.sites else []

    def _drawn(self, of_molecule: np.ndarray, known: np.ndarray, number: int) -> np.ndarray:
        """Which atoms' forces enter: all known on the molecule, of others as many as wanted."""
        slab = np.flatnonzero(~of_molecule & known)
        count = round(self.weights.share * len(slab))
        rng = np.random.default_rng([self.seed, number])
        kept = of_molecule & known
        kept[slab if count == len(slab) else rng.choice(slab, count, replace=False)] = True
        return kept

    def triangles(self, frames: Sequence[tuple[int, Atoms]]) -> dict[str, Triangle]:
        """The triangles of each kind of rows of numbered structures."""
        block = AT_ONCE * max((3 * len(frame) for _, frame in frames), default=1)
        kinds = KINDS if self.weights.stress is not None else KINDS[:-1]
        by_kind = {kind: Triangle(self.design.columns, block) for kind in kinds}
        by_kind |= {sites_of(z): Triangle(self.design.values, block) for z in self.species}
        for number, frame in frames:
            for kind, rows in self.rows(frame, number).items():
                by_kind[kind].add(rows)
        return {kind: triangle.finished() for kind, triangle in by_kind.items()}


def sites_of(z: int) -> str:
    """What the rows of the functions' values about atoms of this number are called."""
    return f"sites {z}"


def gather(
    gathering: Gathering, frames: Sequence[Atoms], threads: int, tell: Callable[[int], None]
) -> dict[str, Triangle]:
    """The triangles of each kind of rows, on several cores.

    The last bits depend on how many.

    Args:
        gathering: makes the rows.
        frames: labelled structures.
        threads: processes that share the work.
        tell: called now and then with the number of structures done.
    """
    numbered = [*enumerate(frames)]
    size = max(AT_ONCE, -(-len(frames) // (PIECES * threads)))
    pieces = [numbered[n : n + size] for n in range(0, len(numbered), size)]
    by_kind: dict[str, list[tuple[float, Triangle]]] = {}
    for done, triangles in enumerate(_each(gathering, pieces, threads), 1):
        for kind, triangle in triangles.items():
            by_kind.setdefault(kind, []).append((1.0, triangle))
        tell(min(done * size, len(frames)))
    return {kind: joined(parts) for kind, parts in by_kind.items()}


def _each(
    gathering: Gathering, pieces: Sequence[Sequence[tuple[int, Atoms]]], threads: int
) -> Iterator[dict[str, Triangle]]:
    """Triangles of every piece, in order."""
    if threads == 1:
        yield from map(gathering.triangles, pieces)
        return
    # a fork of a process that has threads may hang
    context = multiprocessing.get_context("spawn")
    with _one_core_each(), ProcessPoolExecutor(threads, mp_context=context) as workers:
        yield from workers.map(gathering.triangles, pieces)


@contextmanager
def _one_core_each() -> Iterator[None]:
    """Processes that start meanwhile do not share their linear algebra out to further threads."""
    before = {name: os.environ.get(name) for name in BLAS}
    os.environ.update(dict.fromkeys(BLAS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value else {})
