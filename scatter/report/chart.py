"""Which numbers of a table the page draws as points that answer a pointer and the keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scatter.analysis import scanned
from scatter.analysis.words import varied
from scatter.conditions import CONDITIONS
from scatter.report.cells import Row, numbers_of, tell
from scatter.results.folder import ResultsFile


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
    """

    x: str
    y: str
    label_x: str
    label_y: str
    low: str = "low"
    high: str = "high"
    curves: Sequence[str] = ()

    def of(self, row: Row) -> Mapping[str, str]:
        """What the script needs of a row."""
        numbers = dict(numbers_of(row, x=self.x, y=self.y, low=self.low, high=self.high))
        return {**numbers, "curve": tell(row, self.curves)}


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
