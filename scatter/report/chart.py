"""Which numbers of a table the page draws as points that answer a pointer and the keys."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scatter.analysis import Fit, scanned
from scatter.analysis.curve import Curve
from scatter.analysis.words import varied
from scatter.conditions import CONDITIONS
from scatter.phrases import counted
from scatter.plots.fitted import NAMES, Answer, plain_parameters
from scatter.report.cells import Row, numbers_of, tell
from scatter.results.folder import ResultsFile

ENERGIES = 60  # along a fitted curve


@dataclass(frozen=True)
class Line:
    """A fitted curve with its 95 % band, from the first to the last point that it was fitted to.

    Attributes:
        curve: the curve of the chart whose points were fitted.
        words: the form of the fit and its parameters.
        numbers: x, y, low and high along it, each in one text.
    """

    curve: str
    words: str
    numbers: Mapping[str, str]

    @classmethod
    def of(cls, curve: str, points: Curve, fitted: Fit) -> "Line":
        """The line of a fit to points along the energy."""
        known = points.x[np.isfinite(points.S0)]
        energy = np.linspace(known.min(), known.max(), ENERGIES)
        low, high = fitted.band(energy)
        columns = {"x": energy, "y": fitted(energy), "low": low, "high": high}
        numbers = {name: _spaced(each) for name, each in columns.items()}
        return cls(curve, f"{NAMES[fitted.form]}, {plain_parameters(fitted)}", numbers)


@dataclass(frozen=True)
class Cell:
    """A unit cell whose tiles are coloured by their values, and which repeats like the surface.

    Attributes:
        vectors: the x and y of its two lattice vectors, Å.
        side: tiles along each of them; rows of tiles go along the second first.
        radius: of the circles that stand for atoms, at the corners of the cell, Å.
        sites: names of places within it, with their x and y, Å.
        label: name of the value.
        most: value that has the last colour; the first is that of zero.
        colours: from low to high.
    """

    vectors: Sequence[float]
    side: int
    radius: float
    sites: Sequence[tuple[str, float, float]]
    label: str
    most: float
    colours: Sequence[str]

    @property
    def attributes(self) -> Mapping[str, str]:
        """What the script needs of it."""
        numbers = {"cell": self.vectors, "side": [self.side], "radius": [self.radius]}
        texts = {name: _spaced(each) for name, each in {**numbers, "most": [self.most]}.items()}
        return {**texts, "value": self.label, "colours": " ".join(self.colours)}

    def of(self, row: Row) -> Mapping[str, str]:
        """What the script needs of a tile."""
        words = f"{row['dissociated']} of {counted(row['count'], 'impact')}"
        return {**dict(numbers_of(row, up="y_A")), "words": words}


def _spaced(numbers: Iterable[float]) -> str:
    return " ".join(f"{number:.4g}" for number in numbers)


@dataclass(frozen=True)
class Chart:
    """Points with error bars along one column of a table.

    Attributes:
        x: column of the abscissa.
        y: column of the ordinate; where it is not a number, only the bar is drawn.
        label_x: name of the abscissa, with its unit.
        label_y: name of the ordinate.
        low: column of the lower end of the bar.
        high: column of the upper end.
        curves: columns whose values tell one curve from another.
        panel: column whose values are shown one at a time, by choice; "": all rows at once.
        stems: whether points stand on stems from zero instead of being joined.
        lines: fitted curves; where there are any, only they join points.
        cell: where rows are the tiles of a map: of which cell; `x` is then that of their middles.
    """

    x: str
    y: str
    label_x: str
    label_y: str
    low: str = "low"
    high: str = "high"
    curves: Sequence[str] = ()
    panel: str = ""
    stems: bool = False
    lines: Sequence[Line] = ()
    cell: Cell | None = None

    @property
    def attributes(self) -> Mapping[str, str]:
        """What the script needs of the whole."""
        labels = {"chart": "", "x": self.label_x, "y": self.label_y}
        stems = {"stems": ""} if self.stems else {}
        return {**labels, **stems, **(self.cell.attributes if self.cell else {})}

    def of(self, row: Row) -> Mapping[str, str]:
        """What the script needs of a row."""
        numbers = dict(numbers_of(row, x=self.x, y=self.y, low=self.low, high=self.high))
        panel = {"panel": tell(row, [self.panel])} if self.panel else {}
        tile = self.cell.of(row) if self.cell else {}
        return {**numbers, "curve": tell(row, self.curves), **panel, **tile}

    def with_fits(self, fits: Iterable[tuple[Row, Curve, Answer]]) -> "Chart":
        """The chart with the lines of fits, each with a row of its curve and all points of it."""
        lines = [
            Line.of(tell(row, self.curves), points, fitted)
            for row, points, fitted in fits
            if isinstance(fitted, Fit)
        ]
        return replace(self, lines=lines)


def chart_of(
    results: ResultsFile,
    label: str,
    y: str,
    low: str = "low",
    high: str = "high",
    by: Sequence[str] = (),
) -> Chart | None:
    """A chart along the condition that was scanned; None where a campaign has a single point.

    Args:
        results: whose points the rows are of.
        label: name of the ordinate.
        y: its column; so are the next two.
        low: of its interval.
        high: of its interval.
        by: columns, beside conditions, whose values tell curves apart.
    """
    if len(results.rows) < 2:
        return None
    along = scanned(results.rows)
    axis = CONDITIONS[along].axis
    assert axis is not None
    curves = (*(name for name in varied(results.rows) if name != along), *by)
    return Chart(along, y, axis.label, label, low, high, curves)
