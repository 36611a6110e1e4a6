"""Small MACE models of random weights, and what mace-torch itself makes of a structure."""

import io
import warnings
from contextlib import contextmanager, redirect_stdout
from functools import cache

import numpy as np
from ase import Atoms
from ase.build import fcc111

from scatter.mace.file import VectorMace
from scatter.mace.fold import fold
from scatter.mace.foldable import wanted_species
from scatter.mace.kernels.couplings import PATHS, VECTORS
from scatter.state import System

H_CU = {
    "num_elements": 2, "atomic_numbers": [1, 29], "atomic_energies": np.array([-1.0, -3.0]),
}  # fmt: skip
KINDS = {
    "16x0e, products of two": H_CU | {
        "r_max": 5.0, "num_bessel": 3, "num_polynomial_cutoff": 4, "hidden": 16, "correlation": 2,
    },
    "32x0e, products of three, ZBL": H_CU | {
        "r_max": 5.0, "num_bessel": 8, "num_polynomial_cutoff": 5, "hidden": 32, "correlation": 3,
        "pair_repulsion": True, "distance_transform": "Agnesi",
    },
    "128x0e of a foundation model": {
        "num_elements": 89, "atomic_numbers": list(range(1, 90)),
        "atomic_energies": -np.arange(89.0), "r_max": 6.0, "num_bessel": 10,
        "num_polynomial_cutoff": 5, "hidden": 128, "correlation": 3, "residual_first": True,
    },
}  # fmt: skip

DENSE = "RealAgnosticDensityInteractionBlock"
DENSE_RESIDUAL = "RealAgnosticDensityResidualInteractionBlock"
PUBLISHED_TODAY = {"first": DENSE, "second": DENSE_RESIDUAL}
TODAY = {
    "16x0e, densities": H_CU | PUBLISHED_TODAY | {
        "r_max": 5.0, "num_bessel": 8, "num_polynomial_cutoff": 5, "correlation": 2,
    },
    "32x0e, densities, Agnesi, ZBL": H_CU | PUBLISHED_TODAY | {
        "r_max": 5.0, "num_bessel": 8, "num_polynomial_cutoff": 5, "hidden": 32, "correlation": 3,
        "pair_repulsion": True, "distance_transform": "Agnesi", "first": DENSE_RESIDUAL,
    },
    "16x0e, one density, envelope apart": H_CU | {
        "r_max": 5.0, "num_bessel": 8, "num_polynomial_cutoff": 5, "correlation": 3,
        "second": DENSE_RESIDUAL, "apply_cutoff": False, "use_last_readout_only": True,
    },
    "16x0e+16x1o, plain": H_CU | {
        "r_max": 5.0, "num_bessel": 8, "num_polynomial_cutoff": 5, "correlation": 2,
        "features": "16x0e+16x1o", "max_ell": 2,
    },
    "32x0e+32x1o, densities, Agnesi, ZBL": H_CU | PUBLISHED_TODAY | {
        "r_max": 5.0, "num_bessel": 8, "num_polynomial_cutoff": 5, "features": "32x0e+32x1o",
        "correlation": 3, "pair_repulsion": True, "distance_transform": "Agnesi",
    },
}  # fmt: skip

# Everything in 16 channels, for interpreters.
SMALL_VECTOR = "16x0e+16x1o, densities, products of three"
SMALL = {
    SMALL_VECTOR: H_CU | PUBLISHED_TODAY | {
        "r_max": 5.0, "num_bessel": 8, "num_polynomial_cutoff": 5, "features": "16x0e+16x1o",
        "correlation": 3,
    },
}  # fmt: skip


@contextmanager
def quiet():
    """Torch and mace-torch talk and warn while they are imported."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def double():
    """Numbers without a type are double: mace-torch multiplies charges with such."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


RESIDUAL = "RealAgnosticResidualInteractionBlock"


def model_of(
    hidden=16, residual_first=False, features=None, first=None, second=RESIDUAL, **settings
):
    """A model of random weights in double precision."""
    with quiet():
        import torch
        from mace import modules
        from e3nn.o3 import Irreps  # isort: skip

        first = first or (RESIDUAL if residual_first else "RealAgnosticInteractionBlock")
        torch.set_num_threads(1)
        with double(), torch.random.fork_rng():
            torch.manual_seed(0)
            return modules.ScaleShiftMACE(
                    interaction_cls_first=getattr(modules, first),
                    interaction_cls=getattr(modules, second),
                    hidden_irreps=Irreps(features or f"{hidden}x0e"),
                    MLP_irreps=Irreps("16x0e"), gate=torch.nn.functional.silu,
                    **({"max_ell": 3, "num_interactions": 2, "avg_num_neighbors": 30.0,
                        "atomic_inter_scale": 0.6, "atomic_inter_shift": 0.1} | settings),
                ).requires_grad_(False)  # fmt: skip


@cache
def random_model(kind):
    return model_of(**(KINDS | TODAY | SMALL)[kind])


@cache
def folded_model(kind, head=0):
    model = random_model(kind)
    return fold(model, wanted_species(model, [1, 29]), "a test", "0" * 64, head)


def with_vectors(folded):
    """The same function as a model of the third layout, whose vectors nobody listens to."""
    scalars = [PATHS.index((0, degree, degree)) for degree in range(4)]
    tables, samples, _, channels = folded.radial_2.shape
    radial_2 = np.zeros((tables, samples, len(PATHS), channels))
    mix = np.zeros((len(PATHS), channels, channels))
    radial_2[:, :, scalars], mix[scalars] = folded.radial_2, folded.mix
    none = np.zeros((tables, samples))
    rng = np.random.default_rng(1)
    made = rng.normal(size=(len(folded.numbers), len(VECTORS), channels))
    arrays = vars(folded) | {"version": 3, "radial_2": radial_2, "mix": mix}
    return VectorMace(
        **arrays, density_1=none, density_2=none, product_v=made, up_v=np.eye(channels)
    )


@cache
def hydrogen_on_copper(replicas=3):
    """H2 over a rippled slab, its lowest layer frozen, in a skewed cell shorter than any cutoff."""
    rng = np.random.default_rng(3)
    slab = fcc111("Cu", (2, 1, 3), a=3.65, vacuum=6.0)
    molecule = slab.positions[-1] + [[0.6, 0.1, 1.4], [0.1, 0.7, 1.9]]
    ideal = np.vstack([slab.positions, molecule])
    moving = np.arange(len(ideal)) >= 2
    positions = ideal + rng.normal(0, 0.08, (replicas, *ideal.shape)) * moving[:, None]
    numbers = np.append(slab.numbers, [1, 1])
    system = System(numbers, slab.cell.array, (True, True, False), moving, projectile=2)
    return system, positions


def by_mace_torch(model, system, positions, **options):
    """Energies and forces by mace-torch's own calculator, in double precision."""
    with quiet(), double():
        from mace.calculators import MACECalculator

        given = {"model_paths": [str(model)]} if isinstance(model, str) else {"models": [model]}
        calculator = MACECalculator(**given, **options, device="cpu", default_dtype="float64")
        found = []
        for x in positions:
            atoms = Atoms(system.numbers, x, cell=system.cell, pbc=system.pbc)
            forces = calculator.get_property("forces", atoms)
            found.append((calculator.get_property("energy", atoms), forces))
    return np.array([e for e, _ in found]), np.array([f for _, f in found])
