"""What `gpu.py` measures on: slabs, molecules and models, with NumPy alone."""

from typing import Any

import numpy as np

from scatter.dynamics.bounds import Bounds
from scatter.gpu.legs import Limits
from scatter.mace.file import MARGIN, DensityMace, FoldedMace, VectorMace
from scatter.mace.kernels.couplings import PATHS, VECTORS
from scatter.state import Start, System
from scatter.units import K

A, LAYERS, FROZEN = 3.71, 6, 2  # Å; Cu(111) at 925 K, as in the H2/Cu study
CU, H = 63.546, 1.00782503


# [dynamics] and [stop] with nothing that ends a trajectory before its time.
ENDLESS = Limits(
    timestep_fs=0.25, max_time_fs=1e6, energy_tolerance_eV=1e9, dissociated_A=1e9,
    scattered_A=1e9, near_A=3.0,
)  # fmt: skip


def hydrogen_on_copper(cells: int = 3, layers: int = LAYERS) -> tuple[System, np.ndarray]:
    """H2 far above Cu(111), two layers frozen: 3x3x6 has 56 atoms. Positions in Å."""
    side, height = A / np.sqrt(2), A / np.sqrt(3)
    first, second = side * np.array([1.0, 0, 0]), side * np.array([0.5, np.sqrt(0.75), 0])
    atoms = []
    for layer in range(layers):
        shift = (layer % 3) * (first + second) / 3 + [0, 0, layer * height]
        atoms += [n * first + m * second + shift for m in range(cells) for n in range(cells)]
    slab = np.array(atoms)
    top = np.arange(len(slab) - cells**2, len(slab))
    molecule = slab[-1] + np.array([[0.3, 0.1, 5.0], [0.3, 0.85, 5.0]])
    cell = np.array([cells * first, cells * second, [0, 0, layers * height + 22.0]])
    moving = np.arange(len(slab) + 2) >= min(FROZEN, layers - 1) * cells**2
    numbers = np.append(np.full(len(slab), 29), [1, 1])
    system = System(numbers, cell, (True, True, True), moving, top, projectile=2)
    return system, np.vstack([slab, molecule])


def bounds(system: System) -> Bounds:
    """What a potential that knows its domain has looked at, so wide that nothing breaks it."""
    closest = np.full((2, len(system) - 2), 1e-3)
    return Bounds(1e-3, closest, -1e3, system.cell, system.pbc)


def starts(count: int, system: System, ideal: np.ndarray, energy_eV: float = 0.6) -> list[Start]:
    """Molecules on their way down, at any height from 1.3 Å on, over copper shaken as at 925 K."""
    rng = np.random.default_rng(5)
    masses = np.where(system.numbers == 1, H, CU)
    found = []
    for number in range(count):
        x = ideal + rng.normal(0, 0.1, ideal.shape) * system.moving[:, None]
        x[-2:] = ideal[-2:] + rng.uniform(-3, 3, 3) * [1, 1, 0] - [0, 0, rng.uniform(0, 3.7)]
        p = rng.normal(size=x.shape) * np.sqrt(masses[:, None] * 925 * K) * system.moving[:, None]
        p[-2:] = [0, 0, -np.sqrt(H * energy_eV)]
        found.append(Start(number, x, p, masses))
    return found


def random_model(channels: int, cutoff: float, cubic: bool, seed: int = 0) -> FoldedMace:
    """A folded MACE of random weights for H and Cu, with forces of about 1 eV/Å on hot copper."""
    rng = np.random.default_rng(seed)
    samples = 512
    r = (np.arange(samples + 1 + 2 * MARGIN) - MARGIN) * cutoff / samples
    x = np.clip(np.abs(r) / cutoff, 1e-3, 2)
    envelope = np.where(x < 1, (1 - np.minimum(x, 1) ** 2) ** 3, 0)
    waves = np.stack([np.sin((n + 1) * np.pi * x) / x for n in range(8)], axis=1) / 8

    def radial(tables: int) -> np.ndarray:
        weights = rng.normal(size=(tables, 8, 4, channels)) * (np.arange(8)[:, None, None] < 4)
        found = np.einsum("rn,tnlc->trlc", waves, weights)
        return found * envelope[None, :, None, None] * 0.1

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) / np.sqrt(shape[-2:][0])

    product = np.arange(13) < (13 if cubic else 5)
    products = [rng.normal(size=(2, 13, channels)) * product[:, None] * 0.2 for _ in range(2)]
    return FoldedMace(
        version=1, numbers=np.array([1, 29]), cutoff=cutoff,
        radial_1=radial(4).reshape(2, 2, -1, 4, channels), radial_2=radial(3),
        table_2=np.array([[0, 1], [1, 2]]), product_1=products[0], up=normal(channels, channels),
        up_0=normal(2, channels), energy_1=3.0 * normal(channels),
        mix=normal(4, channels, channels),
        product_2=products[1], hidden_1=normal(2, channels, 16), hidden_2=normal(channels, 16),
        hidden_0=normal(2, 16), energy_2=3.0 * normal(16), constant=np.array([-0.5, -2.0]),
        repulsion=np.zeros(4), radii=np.array([0.31, 1.32]), provenance="random",
        source_sha256="0" * 64,
    )  # fmt: skip


def dense_model(channels: int) -> DensityMace:
    """The same with densities, in the shape of small-0b2 (but for its pairs of species)."""
    plain = random_model(channels, 6.0, cubic=True)
    r = (np.arange(plain.radial_2.shape[1]) - MARGIN) * plain.step / plain.cutoff
    density = np.where(abs(r) < 1, (1 - np.minimum(abs(r), 1) ** 2) ** 3, 0) * np.ones((3, 1))
    arrays: dict[str, Any] = vars(plain) | {"version": 2}
    return DensityMace(**arrays, density_1=0.02 * density, density_2=0.03 * density)


def vector_model(channels: int) -> VectorMace:
    """The same whose atoms send vectors, in the shape of medium-mpa-0."""
    dense, rng = dense_model(channels), np.random.default_rng(1)
    wide = rng.normal(size=(len(PATHS), channels, channels)) / np.sqrt(channels)
    degrees = [own for _, own, _ in PATHS]
    arrays: dict[str, Any] = vars(dense) | {
        "version": 3, "radial_2": dense.radial_2[:, :, degrees], "mix": wide,
    }  # fmt: skip
    product_v = 0.2 * rng.normal(size=(2, len(VECTORS), channels))
    return VectorMace(**arrays, up_v=wide[0], product_v=product_v)
