"""`scatter run`: one campaign, from `input.toml` to a table and a figure, on all ranks."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from scatter import store
from scatter.campaign.arrival import refuse_no_arrival
from scatter.campaign.engine import Campaign
from scatter.campaign.frames import every_frame, refuse_unrecorded
from scatter.campaign.manifest import computed, manifest_of, write_slabs
from scatter.campaign.members import refuse_misfits
from scatter.campaign.parts import Parts
from scatter.campaign.pilot import settled
from scatter.campaign.prepare import Prepared, prepare
from scatter.campaign.ranks import Ranks
from scatter.campaign.rare import rare_points, refuse_unsplit, split
from scatter.campaign.samplers import Ended
from scatter.campaign.signals import interrupting
from scatter.campaign.threads import threads_in_words, use_threads
from scatter.campaign.timestep import STEP, step_told, untried
from scatter.campaign.uncertain import gather_uncertain
from scatter.config import Input, Source, points, points_table, read
from scatter.outcomes import sticking_codes
from scatter.phrases import counted
from scatter.potentials.base import Guard, Potential
from scatter.potentials.committee import Committee
from scatter.potentials.families import family
from scatter.potentials.table import PotentialTable, open_committee, open_potential
from scatter.report.failures import refuse_failures, refuse_untrusted
from scatter.report.sticking import conclude
from scatter.report.targets import amount_of
from scatter.report.terminal import console as console_of
from scatter.report.terminal import say


class Opened(NamedTuple):
    """What the trajectories of an input run on.

    Attributes:
        potential: that moves them.
        committee: that watches, if one does.
        threads: that this rank now uses.
    """

    potential: Potential
    committee: Committee | None
    threads: int


def run(path: Path, trust_pickle: bool = False, every_fs: float | None = None) -> Path:
    """Run or continue the campaign of an input file; return its folder.

    Args:
        path: `input.toml`.
        trust_pickle: the user trusts where a pickled potential came from.
        every_fs: record all trajectories, a frame every so many fs, whatever [frames] says.

    Raises:
        UserError: the input is wrong, or the folder holds something else.
        Untrusted: too many trajectories failed, or S0 of a point is not known; all is written.
    """
    source = run_all(path, trust_pickle, every_fs)
    Ranks().share(lambda: refuse_untrusted(source.output))
    return source.output


def run_all(path: Path, trust_pickle: bool = False, every_fs: float | None = None) -> Source:
    """Do what `run` does, however many trajectories fail; answer the input.

    Raises:
        UserError: the input is wrong, or the folder holds something else.
    """
    ranks = Ranks()
    source = ranks.share(lambda: read(path))
    if every_fs is not None:
        source = ranks.share(lambda: replace(source, input=every_frame(source.input, every_fs)))
    on = opened(source, trust_pickle, ranks)
    run_on(source, on, ranks, recorded=every_fs is not None)
    return source


def run_on(source: Source, on: Opened, ranks: Ranks, recorded: bool = False) -> None:
    """Run or continue an input on what has been opened for it, and report.

    Args:
        source: the input.
        on: of `opened`.
        ranks: all of them must call this.
        recorded: all trajectories are wanted as frames, so that none may have ended without.

    Raises:
        UserError: the input is impossible, or the folder holds something else.
    """
    console, input, folder = console_of(ranks.first), source.input, source.output
    threads = threads_in_words(on.threads, input.run.threads)
    say(
        console,
        f"{source.path}: {counted(len(points(input)), 'point')} of {amount_of(input.sampling)}, "
        f"{counted(ranks.size, 'rank')} with {threads} each\n"
        f"potential: {on.potential.description}",
    )
    with interrupting(), holding(folder, ranks):
        if recorded:
            ranks.share(lambda: refuse_unrecorded(folder))
        carry_out(source, on.potential, folder, ranks, console, committee=on.committee)
        report(folder, ranks, console)


def refuse_failed(source: Source, ranks: Ranks) -> None:
    """Raise UserError, with code 3 and on every rank, if too many of a campaign failed."""
    most = source.input.guards.most_failed
    ranks.share(lambda: refuse_failures(source.output, most))


def trusting(source: Source, trust_pickle: bool) -> PotentialTable:
    """The input's [potential], its pickles trusted if the user does."""
    table = source.input.potential
    return table.model_copy(update={"trust_pickle": table.trust_pickle or trust_pickle})


def opened(
    source: Source, trust_pickle: bool, ranks: Ranks, potential: Potential | None = None
) -> Opened:
    """Open what the trajectories of an input run on; every rank must call this.

    Args:
        source: the input.
        trust_pickle: the user trusts where a pickled potential came from.
        ranks: all of them.
        potential: in place of the input's own.

    Raises:
        UserError: a potential cannot be opened, or the committee does not fit it.
    """
    threads = use_threads(source.input.run.threads, ranks)
    table = trusting(source, trust_pickle)
    if family(table.kind).may_use_gpu(table.options):
        take_gpu(ranks)
    own = ranks.agree(lambda: potential or open_potential(table))
    committee = ranks.agree(lambda: open_committee(table, own))
    ranks.share(lambda: refuse_misfits(source.input, committee))
    return Opened(own, committee, threads)


@contextmanager
def holding(folder: Path, ranks: Ranks) -> Iterator[None]:
    """Be the only run that writes to a folder, until all ranks are done with it."""
    with ExitStack() as stack:
        ranks.share(lambda: stack.enter_context(store.only_writer(folder)))
        yield
        ranks.wait()


def take_gpu(ranks: Ranks) -> None:
    """Make this host's GPUs take turns as the one that torch means by "cuda"."""
    local = ranks.local_rank()  # first, since all ranks must take part in it
    try:
        import torch
    except ImportError:
        return  # opening the potential says so
    if torch.cuda.is_available():
        torch.cuda.set_device(local % torch.cuda.device_count())


def carry_out(
    source: Source,
    potential: Potential,
    folder: Path,
    ranks: Ranks,
    console: Console,
    starts: Potential | None = None,
    committee: Committee | None = None,
    parts: Parts | None = None,
    timestep_fs: float | None = None,
) -> None:
    """Run or continue a campaign in a folder that this run holds, down to its `results.h5`.

    Args:
        source: the input; its [potential] and its [run] output are not looked at.
        potential: that the trajectories run on.
        folder: where its results go.
        ranks: all of them must call this.
        console: where to speak.
        starts: the potential that slabs and molecules begin on, if not the same.
        committee: that watches, if one does.
        parts: of the user's own.
        timestep_fs: what an automatic time step is, if another campaign has chosen it.

    Raises:
        UserError: the input is impossible, or the folder holds something else.
    """
    guards = guards_of(potential, committee)
    input, prepared = settle(
        source, potential, folder, ranks, console, starts, guards, parts, timestep_fs
    )
    campaign = Campaign(input, folder, prepared, ranks, console, potential)
    campaign.run()
    every = campaign.points
    ended = Ended(every, campaign.course.complete, sticking_codes(prepared.parts.own))
    split(input, folder, prepared, ranks, console, potential, rare_points(input, ended))
    if ranks.first:
        store.merge(folder, points_table(every))


def report(folder: Path, ranks: Ranks, console: Console) -> None:
    """Make table, figure and the file of uncertain frames of what `carry_out` has run."""
    if ranks.first:
        conclude(folder, console)
        if kept := gather_uncertain(folder):
            say(console, f"uncertain frames, to be labelled: {kept}")


def guards_of(potential: Potential, committee: Committee | None) -> tuple[Guard, ...]:
    """What measures beside the dynamics: the potential's own guards, and a committee."""
    return potential.guards if committee is None else (*potential.guards, committee)


def settle(
    source: Source,
    potential: Potential,
    folder: Path,
    ranks: Ranks,
    console: Console,
    starts: Potential | None,
    guards: tuple[Guard, ...],
    parts: Parts | None = None,
    timestep_fs: float | None = None,
) -> tuple[Input, Prepared]:
    """Make what trajectories start from, and say in the folder what is run there.

    The input is answered with a number for its time step, also where it says "auto".

    What a GPU evaluates has a `host`, the same on the CPU: all but the trajectories is done there,
    so that they start from the same bits whatever moves them. See `carry_out` for the rest.

    Raises:
        UserError: the input is impossible, or the folder holds something else.
    """
    ranks.share(lambda: refuse_no_arrival(source.input, source.path))
    parts = replace(parts or Parts(), kind=source.input.kind)
    ranks.share(lambda: refuse_unsplit(source.input, parts))
    manifest = ranks.share(
        lambda: manifest_of(source, potential, starts, guards, parts, folder, ranks)
    )
    prepared = prepare(source.input, potential.host, ranks, partial(say, console), starts, parts)
    prepared = replace(prepared, guards=guards)
    known = step_told(manifest.get(STEP), folder / store.MANIFEST), timestep_fs
    more = ranks.share(lambda: untried(source.input, folder))
    input = settled(source.input, prepared, ranks, partial(say, console), known, more)
    step_fs = None if input is source.input else input.dynamics.step_fs
    record = computed(prepared, parts, step_fs)
    ranks.share(lambda: write_slabs(folder, manifest, record))
    return input, prepared
