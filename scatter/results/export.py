"""The trajectories of `results.h5` for other programs: CSV, Parquet, or frames for ASE."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from scatter.analysis import in_turn
from scatter.conditions import OF_KIND, condition_columns
from scatter.config.mistakes import near
from scatter.files import replacing
from scatter.outputs import EXTXYZ, refuse_ending
from scatter.phrases import counted
from scatter.results.ends import finite, plain, write_ends
from scatter.results.read import Content, read_content
from scatter.rows import COLUMNS, MEANINGS
from scatter.settings import UserError
from scatter.store import RESULTS

OF_POINTS = [*condition_columns(name for name in OF_KIND["diatomic"] if name not in MEANINGS)]
EXPORTED = [COLUMNS[0], *OF_POINTS, *COLUMNS[1:]]  # of diatomics; the user's own follow
CSVW_TYPES = {
    "u1": "unsignedByte",
    "u2": "unsignedShort",
    "u4": "unsignedInt",
    "f8": "double",
    "i8": "long",
    "str": "string",
}
ENDINGS = {"extxyz": EXTXYZ}  # of other formats their own names
Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Exported:
    """What `export` did.

    Attributes:
        output: the file written.
        outcomes: how many trajectories ended how.
        early: those that ended before slower ones of lower number, while a campaign is unfinished.
        nowhere: ends that are not finite, which frames cannot hold and tables do.
    """

    output: Path
    outcomes: dict[str, int]
    early: int
    nowhere: int

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.outcomes.items())
        text = f"{self.output}: {counted(sum(self.outcomes.values()), 'trajectory')} ({counts})"
        if self.nowhere:
            text += f"\n{self.nowhere} ends are not finite: these have a start alone"
        if self.early:
            text += (
                f"\n{self.early} of them ended before slower ones of lower number: until the "
                f"campaign has ended, a mean over all is biased towards dissociation"
            )
        return text


def export(folder: Path, format: str = "csv", output: Path | None = None) -> Exported:
    """Write the trajectories of a campaign's `results.h5`, each with the conditions of its point.

    A table has all columns of `results.h5`, exactly as they are there; nothing is left out.
    Frames are the start and the end of every molecule, without its slab.

    Args:
        folder: of the campaign.
        format: "csv", with `-metadata.json` beside it; "parquet"; or "extxyz".
        output: a new file; by default `trajectories` and the format in the folder, replaced.

    Raises:
        UserError: the format is unknown or needs pyarrow, there are no results, or the file cannot
            be written or is there already.
    """
    if format not in WRITERS:
        meant = near(format, WRITERS)
        hint = f"did you mean {meant}?" if meant else f"choose one of {', '.join(WRITERS)}"
        raise UserError(f"--format {format}: is not known; {hint}")
    path = output or folder / f"trajectories.{format}"
    if output and output.exists():
        raise UserError(f"--output {output}: already exists; remove it or name another file")
    refuse_ending("--output", path, *ENDINGS.get(format, (f".{format}",)))
    content = read_content(folder)
    rows = content.trajectories
    if not len(rows):
        raise UserError(f"{folder / RESULTS}: holds no trajectory yet; continue the campaign")
    try:
        WRITERS[format](path, content)
    except OSError as error:
        raise UserError(
            f"--output {path}: cannot be written ({error.strerror or error})"
        ) from error
    names = content.description.ending_names
    ended = {name: int((rows["outcome"] == code).sum()) for code, name in names.items()}
    nowhere = int((~finite(rows)).sum()) if format == "extxyz" else 0
    return Exported(path, ended, len(rows) - len(in_turn(rows)), nowhere)


def joined(content: Content) -> Columns:
    """The columns that `described` names, of the trajectories and of each one's point."""
    rows = content.trajectories
    conditions = content.points[rows["point"]]
    own = {*(rows.dtype.names or ())}
    names = [name for name, *_ in described(content)]
    return {name: as_text((rows if name in own else conditions)[name]) for name in names}


def described(content: Content) -> list[tuple[str, str, str, str]]:
    """Name, type, unit and meaning of each column of an exported table."""
    first, *others = content.description.columns
    known = {name for name, *_ in content.description.columns}
    there = [name for name in content.points.dtype.names or () if name not in known]
    columns = [(c.name, c.kind, c.unit, c.meaning) for c in (first, *others)]
    return [columns[0], *condition_columns(there), *columns[1:]]


def as_text(column: np.ndarray) -> np.ndarray:
    """A column as it is written: bytes as text."""
    return np.char.decode(column) if column.dtype.kind == "S" else column


def _write_csv(path: Path, content: Content) -> None:
    """A header and a row for each trajectory, and beside them a file that describes the columns.

    Numbers are the shortest text that reads back to the same bits; NaN is an empty cell.
    """
    beside = path.with_name(f"{path.name}-metadata.json")
    schema = json.dumps(_csvw(path.name, content), indent=1, ensure_ascii=False)
    with replacing(path) as table, replacing(beside) as metadata:
        metadata.write_text(schema, encoding="utf-8")
        pd.DataFrame(joined(content)).to_csv(table, index=False, lineterminator="\n")


def _csvw(name: str, content: Content) -> dict[str, object]:
    """What a CSV file holds, as JSON: W3C's "Metadata Vocabulary for Tabular Data" (2015)."""
    columns = [
        {
            "name": name,
            "titles": name,
            "datatype": "string" if kind[0] == "S" else CSVW_TYPES[kind],
            "dc:description": meaning,
            "schema:unitText": unit,
        }
        for name, kind, unit, meaning in described(content)
    ]
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "url": name,
        "tableSchema": {"columns": columns, "primaryKey": ["point", "number"]},
        "notes": [{key: plain(value) for key, value in content.description.items()}],
    }


def _write_parquet(path: Path, content: Content) -> None:
    """The same table; unit and meaning of a column, and the campaign, are the schema's metadata."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError(
            "--format parquet: needs pyarrow; install it with "
            f"`pip install 'surface-scatter[parquet]'` ({error}), or choose csv"
        ) from error
    arrays = [pyarrow.array(column) for column in joined(content).values()]
    fields = [
        pyarrow.field(name, array.type, metadata={"unit": unit, "meaning": meaning})
        for array, (name, _, unit, meaning) in zip(arrays, described(content), strict=True)
    ]
    notes = {key: str(value) for key, value in content.description.items()}
    schema = pyarrow.schema(fields, notes)
    with replacing(path) as temporary:
        parquet.write_table(pyarrow.table(arrays, schema=schema), temporary)


WRITERS: dict[str, Callable[[Path, Content], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "extxyz": write_ends,
}
