"""The slab: its ideal atoms in their cell.

Lengths in Å. The slab stands on z = 0 and its lateral lattice vectors lie in the xy plane; the
third lattice vector points along z and is the slab's height plus the vacuum.
"""

from dataclasses import replace

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, chemical_symbols
from jaxtyping import Bool, Float, Int

from scatter.facets import CRYSTALS, FACETS, miller
from scatter.initial.outermost import lowest_layers, outermost, substrate_atoms
from scatter.initial.planes import cleave
from scatter.initial.slab_file import held_atoms, masses_of, read_slab
from scatter.initial.surface import Surface
from scatter.settings import UserError
from scatter.state import System

LAYER_GAP = 0.4  # Å; rows of (211) are 0.7 Å apart, and a layer ripples less than this


def build(
    surface: Surface, facet: str, lattice_constant: float | None, c_over_a: float | None = None
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    """The ideal slab: which atoms in which cell, and where they stand.

    Atoms are numbered from the bottom up. A layer is n1 n2 atoms (on fcc(211) a stack of three
    rows), or of a facet that is not listed in `facets` as many planes as `planes_in_layer` says.
    The top are the outermost atoms (`outermost`): the uppermost layer of a flat facet; on (211) the
    edge, the terrace and the foot row, whose mean lies one row spacing, a/(2 sqrt 6), below the
    edge. Directions are those of `ase.build`, but on (211) the slab is turned over, so that the
    terraces descend along +x from the edges. A file is read by the same rules.

    The cell is periodic along z too: the vacuum is then part of the system that every potential
    sees alike, and a vacuum that is too thin shows (`clear_height`) instead of being ignored.

    Args:
        surface: the table `[surface]`.
        facet: one of `surface.labels`.
        lattice_constant: Å; None for a slab from a file.
        c_over_a: of a hcp crystal.

    Returns:
        The system, and the positions of its atoms in Å, the lowest at z = 0.

    Raises:
        UserError: the file cannot be read, or what it holds is not a slab.
    """
    if surface.file is not None:
        return _with_given_top(surface, *_read(surface))
    a = lattice_constant or 0.0
    atoms = _cleaved(surface, facet, a, a * (c_over_a or 0.0))
    height = float(np.ptp(atoms.positions[:, 2]))
    atoms.cell.array[2] = [0.0, 0.0, height + surface.vacuum_A]
    in_layer = surface.atoms_in_layer(facet)
    number = np.arange(len(atoms))
    deep = surface.size[2] if surface.rigid else int(surface.frozen_layers)
    frozen = number < deep * in_layer
    listed = surface.crystal == "fcc" and facet in FACETS
    top = number[-in_layer:] if listed else outermost(atoms.positions, atoms.cell.array)
    return _with_given_top(surface, *_slab(atoms, frozen, top))


def _cleaved(surface: Surface, facet: str, a: float, c: float) -> Atoms:
    """The atoms of a facet of a crystal with these lattice constants (Å), from the bottom up."""
    n1, n2, deep = surface.size
    known = CRYSTALS[surface.crystal].get(facet)
    if known is None:
        indices = miller(facet, surface.crystal)
        return cleave(surface.element, surface.crystal, indices, (n1, n2, deep), (a, c))
    atoms = known.cleaved(surface.element, (n1, n2, deep * known.planes), a, c)
    if known.turned:
        atoms.positions[:, 2] *= -1
    return atoms


def slab_masses(system: System) -> Float[np.ndarray, " atom"]:
    """Masses of the slab's atoms, amu: those of its file, or the standard atomic weights."""
    return atomic_masses[system.numbers] if system.slab_masses is None else system.slab_masses


def described(system: System, positions: Float[np.ndarray, "atom 3"]) -> str:
    """What a slab is made of, what of it is held, and where its top plane lies, in words.

    Args:
        system: the slab.
        positions: of its atoms, Å; z counts from the lowest.
    """
    substrate = np.delete(np.arange(len(system)), system.adsorbates)
    words = [f"{_counted(system.numbers[substrate])}, {int((~system.moving).sum())} held"]
    if len(system.adsorbates):
        words.append(f"adsorbates {_counted(system.numbers[system.adsorbates])}")
    if system.slab_masses is not None:
        other = np.flatnonzero(system.slab_masses != atomic_masses[system.numbers])
        words.append(f"masses of its own: {_ranges(other)}")
    shifted = f", {system.above_top:+.2f} Å" if system.above_top else ""
    return (
        f"{'; '.join(words)}; top plane at z = {system.top_plane(positions):.2f} Å (mean of atoms "
        f"{_ranges(system.top)}){shifted}, highest atom at {positions[:, 2].max():.2f} Å"
    )


def _counted(numbers: Int[np.ndarray, " some"]) -> str:
    elements, counts = np.unique(numbers, return_counts=True)
    return " ".join(
        f"{n} {chemical_symbols[z]}"
        for z, n in zip(elements.tolist(), counts.tolist(), strict=True)
    )


def _ranges(indices: Int[np.ndarray, " some"]) -> str:
    """Whole numbers as people write them: 3-5, 9."""
    runs = np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1)
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def layers(positions: Float[np.ndarray, "atom 3"]) -> list[Int[np.ndarray, " layer"]]:
    """Indices of the atoms of each layer, from the bottom up; gaps in z of 0.4 Å part layers.

    On (211) each row is a layer of its own here.
    """
    order = np.argsort(positions[:, 2], kind="stable")
    gaps = np.diff(positions[order, 2]) > LAYER_GAP
    return np.split(order, np.flatnonzero(gaps) + 1)


def clear_height(system: System, positions: Float[np.ndarray, "atom 3"]) -> float:
    """From the top plane up to the lowest atom of the slab's next image, Å."""
    top = positions[system.top, 2].mean()
    return float(positions[:, 2].min() + system.cell[2, 2] - top)


def nearest_neighbour(system: System, positions: Float[np.ndarray, "atom 3"]) -> float:
    """Shortest distance of two atoms of the substrate, images along two vectors included, Å."""
    positions = np.delete(positions, system.adsorbates, axis=0)
    shifts = [i * system.cell[0] + j * system.cell[1] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    pairs = positions[:, None, None] - positions[None, :, None] + np.array(shifts)
    squares = (pairs**2).sum(axis=-1)
    return float(np.sqrt(squares[squares > 1e-6].min()))


def _slab(
    atoms: Atoms, frozen: Bool[np.ndarray, " atom"], top: Int[np.ndarray, " top"]
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    positions = atoms.positions.copy()
    positions[:, 2] -= positions[:, 2].min()
    cell = atoms.cell.array.copy()
    return System(atoms.numbers.copy(), cell, (True, True, True), ~frozen, top), positions


def _read(surface: Surface) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    place = f"[surface] file = '{surface.file}'"
    vacuum = surface.vacuum_A if "vacuum_A" in surface.model_fields_set else None
    atoms = read_slab(str(surface.file), place, vacuum)
    part = substrate_atoms(atoms.numbers, atoms.positions, surface.substrate)
    if not part.any():
        raise UserError(
            f"[surface] substrate = {surface.substrate}: {surface.file} has no atom of these "
            f"elements; it has {_counted(atoms.numbers)}"
        )
    substrate = np.flatnonzero(part)
    frozen = _frozen(surface, place, atoms, substrate)
    if frozen.all() and not surface.rigid:
        raise UserError(f"{place}: all its atoms are frozen; at least one must move")
    top = substrate[outermost(atoms.positions[substrate], atoms.cell.array)]
    system, positions = _slab(atoms, frozen, top)
    masses = masses_of(place, atoms)
    return replace(system, adsorbates=np.flatnonzero(~part), slab_masses=masses), positions


def _frozen(
    surface: Surface, place: str, atoms: Atoms, substrate: Int[np.ndarray, " substrate"]
) -> Bool[np.ndarray, " atom"]:
    """Which atoms are frozen: those that the file holds, or else the lowest layers."""
    held = held_atoms(place, atoms)
    if surface.rigid:
        return np.ones(len(atoms), bool)
    wanted = int(surface.frozen_layers)
    if held.any():
        if "frozen_layers" in surface.model_fields_set:
            raise UserError(
                f"{place}: holds {int(held.sum())} atoms itself, and frozen_layers = {wanted} "
                "would hold others; leave the key out, or the marks in the file"
            )
        return held
    lowest = lowest_layers(atoms.positions[substrate], atoms.cell.array, wanted + 1)
    movable = len(lowest) > wanted or (len(lowest) == wanted and len(substrate) < len(atoms))
    if not movable:
        raise UserError(
            f"{place}: frozen_layers = {wanted} leaves none of its {len(lowest)} layers "
            "to move; freeze fewer, or mark the frozen atoms in the file"
        )
    held[substrate[np.concatenate(lowest[:wanted])]] = True
    return held


def _with_given_top(
    surface: Surface, system: System, positions: Float[np.ndarray, "atom 3"]
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    """The slab with the top plane that the user has chosen, where that was done."""
    if surface.top_atoms is not None:
        chosen = np.array(sorted(surface.top_atoms))
        if chosen[-1] >= len(system):
            raise UserError(
                f"[surface] top_atoms names atom {chosen[-1]}, and the slab has {len(system)}, "
                "counted from 0"
            )
        system = replace(system, top=chosen)
    if surface.top_A is not None:
        system = replace(system, above_top=surface.top_A - float(positions[system.top, 2].mean()))
    return system, positions
