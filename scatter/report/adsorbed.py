"""What has left a surface that it began on: when, and with which energies."""

from collections.abc import Iterator
from typing import Any

from scatter.analysis.means import mean_of
from scatter.analysis.per_point import by_point
from scatter.outcomes import Outcome
from scatter.report.document import Exhibit, Section
from scatter.results.folder import ResultsFile
from scatter.units import K

ENERGIES = {
    "translational": "final_translational_eV",
    "rotational": "final_rotational_eV",
    "vibrational": "final_vibrational_eV",
}


def adsorbed_section(results: ResultsFile) -> Section:
    """Mean times and energies of what has desorbed."""
    rows = [*_rows(results)]
    if not rows:
        return Section("Desorption", ["Nothing has desorbed."])
    caption = (
        "What has desorbed: when, and mean energies with 95 % intervals. A flux in equilibrium "
        "with the surface has a mean translational energy of 2kT, so translational_K = E/2k."
    )
    table = Exhibit("desorbed", caption, rows=rows, columns=[*rows[0]][1:])
    return Section("Desorption", [], [table])


def _rows(results: ResultsFile) -> Iterator[dict[str, Any]]:
    for conditions, mine in by_point(results.points, results.trajectories):
        gone = mine[mine["outcome"] == Outcome.SCATTERED]
        if not len(gone):
            continue
        row = {**conditions, "n": len(mine), "desorbed": len(gone)}
        row["mean_time_fs"] = mean_of(gone["time_fs"].astype(float)).mean
        for name, column in ENERGIES.items():
            if column in (gone.dtype.names or ()):
                mean = mean_of(gone[column], least=0.0)
                row |= {f"{name}_eV": mean.mean, f"{name}_low_eV": mean.low}
                row[f"{name}_high_eV"] = mean.high
        yield {**row, "translational_K": row["translational_eV"] / (2 * K)}
