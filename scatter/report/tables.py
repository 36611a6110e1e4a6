"""Results in Python: tables of pandas of a campaign's folder, as `scatter.Results`."""

import warnings
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from scatter.analysis import (
    GAUSSIAN,
    HEADER,
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
from scatter.outcomes import ending_names
from scatter.report.failures import unknown
from scatter.report.page import write_report
from scatter.report.states import ladders
from scatter.results.folder import ResultsFile
from scatter.settings import UserError

BINNINGS = {"histogram": HISTOGRAM, "gaussian": GAUSSIAN, "parity": PARITY}


class Results:
    """What came of a campaign, as tables of pandas."""

    def __init__(self, read: ResultsFile, folder: Path | None):
        """Take results that have been read; see `open`."""
        self.read, self.folder = read, folder
        sentence = ""
        if not read.description.weighted:
            sentence = unknown(read.rows, read.guards.most_unsettled)
        if sentence:
            warnings.warn(sentence, stacklevel=3)

    @classmethod
    def open(cls, folder: str | Path) -> "Results":
        """The results in a campaign's folder.

        Raises:
            UserError: there are none.
        """
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
        table = _frame(self.read.trajectories)
        names = ending_names(self.read.description.own_endings)
        table.insert(2, "ended", [names[code] for code in table["outcome"]])
        chosen = [name for name in self.points if name not in table]
        return table.join(self.points[chosen], on="point")

    def sticking(self) -> pd.DataFrame:
        """S0 of each point with its 95 % Wilson interval, counts and bounds; as `sticking.csv`.

        Raises:
            UserError: trajectories have weights; so do fits, states, rotation and temperatures.
        """
        self.read.description.refuse_weights()
        return pd.DataFrame(
            {
                **{name: getattr(row, name) for name in ("surface", *HEADER)},
                **{ending.name: count for ending, count in row.others},
            }
            for row in self.read.rows
        )

    def fits(self, form: Form = "erf", amplitude: float | None = None) -> pd.DataFrame:
        """Fits S0 = A g((E - E0)/W) along the incidence energy, a row for each curve.

        Args:
            form: of g: "erf", "logistic" or "gompertz".
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
        """Write `report.html` into the folder; answer its path.

        Raises:
            UserError: the results are in memory alone.
        """
        if self.folder is None:
            raise UserError("report: these results have no folder; run with folder = ...")
        return write_report(self.folder)

    def _seen(self, binning: str) -> tuple[np.ndarray, np.ndarray, Binning]:
        self.read.description.refuse_weights()
        if binning not in BINNINGS:
            raise UserError(f"binning = {binning!r} is none of {', '.join(BINNINGS)}")
        return self.read.points, self.read.trajectories, self.read.alike(BINNINGS[binning])


def _frame(rows: np.ndarray) -> pd.DataFrame:
    """A table of structured rows."""
    return pd.DataFrame({name: rows[name] for name in rows.dtype.names or ()})
