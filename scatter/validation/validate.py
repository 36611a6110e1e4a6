"""`scatter validate`: how far to trust a potential, by its errors, properties and sticking."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from pathlib import Path

from ase import Atoms
from ase.data import chemical_symbols
from rich.console import Console

from scatter import store
from scatter.analysis.paired import ENDINGS, PairedSticking
from scatter.campaign.provenance import provenance
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import take_gpu
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
from scatter.validation.materials.compare import compared_material, phases
from scatter.validation.materials.crystals import Crystal, crystals_of
from scatter.validation.pieces import Piece, as_json, kept, key_of, load, plain, save
from scatter.validation.properties import Comparison, Property
from scatter.validation.report import print_report, write_report
from scatter.validation.sticking import (
    TEACHER,
    TESTED,
    read_conditions,
    refuse_other_potentials,
    run_paired,
    table_of,
)
from scatter.validation.wanted import Wanted, refuse, refuse_materials


def validate(wanted: Wanted) -> Path:
    """Do what is wanted and not done yet, and write the report; every rank must call this.

    Returns:
        The folder of the report.

    Raises:
        UserError: the request contradicts itself, or a file is missing or wrong.
        Untrusted: too many trajectories of the paired sticking failed, or S0 of a point is not
            known; the report is written all the same.
    """
    ranks = Ranks()
    ranks.share(lambda: refuse(wanted))
    ranks.share(lambda: refuse_materials(wanted))
    use_threads("auto", ranks)
    if any(name.endswith(".model") for name in (wanted.potential, wanted.against)):
        take_gpu(ranks)
    open_potential = partial(potential_from_name, trust_pickle=wanted.trust_pickle)
    own, its = wanted.heads
    potential = ranks.agree(lambda: open_potential(wanted.potential, head=own))
    reference = (
        None if wanted.labelled else ranks.agree(lambda: open_potential(wanted.against, head=its))
    )
    source = ranks.share(
        lambda: read_conditions(wanted.sticking, wanted.quick) if wanted.sticking else None
    )
    if wanted.properties and source and source.input.surface.file:
        raise UserError(
            f"{wanted.sticking}, [surface] file = '{source.input.surface.file}': properties are "
            "computed for an fcc metal, and a file does not say which; leave them out with "
            "--no-properties"
        )
    with ExitStack() as stack:
        ranks.share(lambda: stack.enter_context(store.only_writer(wanted.output)))
        Validation(wanted, potential, reference, source, ranks).run()
        ranks.wait()
    return wanted.output


class Validation:
    """The pieces of one validation, the same on every rank."""

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
        """Compute what is wanted, and write and print the report."""
        tested, reference = self.potential, self.reference
        if self.source and reference:
            self.ranks.share(lambda: refuse_other_potentials(self.folder, tested, reference))
        pieces: dict[str, Piece] = {}
        if self.wanted.labelled or self.wanted.structures:
            pieces["errors"] = self.ranks.share(self.errors)
        if self.wanted.properties:
            pieces["properties"] = self.ranks.share(self.properties)
        if self.wanted.materials:
            crystals = self.ranks.agree(lambda: crystals_of(str(self.wanted.materials)))
            pieces["materials"] = self.ranks.share(lambda: self.materials(crystals))
        if self.source and reference:
            pieces["sticking"] = self.sticking(self.source, reference)
        self.ranks.share(lambda: self._write(pieces))
        for name in (TEACHER, TESTED) if "sticking" in pieces else ():
            self.ranks.share(partial(refuse_untrusted, self.folder / name))

    def _write(self, pieces: dict[str, Piece]) -> None:
        tested, reference = self.wanted.names
        whole = {
            "potential": {
                "name": tested,
                "description": self.potential.description,
                "sha256": self.potential.identity,
            },
            "reference": {
                "name": reference,
                "description": self.reference.description if self.reference else "labels of a file",
                "sha256": self._reference_sha256(),
            },
            **provenance(),
            "quick": self.wanted.quick,
            **pieces,
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

    def errors(self) -> Piece:
        """Errors on the structures; on rank 0 alone."""
        path = self.wanted.structures or Path(self.wanted.against)
        key = self._key(
            "errors",
            structures=_hash(path),
            molecule=str(self.wanted.molecule),
            labels=str(self.wanted.keys),
        )
        return kept(self.folder, "errors", key, lambda: self._errors(path))

    def _errors(self, path: Path) -> Piece:
        frames = read_frames(path)
        molecule = molecule_of(frames, self.wanted.molecule)
        if self.reference:
            reference = labels_by(self.reference, frames, path)
        else:
            reference = labels_of(frames, path, self.wanted.keys, needed=())
        self.say(f"errors on {len(frames)} structures of {path} ...")
        own = labels_by(self.potential, frames, path, reference.strained)
        compared = compare(frames, own, reference, molecule)
        by_part = errors(compared, frames)
        self.say(f"  RMSE: {by_part[0].words}")
        symbols = [chemical_symbols[z] for z in sorted(molecule)]
        save_figure(self._parity(compared, symbols), self.folder / "parity")
        typical = _typical(frames)
        times = [call_ms(each, typical) for each in (self.potential, self.reference) if each]
        return {
            "structures": str(path),
            "frames": len(frames),
            "trajectories": len(set(compared.trajectory.tolist())),
            "molecule": symbols,
            "errors": by_part,
            "call": {"unit": "ms", "atoms": len(typical), "threads": 1, "values": times},
            "figures": ["parity.png"],
        }

    def _parity(self, compared: Compared, symbols: list[str]) -> Figure:
        molecule = "".join(symbols)
        kinds = (
            ("Energy of the cell, relative", "$E$", "eV", compared.shifted),
            ("Forces", "$F$", "eV/Å", compared.forces),
            (f"Forces on {molecule}", rf"$F_\mathrm{{{molecule}}}$", "eV/Å", compared.molecule),
        )
        panels = [
            Panel(name, symbol, unit, pairs.reference, pairs.potential)
            for name, symbol, unit, pairs in kinds
        ]
        return parity_figure(panels)

    def properties(self) -> Piece:
        """Properties of metal, molecule and barriers; on rank 0 alone."""
        element, formula = "Cu", "H2"
        if self.source:
            element = self.source.input.surface.element
            formula = self.source.input.molecule.formula[0]
        pair = Comparison(self.potential, self.reference, self.wanted.names, element, formula)
        quick = self.wanted.quick
        parts = {
            "crystal": lambda: properties.crystal(pair),
            "molecule": lambda: properties.molecule(pair),
            "barriers": lambda: properties.barriers(pair, quick, self.say),
            "expansion": lambda: properties.expansion(pair, self.say),
        }
        if quick:
            del parts["expansion"]
        piece: Piece = {"figures": []}
        for name, measure in parts.items():
            shortened = str(quick and name == "barriers")
            key = self._key(name, on=f"{element} {formula}", quick=shortened)
            piece[name] = kept(self.folder, name, key, partial(self._measured, name, measure))
            piece["figures"] += piece[name]["figures"]
        return piece

    def _measured(self, name: str, measure: Callable[[], Property]) -> Piece:
        result = measure()
        if result.figure is not None:
            save_figure(result.figure, self.folder / name)
        rows = [row.piece for row in result.rows]
        figures = [f"{name}.png"] if result.figure is not None else []
        return {"rows": rows, "failures": result.failures, "figures": figures}

    def materials(self, crystals: list[Crystal]) -> Piece:
        """Crystals on both potentials; on rank 0 alone."""
        parts = {}
        for crystal in crystals:
            name, quick = f"material_{crystal.name}", str(self.wanted.quick)
            key = self._key(name, cell=crystal.digest, quick=quick)
            parts[crystal.name] = kept(self.folder, name, key, partial(self._material, crystal))
        merits = [part["merit"] for part in parts.values() if part["merit"] is not None]
        mean = sum(merits) / len(merits) if merits else None
        rows = [row.piece for row in phases(parts)]
        return plain({"crystals": parts, "phases": rows, "merit": mean})

    def _material(self, crystal: Crystal) -> Piece:
        pair = Comparison(self.potential, self.reference, self.wanted.names)
        compared, name = compared_material(pair, crystal, self.wanted.quick, self.say), crystal.name
        if compared.figure is not None:
            save_figure(compared.figure, self.folder / f"material_{name}")
        figures = [f"material_{name}.png"] if compared.figure is not None else []
        return {**compared.piece, "formula": crystal.formula, "figures": figures}

    def sticking(self, source: Source, reference: Potential) -> Piece:
        """Paired sticking; every rank must call this."""
        key = self._key(
            "sticking",
            input=json.dumps(identity(source.input), sort_keys=True),
            most=str(source.input.guards.most_unsettled),
        )
        piece = self.ranks.share(lambda: load(self.folder, "sticking", key))
        if piece is not None:
            return piece
        rows = run_paired(source, self.potential, reference, self.folder, self.ranks, self.console)
        return self.ranks.share(lambda: self._sticking(key, rows))

    def _sticking(self, key: str, rows: list[PairedSticking]) -> Piece:
        save_figure(paired_figure(rows, *self.wanted.names), self.folder / "paired_sticking")
        piece = {
            "input": str(self.wanted.sticking),
            "endings": [ending.name.lower() for ending in ENDINGS],
            "points": [table_of(row) for row in rows],
            "figures": ["paired_sticking.png"],
        }
        return save(self.folder, "sticking", key, piece)


def _typical(frames: list[Atoms]) -> Atoms:
    """The first frame of the commonest composition."""
    formulas = [frame.get_chemical_formula() for frame in frames]
    return frames[formulas.index(Counter(formulas).most_common(1)[0][0])]


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
