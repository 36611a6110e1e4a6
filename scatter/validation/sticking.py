"""Sticking on a potential and on its reference, from trajectories that begin alike on both.

Slabs, thermal snapshots, the molecule's states and all random numbers are the reference's, so that
trajectory n of a point begins with the same positions and momenta, bit for bit, on either.
"""

from dataclasses import asdict, replace
from functools import partial
from math import nan
from pathlib import Path
from typing import Any

from rich.console import Console

from scatter import store
from scatter.analysis.paired import PairedSticking, paired_sticking
from scatter.campaign.arrival import refuse_no_arrival
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out, holding, report
from scatter.campaign.threads import use_threads
from scatter.config import Source, points, read
from scatter.potentials.base import Potential
from scatter.potentials.table import PotentialTable
from scatter.report.terminal import say
from scatter.results.folder import ResultsFile
from scatter.settings import UserError

TEACHER, OWN = "teacher", "potential"  # the folders of the two campaigns
QUICK = 100  # trajectories of each point are enough for a first look


def read_conditions(path: Path, quick: bool = False) -> Source:
    """The input of a campaign, to be run on two potentials whatever its [potential] is.

    Args:
        path: `input.toml`.
        quick: run at most QUICK trajectories of each point.

    Raises:
        UserError: the input is wrong, or its trajectories cannot arrive.
    """
    source = read(path)
    refuse_no_arrival(source.input, path)
    if source.input.sampling.targeted:
        raise UserError(
            f"{path}, [sampling]: a target error cannot be asked for here, since the trajectories "
            "of two potentials are compared in pairs, as many of each; give trajectories alone"
        )
    wanted = source.input.sampling.trajectories
    sampling = source.input.sampling.model_copy(
        update={"trajectories": min(wanted, QUICK) if quick else wanted}
    )
    changed = {"potential": PotentialTable(), "sampling": sampling}
    return replace(source, input=source.input.model_copy(update=changed))


def refuse_others(folder: Path, potential: Potential, reference: Potential) -> None:
    """Raise UserError if the campaigns in a folder were run on other potentials than these."""
    due = {TEACHER: (reference, reference), OWN: (potential, reference)}
    for name, (own, starts) in due.items():
        if not (folder / name / store.MANIFEST).exists():
            continue
        told = store.read_manifest(folder / name)
        for key, one in (("potential", own), ("starts", starts)):
            if told[f"{key}_sha256"] != one.identity:
                raise UserError(
                    f"{folder / name} holds trajectories of another potential ({told[key]}; now "
                    f"{one.description}); choose another --output, or delete {folder / name}"
                )


def run_paired(
    source: Source,
    potential: Potential,
    reference: Potential,
    folder: Path,
    ranks: Ranks,
    console: Console,
) -> list[PairedSticking]:
    """Run, or go on with, the campaign on both potentials; every rank must call this.

    Args:
        source: of `read_conditions`.
        potential: that is tried; its trajectories go into `folder`/potential.
        reference: that makes the starts of both; its trajectories go into `folder`/teacher.
        folder: for both campaigns.
        ranks: of this run.
        console: where to speak.

    Returns:
        One row for each point, on every rank.

    Raises:
        UserError: the input is impossible on one of them, or the folder holds something else.
    """
    ranks.share(lambda: refuse_others(folder, potential, reference))
    use_threads(source.input.run.threads, ranks)
    count = len(points(source.input))
    for name, own, starts in ((TEACHER, reference, None), (OWN, potential, reference)):
        wanted = source.input.sampling.trajectories
        say(console, f"{count} points of {wanted} trajectories on {own.description}")
        _campaign(source, own, folder / name, ranks, console, starts)
    return ranks.share(partial(read_paired, folder))


def _campaign(
    source: Source, potential: Potential, folder: Path, ranks: Ranks, console: Console,
    starts: Potential | None,
) -> None:  # fmt: skip
    with holding(folder, ranks):
        carry_out(source, potential, folder, ranks, console, starts)
        report(folder, ranks, console)


def read_paired(folder: Path) -> list[PairedSticking]:
    """The pairs of trajectories that the two campaigns in a folder hold.

    Raises:
        UserError: one of them has no results.
    """
    reference, potential = (ResultsFile.of(folder / name) for name in (TEACHER, OWN))
    most, surfaces = reference.guards.most_unsettled, reference.surfaces
    return paired_sticking(reference.points, reference.ended, potential.ended, most, surfaces)


def told(row: PairedSticking) -> dict[str, Any]:
    """One point as plain values, by name; probabilities and their differences have the unit 1.

    A difference is NaN, and so are its ends, unless S0 is known on both potentials.
    """
    apart, conditions = row.difference, asdict(row.reference)
    for name in ("dissociated", "scattered", "undecided", "failed", "known"):
        del conditions[name]
    columns = ("n", "dissociated", "undecided", "failed", "known", "S0", "low", "high", "lowest",
               "highest")  # fmt: skip
    both = (("potential", row.potential), ("reference", row.reference))
    counts, names = (
        ("n", "first", "second"),
        ("difference", "standard_error", "low", "high", "bound"),
    )
    return conditions | {
        **{name: {key: getattr(one, key) for key in columns} for name, one in both},
        "paired": {name: getattr(apart, name) for name in counts}
        | {name: getattr(apart, name) if row.known else nan for name in names},
        "agreement": row.counts,
    }
