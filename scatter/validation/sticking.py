"""Sticking on a potential and on its reference, from trajectories with common starts.

Slabs, thermal snapshots, molecular states and random numbers are those of the reference, so that
trajectory n of a point starts with the same positions and momenta, bit for bit, on both.
"""

from dataclasses import replace
from functools import partial
from math import nan
from pathlib import Path

from rich.console import Console

from scatter import store
from scatter.analysis.paired import PairedSticking, paired_sticking
from scatter.analysis.words import conditions_of
from scatter.campaign.arrival import refuse_no_arrival
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out, holding, report
from scatter.campaign.threads import use_threads
from scatter.campaign.timestep import step_of
from scatter.config import Source, points, read
from scatter.phrases import counted
from scatter.potentials.base import Potential
from scatter.potentials.table import PotentialTable
from scatter.report.terminal import say
from scatter.results.folder import ResultsFile
from scatter.settings import UserError

TEACHER, TESTED = "teacher", "potential"  # folders of the two campaigns
QUICK = 100  # trajectories per point, enough for a first look


def read_conditions(path: Path, quick: bool = False) -> Source:
    """The input of a campaign that is run on two potentials, whatever its [potential] is.

    With `quick` it has at most QUICK trajectories per point.

    Raises:
        UserError: the input is wrong, or its trajectories cannot arrive.
    """
    source = read(path)
    refuse_no_arrival(source.input, path)
    if source.input.kind == "desorption":
        raise UserError(
            f"{path}, [incidence] kind = 'desorption': the trajectories of two potentials are "
            'compared in pairs that start alike, which needs kind = "beam"'
        )
    if source.input.sampling.targeted or source.input.sampling.splits:
        raise UserError(
            f"{path}, [sampling]: neither a target error nor splitting can be asked for here, "
            "since the trajectories of two potentials are compared in pairs, the same number "
            "on each; give trajectories alone"
        )
    sampling = source.input.sampling
    if quick:
        fewer = {"trajectories": min(sampling.trajectories, QUICK)}
        sampling = sampling.model_copy(update=fewer)
    changes = {"potential": PotentialTable(), "sampling": sampling}
    return replace(source, input=source.input.model_copy(update=changes))


def refuse_other_potentials(folder: Path, potential: Potential, reference: Potential) -> None:
    """Raise UserError if the campaigns in a folder were run on potentials other than these."""
    for name, forces in ((TEACHER, reference), (TESTED, potential)):
        if not (folder / name / store.MANIFEST).exists():
            continue
        manifest = store.read_manifest(folder / name)
        for key, now in (("potential", forces), ("starts", reference)):
            if manifest[f"{key}_sha256"] != now.identity:
                raise UserError(
                    f"{folder / name} holds trajectories of another potential ({manifest[key]}; "
                    f"now {now.description}); choose another --output, or delete {folder / name}"
                )


def run_paired(
    source: Source,
    potential: Potential,
    reference: Potential,
    folder: Path,
    ranks: Ranks,
    console: Console,
) -> list[PairedSticking]:
    """Run the campaign on both potentials, or continue it; every rank must call this.

    Args:
        source: from `read_conditions`.
        potential: the one under test; its trajectories go into `folder`/potential.
        reference: makes the starts of both; its trajectories go into `folder`/teacher.
        folder: for both campaigns.
        ranks: of this run.
        console: for messages.

    Returns:
        One row for each point, on every rank.

    Raises:
        UserError: the input cannot be run on one of them, or the folder holds something else.
    """
    ranks.share(lambda: refuse_other_potentials(folder, potential, reference))
    use_threads(source.input.run.threads, ranks)
    count, step = len(points(source.input)), None
    for name, forces, starts in ((TEACHER, reference, None), (TESTED, potential, reference)):
        trajectories, place = source.input.sampling.trajectories, folder / name
        say(
            console,
            f"{counted(count, 'point')} of {counted(trajectories, 'trajectory')} on "
            f"{forces.description}",
        )
        with holding(place, ranks):
            carry_out(source, forces, place, ranks, console, starts, timestep_fs=step)
            report(place, ranks, console)
        step = ranks.share(partial(step_of, place))
    return ranks.share(partial(read_paired, folder))


def read_paired(folder: Path) -> list[PairedSticking]:
    """The pairs of trajectories of the two campaigns in a folder.

    Raises:
        UserError: one of them has no results.
    """
    reference, potential = (ResultsFile.of(folder / name) for name in (TEACHER, TESTED))
    potential = potential.numbered_as(reference)
    most, surfaces = reference.guards.most_unsettled, reference.surfaces
    return paired_sticking(reference.points, potential.ended, reference.ended, most, surfaces)


PROBABILITIES = ("S0", "low", "high", "lowest", "highest")


def table_of(row: PairedSticking) -> dict[str, object]:
    """A point as plain values by name; probabilities and their differences have the unit 1.

    The difference and its interval are NaN unless S0 is known on both potentials.
    """
    columns = ("n", "dissociated", "undecided", "failed", "known", *PROBABILITIES)
    paired = {name: getattr(row.difference, name) for name in ("n", "first", "second")}
    for name in ("difference", "standard_error", "low", "high", "bound"):
        paired[name] = getattr(row.difference, name) if row.known else nan
    return {
        **conditions_of(row.reference),
        "potential": {name: getattr(row.potential, name) for name in columns},
        "reference": {name: getattr(row.reference, name) for name in columns},
        "paired": paired,
        "agreement": row.counts,
    }
