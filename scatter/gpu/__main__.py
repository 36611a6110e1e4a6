"""Run a prepared campaign where nothing but NumPy and torch is installed, Triton for a GPU.

    python -m scatter.gpu PREPARED.npz RESULTS.npz [--potential MODEL.npz] [--device cuda]

`scatter prepare` writes the one file, and `scatter collect` takes the other into the campaign's
folder. What has ended is written every minute, and the same command continues from there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scatter.errors import UserError
from scatter.gpu.run import SHIPPED, run


class Once(argparse.Action):
    """An option that is refused if it is given twice, where the last one would count."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Keep the value of the option."""
        given = vars(namespace).setdefault("given", set())
        if self.dest in given:
            parser.error(f"{option_string}: is given twice; give it once")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; answers the exit code."""
    reader = argparse.ArgumentParser(prog="python -m scatter.gpu", description=__doc__)
    reader.add_argument("prepared", type=Path, help="what `scatter prepare` wrote")
    reader.add_argument("results", type=Path, help="written; the same command continues it")
    reader.add_argument(
        "--potential",
        type=Path,
        default=SHIPPED,
        action=Once,
        help="a converted MACE, or a linear ACE",
    )
    reader.add_argument("--device", choices=("cuda", "cpu"), default="cuda", action=Once)
    reader.add_argument(
        "--kernels", choices=("fused", "plain"), action=Once, help="by default those that fit"
    )
    reader.add_argument("--slots", type=int, default=0, action=Once, help="trajectories at once")
    given = reader.parse_args(arguments)
    try:
        run(
            given.prepared, given.results, given.potential, given.device, given.slots, given.kernels
        )
    except UserError as error:
        print(f"scatter: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
