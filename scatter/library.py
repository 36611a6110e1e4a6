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
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.calculator import BaseCalculator
from rich.console import Console

from scatter import store
from scatter.analysis import (
    GAUSSIAN,
    HEADER,
    HISTOGRAM,
    PARITY,
    Counts,
    Undetermined,
    fit,
    rotational_populations,
    rotational_temperatures,
    transitions,
)
from scatter.campaign.engine import Campaign
from scatter.campaign.failures import unknown
from scatter.campaign.members import refuse_misfits
from scatter.campaign.parts import Parts
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import guards_of, settle, trusting
from scatter.campaign.samplers import Sampler
from scatter.campaign.threads import use_threads
from scatter.config import Source, parse, points_table, read, toml
from scatter.dynamics.endings import Ending
from scatter.dynamics.motions import Motion, Verlet
from scatter.dynamics.observers import Observer
from scatter.files import write_whole
from scatter.initial.projectile import Diatomic, Projectile
from scatter.outcomes import ending_names
from scatter.potentials.ase import AseObject
from scatter.potentials.base import Potential
from scatter.potentials.table import open_committee, open_potential
from scatter.report import write_report
from scatter.report.results import Results as Read
from scatter.report.states import ladders
from scatter.results import refuse_weights
from scatter.settings import UserError
from scatter.structures import extxyz

BINNINGS = {"histogram": HISTOGRAM, "gaussian": GAUSSIAN, "parity": PARITY}
SLAB = "slab.extxyz"  # in the folder of a campaign whose slab was handed in

Settings = Mapping[str, Any] | str | Path
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
    trust_pickle: bool = False,
    console: Console | None = None,
) -> "Results":
    """Run a campaign, or go on with the one in a folder, and answer its results.

    Under mpirun every process calls this, and all get the results.

    Args:
        settings: the tables of `input.toml` as a dictionary, or the file's path.
        potential: in place of `[potential]`: a `scatter.Potential`; a calculator of ASE, of which
            every slot gets a copy; or a function without arguments that makes one.
        surface: in place of the slab that `[surface]` would build or read: constraints, masses and
            all; `[surface]` still says `temperature_K`, and may say how it is thermalised.
        projectile: makes what is fired from a diatomic's numbers, masses, curve and states; by
            default `scatter.Diatomic`, of which one's own start is a subclass.
        motion: the integrator; by default velocity Verlet.
        endings: of one's own, looked at in their order and before the usual ones.
        observers: of one's own, beside the usual ones.
        sampler: says which trajectories are run, in place of `[sampling]`.
        folder: where results are kept, to be gone on with; by default in memory alone.
        trust_pickle: a `.model` file may run code when it is opened.
        console: where progress is told, such as `rich.console.Console()`; by default nowhere.

    Raises:
        UserError: a setting is wrong, or the folder holds another campaign.
    """
    ranks, quiet = Ranks(), Console(quiet=True)
    shown = console if console and ranks.first else quiet
    parts = Parts(motion or Verlet(), tuple(endings), tuple(observers), projectile, sampler)
    with ExitStack() as stack:
        where = Path(folder) if folder else Path(_temporary(ranks, stack))
        source = ranks.share(lambda: _source(settings, surface, where))
        use_threads(source.input.run.threads, ranks)
        table = trusting(source, trust_pickle)
        used = ranks.agree(lambda: _potential(potential) or open_potential(table))
        committee = ranks.agree(lambda: open_committee(table, used))
        ranks.share(lambda: refuse_misfits(source.input, committee))
        ranks.share(lambda: stack.enter_context(store.only_writer(where)))
        guards = guards_of(used, committee)
        prepared = settle(source, used, where, ranks, shown, None, guards, parts)
        campaign = Campaign(source.input, where, prepared, ranks, shown, used)
        campaign.run()
        ranks.share(lambda: store.merge(where, points_table(campaign.points)))
        results = Results(Read.of(where, weighted=True), where if folder else None)
        ranks.wait()
        return results


def _temporary(ranks: Ranks, stack: ExitStack) -> str:
    """A folder for this run alone, the same on all ranks."""
    return ranks.share(lambda: stack.enter_context(TemporaryDirectory(prefix="scatter-")))


def _source(settings: Settings, surface: Atoms | None, folder: Path) -> Source:
    if isinstance(settings, Mapping):
        source = parse(Path("settings"), toml(settings))
    else:
        source = read(Path(settings))
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


class Results:
    """What a campaign found, as tables of pandas."""

    def __init__(self, read: Read, folder: Path | None):
        """Take results that have been read; see `open`."""
        self.read, self.folder = read, folder
        if told := unknown(read.rows, read.guards.most_unsettled):
            warnings.warn(told, stacklevel=3)

    @classmethod
    def open(cls, folder: str | Path) -> "Results":
        """The results in a campaign's folder.

        Raises:
            UserError: there are none.
        """
        return cls(Read.of(Path(folder), weighted=True), Path(folder))

    @cached_property
    def points(self) -> pd.DataFrame:
        """A row for each set of conditions."""
        return _columns(self.read.points).set_index("point")

    @cached_property
    def trajectories(self) -> pd.DataFrame:
        """A row for each trajectory: the conditions of its point, and all that was measured.

        Of an unfinished campaign those that count (`scatter.analysis.in_turn`).
        """
        table = _columns(self.read.trajectories)
        names = ending_names(self.read.attributes.own_endings)
        table.insert(2, "ended", [names[code] for code in table["outcome"]])
        chosen = [name for name in self.points if name not in table]
        return table.join(self.points[chosen], on="point")

    def sticking(self) -> pd.DataFrame:
        """S0 of each point with its 95 % Wilson interval, counts and bounds; as `sticking.csv`.

        Raises:
            UserError: trajectories have weights; so do fits, states, rotation and temperatures.
        """
        self._refuse_weights()
        rows = [
            {
                **{name: getattr(row, name) for name in ("surface", *HEADER)},
                **{one.name: count for one, count in row.others},
            }
            for row in self.read.rows
        ]
        return pd.DataFrame(rows)

    def fits(self, form: str = "erf", amplitude: float | None = None) -> pd.DataFrame:
        """Fits S0 = A g((E - E0)/W) along the incidence energy, a row for each curve.

        Args:
            form: of g: "erf", "logistic" or "gompertz".
            amplitude: A, if it is not to be fitted.

        Raises:
            UserError: no curve can be fitted; says why.
        """
        self._refuse_weights()
        found, sentences = [], []
        for words, group in self.read.scans(self.read.rows):
            one = fit(Counts.of(group), form, amplitude)  # type: ignore[arg-type]
            if isinstance(one, Undetermined):
                sentences.append(f"{words}: {one.sentence}")
                continue
            values = {field.name: getattr(one, field.name) for field in fields(one)}
            del values["draws"]
            found.append({"curve": words, **values})
        if not found:
            raise UserError("; ".join(sentences) or "there is no point to fit")
        return pd.DataFrame(found)

    def states(self, binning: str = "parity") -> pd.DataFrame:
        """P(v', J' | v, J) of every point among all and among the scattered, with intervals.

        Args:
            binning: how final quantum numbers become whole ones: "histogram", "gaussian" or
                "parity", where J changes by an even number in homonuclear molecules.
        """
        return _table(transitions(*self._seen(binning)))

    def rotation(self, binning: str = "parity") -> pd.DataFrame:
        """P(J' | v') of every point, with intervals and the Boltzmann law of the same mean."""
        points, rows, chosen = self._seen(binning)
        levels = ladders(self.read.molecules)
        return _table(rotational_populations(points, rows, levels, chosen))

    def temperatures(self, binning: str = "parity") -> pd.DataFrame:
        """Rotational temperature of every point and v', with intervals."""
        points, rows, chosen = self._seen(binning)
        levels = ladders(self.read.molecules)
        return _table(rotational_temperatures(points, rows, levels, chosen))

    def report(self) -> Path:
        """Write `report.html` into the folder; answer its path.

        Raises:
            UserError: the results are in memory alone.
        """
        if self.folder is None:
            raise UserError("report: these results have no folder; run with folder = ...")
        return write_report(self.folder)

    def _refuse_weights(self) -> None:
        refuse_weights(self.read.attributes.path, self.read.attributes)

    def _seen(self, binning: str) -> tuple[Any, Any, Any]:
        self._refuse_weights()
        if binning not in BINNINGS:
            raise UserError(f"binning = {binning!r} is none of {', '.join(BINNINGS)}")
        chosen = replace(BINNINGS[binning], alike=self.read.binning.alike)
        return self.read.points, self.read.trajectories, chosen


def _columns(rows: np.ndarray) -> pd.DataFrame:
    """A table of structured rows."""
    return pd.DataFrame({name: rows[name] for name in rows.dtype.names or ()})


def _table(rows: Iterable[Any]) -> pd.DataFrame:
    """A table of rows of one kind."""
    return pd.DataFrame([{one.name: getattr(row, one.name) for one in fields(row)} for row in rows])
