"""scatter in Python: what the command line does, in as many lines.

    import scatter

    results = scatter.run({
        "molecule": {"formula": "D2", "v": 0, "j": 0},
        "surface": {"facet": "100", "temperature_K": 300, "lattice_constant_A": 3.66},
        "incidence": {"energy_eV": [0.4, 0.5, 0.6, 0.7]},
        "dynamics": {"timestep_fs": 0.5},
        "sampling": {"trajectories": 200},
    })
    results.sticking()          # a pandas table: S0 with its 95 % interval at each energy

Settings are those of `input.toml`, and every mistake in them is a `scatter.UserError`. What is not
a number is handed in: a potential, an ASE calculator, a slab, an integrator, endings, observers.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from ase import Atoms
from ase.calculators.calculator import BaseCalculator
from rich.console import Console

from scatter.campaign.converge import Sizes, resized, run_sizes
from scatter.campaign.parts import Parts
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out, holding, opened
from scatter.campaign.samplers import Sampler
from scatter.config import Source, parse, read, toml
from scatter.dynamics.endings import Ending
from scatter.dynamics.motions import Motion
from scatter.dynamics.observers import Observer
from scatter.files import write_whole
from scatter.initial.projectile import Diatomic, Projectile
from scatter.potentials.ase import AseObject
from scatter.potentials.base import Potential
from scatter.report.tables import Results
from scatter.results.folder import ResultsFile
from scatter.settings import UserError
from scatter.structures import extxyz
from scatter.validation.comparison import Comparison
from scatter.validation.comparison import compare as compared

SLAB = "slab.extxyz"  # in the folder of a campaign whose slab was handed in

Settings = Mapping[str, object] | str | Path
AnyPotential = Potential | BaseCalculator | Callable[[], BaseCalculator]


def run(
    settings: Settings,
    *,
    potential: AnyPotential | None = None,
    surface: Atoms | None = None,
    projectile: Callable[..., Projectile] = Diatomic,
    motion: Motion | None = None,
    endings: Sequence[Ending] = (),
    observers: Sequence[Observer] = (),
    sampler: Sampler | None = None,
    folder: str | Path | None = None,
    console: Console | None = None,
) -> Results:
    """Run a campaign, or continue the one in a folder, and return its results.

    Under mpirun every process calls this, and all get the results.

    Args:
        settings: the tables of `input.toml` as a dictionary, or the file's path.
        potential: in place of `[potential]`: a `scatter.Potential`; a calculator of ASE, of which
            every slot gets a copy; or a function without arguments that makes one.
        surface: in place of the slab that `[surface]` would build or read: constraints, masses and
            all; `[surface]` still says `temperature_K`, and may say how it is thermalised.
        projectile: makes what is fired from a diatomic's numbers, masses, curve and states; by
            default `scatter.Diatomic`, of which one's own start is a subclass.
        motion: the integrator, in place of `[dynamics] scheme`.
        endings: custom ones, looked at in their order and before the usual ones.
        observers: custom ones, beside the usual ones.
        sampler: says which trajectories are run, in place of `[sampling]`.
        folder: where results are kept, so that a run can be continued; by default in memory alone.
        console: where progress is printed, such as `rich.console.Console()`; by default nowhere.

    Raises:
        UserError: a setting is wrong, or the folder holds another campaign.
    """
    ranks, quiet = Ranks(), Console(quiet=True)
    shown = console if console and ranks.first else quiet
    parts = Parts(motion, tuple(endings), tuple(observers), projectile, sampler)
    with ExitStack() as stack:
        where = Path(folder) if folder else Path(_temporary(ranks, stack))
        source = ranks.share(lambda: _source(settings, surface, where))
        own = ranks.agree(lambda: _potential(potential))
        on = opened(source, False, ranks, own)
        with holding(where, ranks):
            carry_out(source, on.potential, where, ranks, shown, None, on.committee, parts)
            ranks.wait()
            return Results(ResultsFile.of(where, weighted=True), where if folder else None)


def converge(
    settings: Settings,
    *,
    layers: Sequence[int] = (),
    cells: Sequence[str] = (),
    frozen: Sequence[int] = (),
    product: str | None = None,
    potential: AnyPotential | None = None,
    folder: str | Path | None = None,
    console: Console | None = None,
) -> pd.DataFrame:
    """Run a campaign on slabs of several sizes; answer how its results depend on them.

    All combinations are run; what is not given stays as it is in the settings.

    Args:
        settings: the tables of `input.toml` as a dictionary, or the file's path.
        layers: of the slabs.
        cells: along the two lateral lattice vectors, as "3x3".
        frozen: lowest layers that never move.
        product: whose probability is looked at in place of S0.
        potential: as of `run`.
        folder: where campaigns, `converge.csv` and `converge.png` are kept, so that it can be
            continued; by default nothing is.
        console: where progress is printed.

    Returns:
        The table of `scatter.analysis.convergence.convergence`.

    Raises:
        UserError: a setting is wrong, or the slab cannot have such a size.
    """
    ranks, quiet = Ranks(), Console(quiet=True)
    shown = console if console and ranks.first else quiet
    with ExitStack() as stack:
        where = Path(folder) if folder else Path(_temporary(ranks, stack))
        source = ranks.share(lambda: _read(settings))
        wanted = ranks.share(lambda: resized(source, Sizes(layers, cells, frozen), where))
        own = ranks.agree(lambda: _potential(potential))
        on = opened(source, False, ranks, own)
        return run_sizes(wanted, where, on, product, ranks, shown)


def compare(
    first: str | Path,
    second: str | Path,
    folder: str | Path | None = None,
    trust_pickle: bool = False,
) -> Comparison:
    """Run two input files from the same starts, or continue them, and compare their results.

    The second may differ in all that comes after a start: friction, potential, time step. Under
    mpirun every process calls this, and all get the comparison: `sticking`, S0 of both and their
    paired difference; `observables`, a pandas table of paired differences; `agreement`, how many
    pairs ended so on the one and so on the other.

    Args:
        first: `input.toml`, the reference; slabs, states and random numbers are its potential's.
        second: another.
        folder: of both campaigns; by default in `runs`, named after both files.
        trust_pickle: you trust where pickled potentials came from.

    Raises:
        UserError: the inputs differ in how trajectories begin, or cannot be run.
        Untrusted: too many trajectories failed, or S0 of a point is not known; all is written.
    """
    where = Path(folder) if folder else None
    return compared(Path(first), Path(second), where, trust_pickle)


def _temporary(ranks: Ranks, stack: ExitStack) -> str:
    """A folder for this run alone, the same on all ranks."""
    return ranks.share(lambda: stack.enter_context(TemporaryDirectory(prefix="scatter-")))


def _read(settings: Settings) -> Source:
    if isinstance(settings, Mapping):
        return parse(Path("settings"), toml(settings))
    return read(Path(settings))


def _source(settings: Settings, surface: Atoms | None, folder: Path) -> Source:
    source = _read(settings)
    if surface is None:
        return source
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / SLAB, extxyz([surface]))
    tables = tomllib.loads(source.text)
    given = tables.get("surface", {})
    if "file" in given:
        raise UserError("surface: is handed in, and [surface] file names another; give one")
    tables["surface"] = {**given, "file": str(folder / SLAB)}
    return parse(source.path, toml(tables))


def _potential(given: AnyPotential | None) -> Potential | None:
    if given is None or isinstance(given, Potential):
        return given
    if isinstance(given, BaseCalculator) or callable(given):
        return AseObject(given)
    raise UserError(
        f"potential: {type(given).__name__} is neither a scatter.Potential nor a calculator of "
        "ASE, nor a function that makes one"
    )
