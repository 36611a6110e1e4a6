"""Results in Python: pandas tables of a campaign's folder, as `scatter.Results`."""

import re
import warnings
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scatter.analysis import (
    GAUSSIAN,
    HISTOGRAM,
    PARITY,
    Binning,
    Counts,
    Undetermined,
    fit,
    rotational_populations,
    rotational_temperatures,
    transitions,
)
from scatter.analysis.likelihood import Form
from scatter.analysis.products import branching
from scatter.analysis.resolved import Resolved, resolved
from scatter.analysis.tables import HEADERS
from scatter.columns import vectors
from scatter.initial.formulas import atom_symbols
from scatter.report.desorbed import points_of, table_of
from scatter.report.failures import unknown
from scatter.report.fits import fitted_curves
from scatter.report.page import write_report
from scatter.report.products import product_table
from scatter.report.splitting import COLUMNS as SPLITTING_COLUMNS
from scatter.report.splitting import splitting_row
from scatter.report.states import ladders
from scatter.report.zero_point import told_of, zero_point_table
from scatter.results.export import as_text
from scatter.results.folder import ResultsFile
from scatter.results.read import read_reactive
from scatter.results.together import results_of
from scatter.settings import UserError

BINNINGS = {"histogram": HISTOGRAM, "gaussian": GAUSSIAN, "parity": PARITY}


class Results:
    """The results of a campaign, as pandas tables."""

    def __init__(self, read: ResultsFile, folder: Path | None):
        """Take results that have been read; see `open`."""
        self.read, self.folder = read, folder
        sentence = ""
        if not read.description.weighted:
            sentence = unknown(read.rows, read.guards.most_unsettled)
        if sentence:
            warnings.warn(sentence, stacklevel=3)

    @classmethod
    def open(cls, folder: str | Path, *others: str | Path) -> "Results":
        """The results in a campaign's folder, or in those of several that are taken as one.

        A point that several have is one point with the trajectories of all.

        Raises:
            UserError: there are none, or the campaigns do not go together.
        """
        if others:
            folders = [Path(folder), *map(Path, others)]
            return cls(results_of(folders), None)
        return cls(ResultsFile.of(Path(folder), weighted=True), Path(folder))

    @cached_property
    def points(self) -> pd.DataFrame:
        """A row for each set of conditions."""
        return _frame(self.read.points).set_index("point")

    @cached_property
    def trajectories(self) -> pd.DataFrame:
        """A row for each trajectory: the conditions of its point, and all that was measured.

        Of an unfinished campaign those that count (`scatter.analysis.in_turn`).
        """
        return self._told(_frame(self.read.trajectories))

    def _told(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rows of trajectories with the words of their endings, and their points' conditions."""
        names = self.read.description.ending_names
        table.insert(2, "ended", [names[code] for code in table["outcome"]])
        chosen = [name for name in self.points if name not in table]
        return table.join(self.points[chosen], on="point")

    def atoms(self) -> pd.DataFrame:
        """Where every atom of every projectile began and ended, and how fast: a row for each.

        Columns: point, number, atom (from 1 on, in the formula's order), symbol, ended; then
        `initial_x_A` ... and `final_vz_A_per_fs`, by the names of `trajectories`.
        """
        rows, formulas = self.read.trajectories, self.read.points["molecule"][:]
        names = self.read.description.ending_names
        symbols = {formula: atom_symbols(formula) for formula in {*formulas.tolist()}}
        counts = np.array([len(symbols[formula]) for formula in formulas.tolist()])
        parts = []
        for atom in range(int(counts.max(initial=0))):
            mine = rows[counts[rows["point"]] > atom]
            molecules = formulas[mine["point"]].tolist()
            table = {"point": mine["point"], "number": mine["number"], "atom": atom + 1}
            table["symbol"] = [symbols[formula][atom] for formula in molecules]
            table["ended"] = [names[code] for code in mine["outcome"].tolist()]
            table |= {
                column.name.replace(f"{atom + 1}_", "_"): mine[column.name]
                for column in vectors(atom + 1)
                if re.search(rf"[xyz]{atom + 1}_", column.name)
            }
            parts.append(pd.DataFrame(table))
        return pd.concat(parts).sort_values(["point", "number", "atom"], ignore_index=True)

    def sticking(self) -> pd.DataFrame:
        """S0 of each point with its 95 % interval, counts and bounds; as `sticking.csv`.

        Raises:
            UserError: trajectories have weights; so do fits, states, rotation and temperatures.
        """
        self.read.description.refuse_weights()
        if self.read.kind == "desorption":
            raise UserError("sticking: shots from a dividing surface have no S0; see desorption()")
        return pd.DataFrame(
            {
                **{name: getattr(row, name) for name in ("surface", *HEADERS[self.read.kind])},
                **{ending.name: count for ending, count in row.others},
            }
            for row in self.read.rows
        )

    def splitting(self) -> pd.DataFrame:
        """How points that were split came through their levels, a row each; as `splitting.csv`.

        P with its interval and the spread of one replicate, levels, distinct ancestors, the
        trajectories that it cost and how many times fewer these are than crude ones; values of
        each level and of each replicate as tuples.
        """
        numbers = self.read.points["point"].tolist()
        rows = [
            {"point": numbers[place], **splitting_row(passage)}
            for place, passage in self.read.passages.items()
        ]
        columns = ["point", *SPLITTING_COLUMNS]
        return self.points.join(pd.DataFrame(rows, columns=columns).set_index("point"), how="right")

    @cached_property
    def replicates(self) -> pd.DataFrame:
        """A row for each replicate of each point that was split, at each of its levels."""
        return pd.DataFrame(self.read.replicates)

    @cached_property
    def reactive(self) -> pd.DataFrame:
        """A row for each start that came to the event at points that were split, as `trajectories`.

        `weight` is its part of the point's P, so that the weights of a point add up to that. Those
        of one replicate are alike: only replicates are independent.

        Raises:
            UserError: these results hold none.
        """
        if self.folder is None:
            raise UserError("reactive: rows of starts are those of one campaign; open it alone")
        if not self.read.passages:
            raise UserError(f"{self.folder}: no point was split, so there are no reactive starts")
        table = _frame(read_reactive(self.folder))
        numbers = self.read.points["point"].tolist()
        R = {numbers[n]: len(passage.each) for n, passage in self.read.passages.items()}
        weight = table.pop("probability") / [R[point] for point in table["point"].tolist()]
        table.insert(3, "weight", weight)
        return self._told(table)

    def fits(self, form: Form = "erf", amplitude: float | None = None) -> pd.DataFrame:
        """Fits S0 = A g((E - E0)/W) along the incidence energy, a row for each curve.

        Args:
            form: of g: "erf", "logistic" or "gompertz". Figures draw the one that describes the
                points best, whose E0 and W are not those of another form.
            amplitude: A, if it is not to be fitted.

        Raises:
            UserError: no curve can be fitted; says why.
        """
        self.read.description.refuse_weights()
        rows, sentences = [], []
        for words, group in self.read.scans(self.read.rows):
            answer = fit(Counts.of(group), form, amplitude)
            if isinstance(answer, Undetermined):
                sentences.append(f"{words}: {answer.sentence}")
            else:
                rows.append({"curve": words, **asdict(answer)})
        if not rows:
            raise UserError("; ".join(sentences) or "there is no point to fit")
        return pd.DataFrame(rows).drop(columns="draws")

    def fitted(
        self,
        energies_eV: ArrayLike | None = None,
        form: Form | None = None,
        amplitude: float | None = None,
    ) -> pd.DataFrame:
        """S0 of the fitted curves with their 95 % bands, to draw: a row for each energy of each.

        Args:
            energies_eV: where; by default 200 from the first to the last point of each curve.
            form: as of `fits`; by default that which describes the points best, as in figures.
            amplitude: as of `fits`.

        Raises:
            UserError: no curve can be fitted; says why, as a warning does of some.
        """
        self.read.description.refuse_weights()
        return fitted_curves(self.read.rows, energies_eV, form, amplitude)

    def desorption(self) -> pd.DataFrame:
        """A row for each point of a desorption campaign; as `desorption.csv`.

        Shots, means and temperatures of what desorbs, thermal sticking and rate, with intervals.

        Raises:
            UserError: the campaign fired beams.
        """
        return pd.DataFrame(table_of(points_of(self.read)))

    def resolved(self, point: int = 0) -> Resolved:
        """S0(E, v, J) of a point of a desorption campaign, by regression.

        Raises:
            UserError: the campaign fired beams, or too few shots desorbed.
        """
        return resolved(points_of(self.read)[point].desorbed)

    def products(self) -> pd.DataFrame:
        """P of every product of every point, with intervals of each alone and of all together."""
        self.read.description.refuse_weights()
        return product_table(self.read)

    def branching(self) -> pd.DataFrame:
        """Ratios of the probabilities of any two products of a point, with 95 % intervals."""
        return branching(self.products())

    def zero_point(self, threshold_eV: float | None = None) -> pd.DataFrame:
        """Scattered molecules with less than zero-point vibration, and S0 above the threshold.

        Args:
            threshold_eV: V_b + ZPE of the saddle, above the molecule at rest; by default what
                `scatter zero-point` has found for this folder.
        """
        self.read.description.refuse_weights()
        stored = told_of(self.folder)
        if threshold_eV is not None:
            pairs = dict.fromkeys((row.facet, row.molecule) for row in self.read.rows)
            given = [{"facet": f, "molecule": m, "threshold_eV": threshold_eV} for f, m in pairs]
            stored = {**stored, "thresholds": given}
        return zero_point_table(self.read, stored)

    def states(self, binning: str = "parity") -> pd.DataFrame:
        """P(v', J' | v, J) of every point among all and among the scattered, with intervals.

        Args:
            binning: how final quantum numbers become whole ones: "histogram", "gaussian" or
                "parity", where J changes by an even number in homonuclear molecules.
        """
        return transitions(*self._seen(binning))

    def rotation(self, binning: str = "parity") -> pd.DataFrame:
        """P(J' | v') of every point, with intervals and the Boltzmann law of the same mean."""
        points, rows, chosen = self._seen(binning)
        return rotational_populations(points, rows, ladders(self.read.molecules), chosen)

    def temperatures(self, binning: str = "parity") -> pd.DataFrame:
        """Rotational temperature of every point and v', with intervals."""
        points, rows, chosen = self._seen(binning)
        return rotational_temperatures(points, rows, ladders(self.read.molecules), chosen)

    def report(self) -> Path:
        """Write `report.html` into the folder; return its path.

        Raises:
            UserError: the results are in memory alone.
        """
        if self.folder is None:
            raise UserError("report: these results have no folder; run with folder = ...")
        return write_report(self.folder)

    def _seen(self, binning: str) -> tuple[np.ndarray, np.ndarray, Binning]:
        self.read.description.refuse_weights()
        self.read.refuse_other_than_diatomics("a final state (v, J)")
        if binning not in BINNINGS:
            raise UserError(f"binning = {binning!r} must be one of {', '.join(BINNINGS)}")
        return self.read.points, self.read.trajectories, self.read.alike(BINNINGS[binning])


def _frame(rows: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({name: as_text(rows[name]) for name in rows.dtype.names or ()})
