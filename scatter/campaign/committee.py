"""`scatter committee`: one campaign on every member of a committee, from the same starts."""

from dataclasses import replace
from pathlib import Path

from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out, holding, opened, report, run_on
from scatter.campaign.timestep import step_of
from scatter.config import Source, read
from scatter.report.committee import report_committee
from scatter.report.failures import refuse_untrusted
from scatter.report.terminal import console as console_of
from scatter.report.terminal import say
from scatter.settings import UserError

MEMBERS = "members"  # the folder of the other members' campaigns


def committee(path: Path, trust_pickle: bool = False) -> None:
    """Run the campaign of an input, then the same starts on each member, and write the band.

    Slabs, states and all random numbers are those of the input's own potential, so trajectory n of
    a point begins alike, bit for bit, on every member. Goes on where it was stopped.

    Args:
        path: `input.toml` with `[potential] committee`.
        trust_pickle: the user trusts where a pickled potential came from.

    Raises:
        UserError: the input is wrong, or names no committee, or asks for a target error.
        Untrusted: too many of the trajectories on it or a member failed, or S0 of a point is not
            known there; what has been run is written.
    """
    ranks = Ranks()
    console = console_of(ranks.first)
    source = ranks.share(lambda: read(path))
    ranks.share(lambda: _refuse(source))
    on = opened(source, trust_pickle, ranks)
    assert on.committee is not None
    run_on(source, on, ranks)
    ranks.share(lambda: refuse_untrusted(source.output))
    step = ranks.share(lambda: step_of(source.output))
    folders = [source.output]
    # the bits of a member's trajectories do not depend on who watches, and nobody does
    alone = source.input.potential.model_copy(update={"committee": []})
    own = replace(source, input=source.input.model_copy(update={"potential": alone}))
    names = [Path(file).stem for file in source.input.potential.committee]
    for n, (name, member) in enumerate(zip(names, on.committee.members[1:], strict=True), 1):
        folder = source.output / MEMBERS / f"{n}-{name}"
        say(console, f"the same starts on {member.description}")
        with holding(folder, ranks):
            carry_out(own, member, folder, ranks, console, on.potential, timestep_fs=step)
            report(folder, ranks, console)
        folders.append(folder)
    if ranks.first:
        report_committee(folders, console)
    for folder in folders[1:]:
        ranks.share(lambda of=folder: refuse_untrusted(of))


def _refuse(source: Source) -> None:
    if not source.input.potential.committee:
        raise UserError(
            f"{source.path}, [potential]: names no committee; give its files, as in "
            'committee = ["b.npz", "c.npz"]'
        )
    if source.input.kind == "desorption":
        raise UserError(
            f"{source.path}, [incidence] kind = 'desorption': the same starts cannot be canonical "
            'on every member; fire a "beam"'
        )
    if source.input.sampling.targeted or source.input.sampling.splits:
        raise UserError(
            f"{source.path}, [sampling]: neither a target error nor splitting can be asked for "
            "here, since the same trajectories are run on every member; give trajectories alone"
        )
