"""A lone molecule at rest on a potential: its geometry, and its normal modes about it.

    H = M^(-1/2) (∂²V/∂x∂x) M^(-1/2),    H e_k = ω_k² e_k,    x = x⁰ + M^(-1/2) Σ_k e_k Q_k

within the motions that are neither translations nor rotations: 3N - 6 of them, and 3N - 5 of a
linear molecule. Displacements along them keep the Eckart conditions Σ m d = 0, Σ m x⁰ × d = 0.

Source: Wilson, Decius & Cross, Molecular Vibrations (1955), chapters 2 and 11.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from scatter.initial.lone_molecule import LoneMolecule
from scatter.potentials.base import Potential, refuse_unknown_elements
from scatter.settings import UserError
from scatter.state import lone
from scatter.units import e, fs, hbar, hbar_Js

PER_CM = 2 * np.pi * hbar_Js * 299_792_458 * 100 / e  # eV of one inverse centimetre
STEP = 0.005  # Å, of the central differences
AT_REST, RESTLESS = 1e-4, 0.05  # eV/Å: largest force that is aimed at, and that is endured
SLENDER = 1e-4  # of its largest moment of inertia is the smallest of a linear molecule
EQUAL = 1e-3  # relative: moments of inertia that count as equal
AT_ONCE = 128  # replicas of a molecule
LONGEST_STEP, MOST_STEPS, PATIENCE = 0.1, 300, 10  # of the search for the minimum, the first in Å
SOFTEST = 0.1  # eV/Å²: what curvatures count for at least, and a hundredth of it near the minimum

Top = Literal["linear", "spherical", "symmetric", "asymmetric"]


@dataclass(frozen=True)
class NormalModes:
    """A molecule at rest in its principal axes, and its modes in order of frequency.

    The axis of a linear molecule or a symmetric top is z.

    Attributes:
        numbers: atomic numbers.
        masses: amu.
        positions: x⁰, from the centre of mass, Å.
        energy: of the potential there, eV.
        force: largest component that is left there, eV/Å.
        omega: ω, inverse time units.
        vectors: e, mass-weighted and orthonormal.
        top: what kind of rotor it is.
    """

    numbers: tuple[int, ...]
    masses: Float[np.ndarray, " atom"]
    positions: Float[np.ndarray, "atom 3"]
    energy: float
    force: float
    omega: Float[np.ndarray, " mode"]
    vectors: Float[np.ndarray, "mode atom 3"]
    top: Top

    def __len__(self) -> int:
        return len(self.omega)

    @property
    def quanta_eV(self) -> Float[np.ndarray, " mode"]:
        """ħω of each mode, eV."""
        return hbar * self.omega

    @property
    def wavenumbers(self) -> Float[np.ndarray, " mode"]:
        """Of each mode, inverse centimetres."""
        return self.quanta_eV / PER_CM

    @property
    def longest_fs(self) -> float:
        """The longest period, fs."""
        return float(2 * np.pi / self.omega[0] / fs)

    @property
    def moments(self) -> Float[np.ndarray, "3"]:
        """Of inertia about x, y and z at rest, amu Å²; 0 about the axis of a linear molecule."""
        moments = np.diag(inertia(self.positions, self.masses)).copy()
        if self.top == "linear":
            moments[2] = 0.0
        return moments

    @property
    def bends(self) -> list[tuple[int, int]]:
        """Of a linear molecule the pairs of modes that bend it along x and along y."""
        along = np.abs(self.vectors).max(axis=1)
        x, y = (np.flatnonzero(along[:, axis] > 0) for axis in (0, 1))
        return [*zip(x.tolist(), y.tolist(), strict=True)] if self.top == "linear" else []


def inertia(
    positions: Float[np.ndarray, "... atom 3"], masses: Float[np.ndarray, " atom"]
) -> Float[np.ndarray, "... 3 3"]:
    """Tensor of inertia about the origin, Σ m (r² 1 - r rᵀ), amu Å²."""
    outer = (masses[:, None, None] * positions[..., :, None] * positions[..., None, :]).sum(axis=-3)
    trace = outer[..., 0, 0] + outer[..., 1, 1] + outer[..., 2, 2]
    return trace[..., None, None] * np.eye(3) - outer


def normal_modes(molecule: LoneMolecule, potential: Potential) -> NormalModes:
    """Relax a molecule on a potential and find its modes.

    Forces of float64 potentials end below 1e-4 eV/Å, mostly far below; those of float32 as low as
    their rounding allows, which `force` says. Frequencies are good to 1e-6 of their value on a
    potential in float64.

    Raises:
        UserError: the potential does not know an element, does not bind the molecule, or its
            geometry is not a minimum.
    """
    potential, name = potential.host, molecule.name
    refuse_unknown_elements(potential, lone(*molecule.numbers))
    if len(molecule.numbers) < 2:
        raise UserError(f"{name}: one atom has no vibrations")
    relaxed = _principal(_relaxed(molecule, potential), molecule.masses)
    top = top_of(relaxed, molecule.masses)
    if top == "linear":
        relaxed[:, :2] = 0.0
    energies, forces = evaluated(potential, molecule.numbers, relaxed[None])
    H = hessian(potential, molecule.numbers, relaxed)
    squares, vectors = _diagonalised(H, relaxed, molecule.masses, top == "linear")
    if squares[0] <= 0:
        soft = hbar * np.sqrt(-squares[0]) / PER_CM
        raise UserError(
            f"{name}: on {potential.description} the relaxed geometry is not a minimum "
            f"({int((squares <= 0).sum())} modes are imaginary, the softest i {soft:.0f} cm⁻¹); "
            "start from another geometry, or do not trust the potential for this molecule"
        )
    return NormalModes(
        numbers=molecule.numbers,
        masses=molecule.masses,
        positions=relaxed,
        energy=float(energies[0]),
        force=float(np.abs(forces).max()),
        omega=np.sqrt(squares),
        vectors=vectors,
        top=top,
    )


def evaluated(
    potential: Potential, numbers: tuple[int, ...], positions: Float[np.ndarray, "replica atom 3"]
) -> tuple[Float[np.ndarray, " replica"], Float[np.ndarray, "replica atom 3"]]:
    """Energies (eV) and forces (eV/Å) of replicas of a lone molecule, in float64."""
    evaluator = potential.bind(lone(*numbers), min(AT_ONCE, len(positions)))
    energies, forces = np.empty(len(positions)), np.empty(positions.shape)
    for first in range(0, len(positions), AT_ONCE):
        part = positions[first : first + AT_ONCE]
        some = slice(first, first + len(part))
        energies[some], forces[some] = evaluator.begin(np.arange(len(part)), part)
    return energies, forces


def hessian(
    potential: Potential, numbers: tuple[int, ...], positions: Float[np.ndarray, "atom 3"]
) -> Float[np.ndarray, "coordinate coordinate"]:
    """∂²V/∂x∂x by central differences of forces over one and two steps, eV/Å²; symmetric."""
    size = positions.size
    shifts = STEP * np.eye(size).reshape(size, *positions.shape)
    shifted = positions + np.concatenate([step * shifts for step in (1, -1, 2, -2)])
    forces = evaluated(potential, numbers, shifted)[1].reshape(4, size, size)
    slopes = (8 * (forces[1] - forces[0]) - (forces[3] - forces[2])) / (12 * STEP)
    return 0.5 * (slopes + slopes.T)


def top_of(positions: Float[np.ndarray, "atom 3"], masses: Float[np.ndarray, " atom"]) -> Top:
    """What kind of rotor these atoms are."""
    low, middle, high = np.linalg.eigvalsh(inertia(positions, masses))
    if low < SLENDER * high:
        return "linear"
    pairs = int(middle - low < EQUAL * high) + int(high - middle < EQUAL * high)
    return ("asymmetric", "symmetric", "spherical")[pairs]


def minimum(molecule: LoneMolecule, potential: Potential) -> float:
    """Potential energy of a molecule where it is at rest, eV.

    Raises:
        UserError: the potential does not know an element, or no minimum is found.
    """
    refuse_unknown_elements(potential, lone(*molecule.numbers))
    return float(evaluated(potential, molecule.numbers, _relaxed(molecule, potential)[None])[0][0])


def _relaxed(molecule: LoneMolecule, potential: Potential) -> Float[np.ndarray, "atom 3"]:
    """The nearest minimum: of all steps of a damped Newton search, the one of the least force.

    It ends where ten steps have made the forces no smaller, or the first beyond 1e-4 eV/Å.

    Raises:
        UserError: forces stay large, or are not finite.
    """
    x, best, least, stale = molecule.positions, molecule.positions, np.inf, 0
    for _ in range(MOST_STEPS):
        _, forces = evaluated(potential, molecule.numbers, x[None])
        largest = float(np.abs(forces).max())
        stale = 0 if largest < least else stale + 1
        if not np.isfinite(largest) or stale > (0 if least < AT_REST else PATIENCE):
            break
        if largest < least:
            best, least = x, largest
        x = x + _newton(hessian(potential, molecule.numbers, x), forces[0])
    if not least < RESTLESS:
        raise UserError(
            f"{molecule.name}: on {potential.description} forces of {least:.2g} eV/Å are left, "
            "and no minimum was found; was it trained on this molecule, and does it bind it?"
        )
    return best


def _newton(
    H: Float[np.ndarray, "coordinate coordinate"], forces: Float[np.ndarray, "atom 3"]
) -> Float[np.ndarray, "atom 3"]:
    """The step to where the forces vanish, none of its components above 0.1 Å."""
    curvatures, directions = np.linalg.eigh(H)
    floor = SOFTEST if np.abs(forces).max() > 10 * AT_REST else 1e-2 * SOFTEST
    along = (directions.T @ forces.ravel()) / np.maximum(np.abs(curvatures), floor)
    step = (directions @ along).reshape(forces.shape)
    return step * min(1.0, LONGEST_STEP / max(np.abs(step).max(), 1e-300))


def _principal(
    positions: Float[np.ndarray, "atom 3"], masses: Float[np.ndarray, " atom"]
) -> Float[np.ndarray, "atom 3"]:
    """The same about the centre of mass in the principal axes, a unique one along z."""
    centred = positions - (masses[:, None] * positions).sum(axis=0) / masses.sum()
    (low, middle, high), axes = np.linalg.eigh(inertia(centred, masses))
    if high - middle < min(middle - low, EQUAL * high):
        axes = axes[:, [1, 2, 0]]
    if np.linalg.det(axes) < 0:
        axes[:, 0] *= -1
    return centred @ axes


def _diagonalised(
    H: Float[np.ndarray, "coordinate coordinate"],
    positions: Float[np.ndarray, "atom 3"],
    masses: Float[np.ndarray, " atom"],
    linear: bool,
) -> tuple[Float[np.ndarray, " mode"], Float[np.ndarray, "mode atom 3"]]:
    """ω² in increasing order and e of the internal motions.

    Those of a linear molecule are along its axis, or bend it along x and along y alike.
    """
    root = np.sqrt(np.repeat(masses, 3))
    weighted = (H / root / root[:, None]).reshape(len(masses), 3, len(masses), 3)
    if not linear:
        return _within(weighted.reshape(H.shape), _rigid(positions, masses))
    heavy, arm = np.sqrt(masses), np.sqrt(masses) * positions[:, 2]
    stretches = _within(weighted[:, 2, :, 2], np.array([heavy]))
    across = 0.5 * (weighted[:, 0, :, 0] + weighted[:, 1, :, 1])
    bends = _within(across, np.array([heavy, arm]))
    squares = np.concatenate([stretches[0], bends[0], bends[0]])
    vectors = np.zeros((len(squares), len(masses), 3))
    kinds = np.repeat([2, 0, 1], [len(stretches[0]), len(bends[0]), len(bends[0])])
    for mode, vector in enumerate(np.concatenate([stretches[1], bends[1], bends[1]])[:, :, 0]):
        vectors[mode, :, kinds[mode]] = vector
    order = np.argsort(squares, kind="stable")
    return squares[order], vectors[order]


def _rigid(
    positions: Float[np.ndarray, "atom 3"], masses: Float[np.ndarray, " atom"]
) -> Float[np.ndarray, "6 coordinate"]:
    """Mass-weighted translations and rotations."""
    root = np.sqrt(masses)[:, None]
    axes = np.eye(3)
    moved = [root * axis for axis in axes] + [root * np.cross(axis, positions) for axis in axes]
    return np.array([np.broadcast_to(each, positions.shape).ravel() for each in moved])


def _within(
    weighted: Float[np.ndarray, "coordinate coordinate"],
    without: Float[np.ndarray, "rigid coordinate"],
) -> tuple[Float[np.ndarray, " mode"], Float[np.ndarray, "mode atom axis"]]:
    """Eigenvalues and vectors of what is orthogonal to some directions."""
    _, _, basis = np.linalg.svd(without)
    basis = basis[len(without) :].T
    if not basis.size:
        return np.zeros(0), np.zeros((0, len(weighted), 1))
    squares, inside = np.linalg.eigh(basis.T @ weighted @ basis)
    axes = 3 if len(without) == 6 else 1
    return squares, (basis @ inside).T.reshape(len(squares), -1, axes)
