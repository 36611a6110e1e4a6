"""The one check that every potential passes: the laws of the contract in `base.py`, measured.

potential = open_potential(...)
found = deviations(potential, system, positions, np.random.default_rng(1))
for sentence in found.broken(): print(sentence)
"""

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from scatter.potentials.base import Potential
from scatter.state import System

STEP = 1e-4  # Å, of the central differences: error about 1e-8 of the third derivative
Positions = Float[np.ndarray, "replica atom 3"]


def _law(limit: float, unit: str, meaning: str) -> Any:
    return field(metadata={"limit": limit, "unit": unit, "meaning": meaning})


@dataclass(frozen=True)
class Deviations:
    """How far a potential is from each law, at worst; the metadata hold limit, unit and meaning."""

    gradient: float = _law(1e-5, "eV/Å", "forces are the slopes of the energy")
    translation: float = _law(1e-8, "eV, eV/Å", "a shift of all atoms changes nothing")
    image: float = _law(1e-8, "eV, eV/Å", "an atom moved by a lattice vector changes nothing")
    rotation: float = _law(1e-6, "eV, eV/Å", "forces turn with the atoms and the cell")
    permutation: float = _law(1e-8, "eV, eV/Å", "atoms may stand in any order")
    frozen: float = _law(0.0, "eV/Å", "frozen atoms feel no force")
    held: float = _law(1e-8, "eV, eV/Å", "freezing atoms changes the answer for no other")
    separation: float = _law(1e-8, "eV", "beyond the cutoff, energies of two groups add")
    memory: float = _law(1e-8, "eV, eV/Å", "the way that led to a place does not matter")
    batch: float = _law(0.0, "eV, eV/Å", "slot, batch and earlier tenants do not matter")
    invalid: float = _law(0.0, "eV, eV/Å", "a lost replica has NaN and disturbs no other")

    def broken(self, **limits: float) -> list[str]:
        """A sentence for every law that is broken; `limits` replace those of the metadata.

        A law that holds only for other potentials is left out with the limit infinity.
        """
        sentences = []
        for law in fields(self):
            limit, value = limits.get(law.name, law.metadata["limit"]), getattr(self, law.name)
            if not value <= limit:  # negated, so that NaN is broken too
                sentences.append(
                    f"{law.name}: {law.metadata['meaning']}; "
                    f"found {value:.3g} {law.metadata['unit']}, allowed {limit:.3g}"
                )
        return sentences


def deviations(
    potential: Potential, system: System, positions: Positions, rng: np.random.Generator
) -> Deviations:
    """Measure every law at these positions.

    Costs about 6 x atoms + 40 x replicas force calls. In
    single precision only the exact laws have their usual limits.

    Args:
        potential: what is checked.
        system: with some atoms frozen and two of one element among the moving.
        positions: Å; at least two replicas that differ, all of a geometry one meets.
        rng: draws shifts, rotations and paths.
    """
    free = replace(system, moving=np.ones(len(system), bool))
    return Deviations(
        gradient=_gradient(potential, free, positions[0]),
        translation=_translation(potential, free, positions, rng),
        image=_image(potential, free, positions, rng),
        rotation=_rotation(potential, free, positions, rng),
        permutation=_permutation(potential, free, positions, rng),
        frozen=float(abs(_fresh(potential, system, positions)[1][:, ~system.moving]).max()),
        held=_held(potential, system, free, positions),
        separation=_separation(potential, free, positions),
        memory=_memory(potential, system, positions, rng),
        batch=_batch(potential, system, positions, rng),
        invalid=_invalid(potential, system, positions),
    )


def difference(first: Potential, other: Potential, system: System, positions: Positions) -> float:
    """Largest difference between two potentials, of energies (eV) and of forces (eV/Å)."""
    return _apart(_fresh(first, system, positions), _fresh(other, system, positions))


Answer = tuple[np.ndarray, np.ndarray]


def _fresh(potential: Potential, system: System, positions: Positions) -> Answer:
    """The answer of a new evaluator that has a slot for each replica."""
    slots = np.arange(len(positions))
    return potential.bind(system, len(slots)).begin(slots, np.ascontiguousarray(positions))


def _apart(first: Answer, other: Answer) -> float:
    return max(float(abs(a - b).max()) for a, b in zip(first, other, strict=True))


def _gradient(potential: Potential, free: System, x: Float[np.ndarray, "atom 3"]) -> float:
    forces = _fresh(potential, free, x[None])[1][0]
    steps = STEP * np.eye(x.size).reshape(-1, *x.shape)
    up, down = _fresh(potential, free, x + steps)[0], _fresh(potential, free, x - steps)[0]
    return float(abs((down - up) / (2 * STEP) - forces.ravel()).max())


def _translation(
    potential: Potential, free: System, positions: Positions, rng: np.random.Generator
) -> float:
    shift = rng.uniform(-5, 5, (len(positions), 1, 3))
    return _apart(_fresh(potential, free, positions), _fresh(potential, free, positions + shift))


def _image(
    potential: Potential, free: System, positions: Positions, rng: np.random.Generator
) -> float:
    turns = rng.integers(-2, 3, (*positions.shape[:2], 3, 1)) * np.array(free.pbc)[:, None]
    turns[:, -2] = turns[:, -1]  # the molecule moves whole: some potentials tell it by its bond
    moved = positions + (turns * free.cell).sum(axis=2)
    return _apart(_fresh(potential, free, positions), _fresh(potential, free, moved))


def _rotation(
    potential: Potential, free: System, positions: Positions, rng: np.random.Generator
) -> float:
    turn = Rotation.random(rng=rng)
    turned = replace(free, cell=turn.apply(free.cell))
    energies, forces = _fresh(potential, free, positions)
    expected = energies, turn.apply(forces.reshape(-1, 3)).reshape(forces.shape)
    x = turn.apply(positions.reshape(-1, 3)).reshape(positions.shape)
    return _apart(expected, _fresh(potential, turned, x))


def _permutation(
    potential: Potential, free: System, positions: Positions, rng: np.random.Generator
) -> float:
    """Change when atoms stand in another order, elements mixed."""
    order = rng.permutation(len(free))
    energies, forces = _fresh(potential, free, positions)
    mixed = System(free.numbers[order], free.cell, free.pbc, free.moving[order])
    return _apart((energies, forces[:, order]), _fresh(potential, mixed, positions[:, order]))


def _held(potential: Potential, system: System, free: System, positions: Positions) -> float:
    energies, forces = _fresh(potential, system, positions)
    expected = _fresh(potential, free, positions)
    return _apart(
        (energies, forces[:, system.moving]), (expected[0], expected[1][:, system.moving])
    )


def _separation(potential: Potential, free: System, positions: Positions) -> float:
    """The molecule is taken out along the third lattice vector, in a cell made long enough."""
    vector = free.cell[2] / np.linalg.norm(free.cell[2])
    extent = float(np.ptp(positions, axis=1).max())
    far = positions.copy()
    far[:, -2:] += (2 * extent + potential.cutoff) * vector
    cell = np.vstack([free.cell[:2], 8 * (extent + potential.cutoff) * vector])
    energies = [
        _fresh(potential, System(free.numbers[part], cell, free.pbc, free.moving[part]), x)[0]
        for part, x in (
            (slice(None), far),
            (slice(-2), far[:, :-2]),
            (slice(-2, None), far[:, -2:]),
        )
    ]
    return float(abs(energies[0] - energies[1] - energies[2]).max())


def _path(positions: Positions, system: System, rng: np.random.Generator) -> list[Positions]:
    """Steps that lead the moving atoms farther than any list's skin, and back again."""
    way = rng.normal(0, 0.25, (4, *positions.shape)) * system.moving[:, None]
    way[:, 0] *= 2  # so that lists are renewed at other times in the first replica
    out = positions + np.cumsum(way, axis=0)
    return [*out, *out[::-1], positions]


def _memory(
    potential: Potential, system: System, positions: Positions, rng: np.random.Generator
) -> float:
    evaluator = potential.bind(system, len(positions))
    answer = evaluator.begin(np.arange(len(positions)), positions)
    for x in _path(positions, system, rng):
        answer = evaluator(x)
    return _apart(_fresh(potential, system, positions), answer)


def _batch(
    potential: Potential, system: System, positions: Positions, rng: np.random.Generator
) -> float:
    """The last replica alone, and in a batch in which it changes slots and neighbours."""
    path, last, count = _path(positions, system, rng), len(positions) - 1, len(positions)
    alone, crowd = potential.bind(system, 1), potential.bind(system, count)
    crowd.begin(np.arange(count), positions[::-1].copy())  # earlier tenants
    crowd(path[0][::-1].copy())
    alone_first = alone.begin(np.array([0]), positions[last:])
    worst = _apart(alone_first, _rows(crowd.begin(np.arange(count), positions), [last]))
    kept = np.arange(count)
    for step, x in enumerate(path):
        if step == len(path) // 2:
            kept = kept[1:]
            crowd.keep(kept)
        answer = crowd(np.ascontiguousarray(x[kept]))
        worst = max(worst, _apart(alone(x[last:].copy()), _rows(answer, [-1])))
    return worst


def _rows(answer: Answer, rows: list[int] | Int[np.ndarray, " row"]) -> Answer:
    return answer[0][rows], answer[1][rows]


def _invalid(potential: Potential, system: System, positions: Positions) -> float:
    """The last replica is lost; infinite if it has an energy or its frozen atoms feel a force."""
    whole = potential.bind(system, len(positions))
    whole.begin(np.arange(len(positions)), positions)
    lost = positions.copy()
    lost[-1, -1, 2] = np.nan
    energies, forces = whole(lost)
    if not np.isnan(energies[-1]) or abs(forces[-1, ~system.moving]).max(initial=0.0) > 0:
        return np.inf
    others = list(range(len(positions) - 1))
    answers = _rows(_fresh(potential, system, positions), others), (energies, forces)
    return _apart(answers[0], _rows(answers[1], others))
