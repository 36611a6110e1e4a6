"""`scatter validate`: whether to trust a potential, by its errors, properties and sticking."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path

from ase import Atoms
from ase.data import chemical_symbols
from rich.console import Console

from scatter import store
from scatter.analysis.paired import ENDINGS, PairedSticking
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import provenance, take_gpu
from scatter.campaign.threads import use_threads
from scatter.config import Source, identity
from scatter.files import write_whole
from scatter.kernels import kernel
from scatter.plots.paired import paired_figure
from scatter.plots.parity import Panel, parity_figure
from scatter.plots.style import Figure
from scatter.plots.style import save as save_figure
from scatter.potentials.base import Potential
from scatter.potentials.table import potential_from_name
from scatter.report.failures import refuse_untrusted
from scatter.report.terminal import console as console_of
from scatter.report.terminal import say
from scatter.settings import UserError
from scatter.structures import read_frames
from scatter.validation import properties
from scatter.validation.errors import Compared, call_ms, compare, errors, molecule_of
from scatter.validation.labels import labels_by, labels_of
from scatter.validation.pieces import Found, as_json, kept, key_of, load, save
from scatter.validation.properties import Property, Rivals
from scatter.validation.report import print_report, write_report
from scatter.validation.sticking import (
    OWN,
    TEACHER,
    read_conditions,
    refuse_others,
    run_paired,
    told,
)
from scatter.validation.wanted import Wanted, refuse


def validate(wanted: Wanted) -> Path:
    """Do what is wanted and not done yet, and write the report; every rank must call this.

    Returns:
        The folder of the report.

    Raises:
        UserError: what is wanted makes no sense, or a file is missing or wrong.
        Untrusted: too many trajectories of the paired sticking failed, or S0 of a point is not
            known; all is written.
    """
    ranks = Ranks()
    ranks.share(lambda: refuse(wanted))
    use_threads("auto", ranks)
    if any(name.endswith(".model") for name in (wanted.potential, wanted.against)):
        take_gpu(ranks)
    opened = partial(potential_from_name, trust_pickle=wanted.trust_pickle)
    potential = ranks.agree(lambda: opened(wanted.potential))
    reference = None if wanted.labelled else ranks.agree(lambda: opened(wanted.against))
    source = ranks.share(
        lambda: read_conditions(wanted.sticking, wanted.quick) if wanted.sticking else None
    )
    if wanted.properties and source and source.input.surface.file:
        raise UserError(
            f"{wanted.sticking}, [surface] file = '{source.input.surface.file}': properties are "
            "those of a fcc metal that is built, and nothing says which this would be; leave them "
            "out with --no-properties"
        )
    with ExitStack() as stack:
        ranks.share(lambda: stack.enter_context(store.only_writer(wanted.output)))
        Validation(wanted, potential, reference, source, ranks).run()
        ranks.wait()
    return wanted.output


class Validation:
    """The pieces of one validation; every rank has the same."""

    def __init__(
        self,
        wanted: Wanted,
        potential: Potential,
        reference: Potential | None,
        source: Source | None,
        ranks: Ranks,
    ):
        self.wanted, self.potential, self.reference = wanted, potential, reference
        self.source, self.ranks, self.folder = source, ranks, wanted.output
        self.console: Console = console_of(ranks.first)
        self.say = partial(say, self.console)

    def run(self) -> None:
        """Find what is wanted, and write and print the report."""
        if self.source and self.reference:
            own, its = self.potential, self.reference
            self.ranks.share(lambda: refuse_others(self.folder, own, its))
        found: dict[str, Found] = {}
        if self.wanted.labelled or self.wanted.structures:
            found["errors"] = self.ranks.share(self.errors)
        if self.wanted.properties:
            found["properties"] = self.ranks.share(self.properties)
        if self.source and self.reference:
            found["sticking"] = self.sticking(self.source, self.reference)
        self.ranks.share(lambda: self._write(found))
        for name in (TEACHER, OWN) if "sticking" in found else ():
            self.ranks.share(lambda of=self.folder / name: refuse_untrusted(of))

    def _write(self, found: dict[str, Found]) -> None:
        own, its = self.wanted.names
        whole = {
            "potential": {
                "name": own,
                "description": self.potential.description,
                "sha256": self.potential.identity,
            },
            "reference": {
                "name": its,
                "description": self.reference.description if self.reference else "labels of a file",
                "sha256": self._reference_sha256(),
            },
            **provenance(),
            "quick": self.wanted.quick,
            **found,
        }
        write_whole(self.folder / "validation.json", as_json(whole))
        write_report(self.folder / "report.md", whole)
        print_report(whole, self.console)
        self.say(f"report: {self.folder / 'report.md'}")

    def _reference_sha256(self) -> str:
        return self.reference.identity if self.reference else _hash(Path(self.wanted.against))

    def _key(self, name: str, **shaping: str) -> str:
        return key_of(
            name,
            potential=self.potential.identity,
            reference=self._reference_sha256(),
            names=str(self.wanted.names),
            kernel=kernel(),
            **shaping,
        )

    def errors(self) -> Found:
        """Errors on the structures; on rank 0 alone."""
        path = self.wanted.structures or Path(self.wanted.against)
        how = {"molecule": str(self.wanted.molecule), "labels": str(self.wanted.keys)}
        key = self._key("errors", structures=_hash(path), **how)
        return kept(self.folder, "errors", key, lambda: self._errors(path))

    def _errors(self, path: Path) -> Found:
        frames = read_frames(path)
        molecule = molecule_of(frames, self.wanted.molecule)
        if self.reference:
            due = labels_by(self.reference, frames, path)
        else:
            due = labels_of(frames, path, self.wanted.keys, needed=())
        self.say(f"errors on {len(frames)} structures of {path} ...")
        compared = compare(frames, labels_by(self.potential, frames, path), due, molecule)
        symbols = [chemical_symbols[z] for z in sorted(molecule)]
        save_figure(self._parity(compared, symbols), self.folder / "parity")
        typical = _typical(frames)
        times = [call_ms(one, typical) for one in (self.potential, self.reference) if one]
        return {
            "structures": str(path),
            "frames": len(frames),
            "trajectories": len(set(compared.trajectory.tolist())),
            "molecule": symbols,
            "errors": errors(compared, frames),
            "call": {"unit": "ms", "atoms": len(typical), "threads": 1, "values": times},
            "figures": ["parity.png"],
        }

    def _parity(self, compared: Compared, symbols: list[str]) -> Figure:
        who = "".join(symbols)
        kinds = [
            ("Energy of the cell, relative", "$E$", "eV", compared.shifted),
            ("Forces", "$F$", "eV/Å", compared.forces),
            (f"Forces on {who}", rf"$F_\mathrm{{{who}}}$", "eV/Å", compared.molecule),
        ]
        return parity_figure(
            [
                Panel(name, symbol, unit, pairs.reference, pairs.potential)
                for name, symbol, unit, pairs in kinds
            ]
        )

    def properties(self) -> Found:
        """Properties of metal, molecule and barriers; on rank 0 alone."""
        element, formula = "Cu", "H2"
        if self.source:
            element = self.source.input.surface.element
            formula = self.source.input.molecule.formula[0]
        rivals = Rivals(self.potential, self.reference, self.wanted.names, element, formula)
        quick = self.wanted.quick
        parts = {
            "crystal": lambda: properties.crystal(rivals),
            "molecule": lambda: properties.molecule(rivals),
            "barriers": lambda: properties.barriers(rivals, quick, self.say),
            "expansion": lambda: properties.expansion(rivals, self.say),
        }
        if quick:
            del parts["expansion"]
        found: Found = {"figures": []}
        for name, measure in parts.items():
            how = {"on": f"{element} {formula}", "quick": str(quick and name == "barriers")}
            key = self._key(name, **how)
            found[name] = kept(self.folder, name, key, partial(self._measured, name, measure))
            found["figures"] += found[name]["figures"]
        return found

    def _measured(self, name: str, measure: Callable[[], Property]) -> Found:
        found = measure()
        if found.figure is not None:
            save_figure(found.figure, self.folder / name)
        rows = [{**asdict(row), "difference": row.difference} for row in found.rows]
        drawn = [f"{name}.png"] if found.figure is not None else []
        return {"rows": rows, "failures": found.failures, "figures": drawn}

    def sticking(self, source: Source, reference: Potential) -> Found:
        """Paired sticking; every rank must call this."""
        key = self._key(
            "sticking",
            input=json.dumps(identity(source.input), sort_keys=True),
            most=str(source.input.guards.most_unsettled),
        )
        found = self.ranks.share(lambda: load(self.folder, "sticking", key))
        if found is not None:
            return found
        rows = run_paired(source, self.potential, reference, self.folder, self.ranks, self.console)
        return self.ranks.share(lambda: self._sticking(key, rows))

    def _sticking(self, key: str, rows: list[PairedSticking]) -> Found:
        save_figure(paired_figure(rows, *self.wanted.names), self.folder / "paired_sticking")
        found = {
            "input": str(self.wanted.sticking),
            "endings": [ending.name.lower() for ending in ENDINGS],
            "points": [told(row) for row in rows],
            "figures": ["paired_sticking.png"],
        }
        return save(self.folder, "sticking", key, found)


def _typical(frames: list[Atoms]) -> Atoms:
    """The first frame of the commonest composition."""
    formulas = [frame.get_chemical_formula() for frame in frames]
    return frames[formulas.index(Counter(formulas).most_common(1)[0][0])]


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
