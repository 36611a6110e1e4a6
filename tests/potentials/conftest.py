import io
import warnings
from contextlib import redirect_stdout

import numpy as np
import pytest
from ase.build import fcc111

from scatter.state import System


def tiny_mace(file, seed=0):
    """Write a MACE model of random weights for H and Cu, as mace-torch saves a trained one."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import torch
        from mace import modules  # before e3nn, which torch can import only after it
        from e3nn.o3 import Irreps  # isort: skip

        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = modules.ScaleShiftMACE(
                r_max=4.0, num_bessel=6, num_polynomial_cutoff=5, max_ell=2,
                interaction_cls_first=modules.RealAgnosticInteractionBlock,
                interaction_cls=modules.RealAgnosticResidualInteractionBlock,
                num_interactions=2, num_elements=2, hidden_irreps=Irreps("16x0e"),
                MLP_irreps=Irreps("8x0e"), gate=torch.nn.functional.silu,
                atomic_energies=np.array([[-1.0, -3.0]]), avg_num_neighbors=12.0,
                atomic_numbers=[1, 29], correlation=2, radial_MLP=[16, 16],
                atomic_inter_scale=2.0, atomic_inter_shift=0.1,
            )  # fmt: skip
        torch.save(model, file)
    return file


@pytest.fixture(scope="session")
def mace_file(tmp_path_factory):
    return tiny_mace(tmp_path_factory.mktemp("models") / "tiny.model")


@pytest.fixture(scope="session")
def hydrogen_on_copper():
    """A function of the number of replicas that answers a system and positions.

    H2 over a rippled Cu(111) slab whose cell is shorter than any cutoff, its lowest layer frozen.
    """

    def build(replicas):
        rng = np.random.default_rng(3)
        slab = fcc111("Cu", (2, 1, 3), a=3.65, vacuum=6.0)
        molecule = slab.positions[-1] + [[0.6, 0.1, 1.4], [0.1, 0.7, 1.9]]
        ideal = np.vstack([slab.positions, molecule])
        positions = ideal + rng.normal(0, 0.08, (replicas, *ideal.shape))
        numbers, moving = np.append(slab.numbers, [1, 1]), np.arange(len(ideal)) >= 2
        cell = slab.cell.array
        return System(numbers, cell, (True, True, False), moving, projectile=2), positions

    return build
