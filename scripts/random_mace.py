"""A MACE of random weights in the shape of published ones, to convert and to time.

Usage: python scripts/random_mace.py "128x0e+128x1o" OUT.model [--cutoff 6] [--correlation 3]

It has density blocks, Agnesi's transform and ZBL, as models from MACE-MP-0b2 on, and knows hydrogen
and copper; with --plain it is of the shape of MACE-MP-0. Weights change no cost, so
`python benchmarks/force_evaluation.py OUT.model` tells that of a published model of this shape.
"""

import argparse
import io
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("features")
    parser.add_argument("out", type=Path)
    parser.add_argument("--cutoff", type=float, default=6.0, help="Å")
    parser.add_argument("--correlation", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="no densities, transform and ZBL")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def settings(options: argparse.Namespace, modules: Any) -> dict[str, Any]:
    """What tells such a model from others."""
    first = second = modules.RealAgnosticResidualInteractionBlock
    if not options.plain:
        first = modules.RealAgnosticDensityInteractionBlock
        second = modules.RealAgnosticDensityResidualInteractionBlock
    return {
        "r_max": options.cutoff,
        "correlation": options.correlation,
        "interaction_cls_first": first,
        "interaction_cls": second,
        "pair_repulsion": not options.plain,
        "distance_transform": "None" if options.plain else "Agnesi",
    }


def main() -> None:
    """Make the model and write it."""
    options = arguments()
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import torch
        from mace import modules  # before e3nn, whose files it lets torch read
        from e3nn.o3 import Irreps  # isort: skip

        torch.set_default_dtype(torch.float64)
        torch.manual_seed(options.seed)
        model = modules.ScaleShiftMACE(
            num_elements=2, atomic_numbers=[1, 29], atomic_energies=np.array([-1.0, -3.0]),
            num_bessel=10, num_polynomial_cutoff=5, max_ell=3, num_interactions=2,
            hidden_irreps=Irreps(options.features), MLP_irreps=Irreps("16x0e"),
            gate=torch.nn.functional.silu, avg_num_neighbors=60.0, atomic_inter_scale=0.8,
            atomic_inter_shift=0.1, **settings(options, modules),
        )  # fmt: skip
        torch.save(model, options.out)
    print(f"model: {options.out}")


if __name__ == "__main__":
    main()
