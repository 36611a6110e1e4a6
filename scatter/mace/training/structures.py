"""Labelled structures as the kernel takes them."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from scatter.labels.stress import virial_of
from scatter.mace.kernels.loss import Structures
from scatter.potentials.calculator import system_of
from scatter.potentials.neighbours import VerletLists

MOLECULE, WALL = 3.0, 5.0  # emphasis; eV/Å
SKIN = 0.05  # Å: structures do not move, but for differences of gradients


def structures_of(
    frames: Sequence[Atoms], numbers: np.ndarray, cutoff: float, where: str
) -> Structures:
    """Labelled frames as the kernel takes them; forces and virials that are not labels are NaN.

    Raises:
        UserError: a frame's cell has no volume.
    """
    columns: dict[str, list] = {name: [] for name in ("first", "second", "shift", "forces")}
    at, pairs_at = [0], [0]
    for n, frame in enumerate(frames):
        lists = VerletLists(system_of(frame, f"{where}, frame {n}"), 1, cutoff, SKIN)
        lists.update(np.array(frame.positions)[None])
        count = lists.counts[0]
        for name in ("first", "second", "shift"):
            columns[name].append(getattr(lists, name)[0, :count])
        columns["forces"].append(frame.get_forces(apply_constraint=False))
        at.append(at[-1] + len(frame))
        pairs_at.append(pairs_at[-1] + count)
    kinds = np.concatenate([frame.numbers for frame in frames])
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    metal = np.bincount(kinds).argmax()
    return Structures(
        np.array(at),
        np.array(pairs_at),
        np.concatenate([frame.positions for frame in frames]),
        np.searchsorted(numbers, kinds),
        joined["first"],
        joined["second"],
        joined["shift"],
        np.array([frame.get_potential_energy() for frame in frames]),
        joined["forces"],
        np.array([virial_of(frame) for frame in frames]),
        np.where(kinds == metal, 1.0, MOLECULE) / _wall(joined["forces"]),
    )


def _wall(forces: np.ndarray) -> np.ndarray:
    return 1 + (np.linalg.norm(np.nan_to_num(forces), axis=1) / WALL) ** 2


def emphasis_of(d: Structures, balance: float) -> np.ndarray:
    """ω of each atom that keeps rare elements from drowning among common ones.

    Of n atoms that have forces as labels n_z are of the element z, and it weighs

        ω_z = (n / n_z)^α / Σ_z' (n_z' / n) (n / n_z')^α,

    whose mean over atoms is 1, so that forces weigh against energies as before. With α = 1 all
    elements have an equal part in the loss, however rare (King & Zeng, Political Analysis 9, 137
    (2001)); with 0 all atoms have; 1/2 lies between.

    Args:
        d: the structures of a set.
        balance: α.
    """
    labelled = np.isfinite(d.forces).any(axis=1)
    share = np.bincount(d.species[labelled], minlength=d.species.max() + 1) / labelled.sum()
    weight = np.where(share > 0, share, np.inf) ** -balance
    weight = np.where(share > 0, weight, 0)  # no force of it is a label
    return (weight / (share * weight).sum())[d.species] / _wall(d.forces)
