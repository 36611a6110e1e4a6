"""`scatter sample`: labelled frames of a teacher's own trajectories, to make potentials from."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from scatter import store
from scatter.campaign.frames import FRAMES
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import opened, refuse_failed, run_all
from scatter.config import read
from scatter.fitting.extras import Extras, refuse_extras, write_extras
from scatter.report import terminal
from scatter.settings import UserError

NO_EXTRAS = Extras()


def sample(
    path: Path,
    every_fs: float = 1.0,
    extras: Extras = NO_EXTRAS,
    trust_pickle: bool = False,
    trajectories: bool = True,
) -> Path:
    """Run or continue the campaign of an input file, and record all its trajectories.

    The frames are `frames/point…-….extxyz` in the campaign's folder, one file for each trajectory,
    which appears before the trajectory counts as finished; what is asked for besides goes into
    `extras/`.

    Args:
        path: `input.toml`; its potential labels the frames.
        every_fs: time from one frame to the next.
        extras: structures that the dynamics does not visit.
        trust_pickle: the user trusts where a pickled potential came from.
        trajectories: whether any are run; else the extras alone are made.

    Returns:
        The campaign's folder.

    Raises:
        UserError: the input is wrong, the folder holds something else, what finished there was
            not recorded, nothing is asked for, or too many trajectories failed (code 3; all that is
            asked for is made).
    """
    ranks = Ranks()
    ranks.share(lambda: refuse_extras(read(path).input, extras))
    if not trajectories and extras == NO_EXTRAS:
        raise UserError(
            "--no-trajectories: leaves nothing to do; ask for --above, --molecule, --bulk or "
            "--paths"
        )
    source = (
        run_all(path, trust_pickle, every_fs) if trajectories else ranks.share(lambda: read(path))
    )
    folder = source.output
    say = partial(terminal.say, terminal.console(ranks.first))
    if extras != NO_EXTRAS:
        potential = opened(source, trust_pickle, ranks).potential
        ranks.share(lambda: write_extras(source.input, potential, extras, folder, say))
    if trajectories:
        say(ranks.share(lambda: summary(folder)))
        refuse_failed(source, ranks)
    return folder


def summary(folder: Path) -> str:
    """Frames, trajectories by their endings, and the range of the potential energy."""
    outcomes = store.trajectories(folder)["outcome"]
    endings = [
        f"{np.sum(outcomes == code)} {name}"
        for code, name in store.read_manifest(folder).ending_names.items()
    ]
    energies = np.array([*_energies(folder / FRAMES)])
    return (
        f"frames: {len(energies)} of {len(outcomes)} trajectories ({', '.join(endings)}), "
        f"potential energy {energies.min():.3f} to {energies.max():.3f} eV, in {folder / FRAMES}"
    )


def _energies(folder: Path) -> Iterator[float]:
    """Energies of all frames in a folder, from their lines alone."""
    for path in sorted(folder.glob("*.extxyz")):
        with open(path) as file:
            for line in file:
                if line.startswith("Lattice="):
                    yield float(line.partition(" energy=")[2].split()[0])
