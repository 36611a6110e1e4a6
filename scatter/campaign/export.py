"""The trajectories of `results.h5` for other programs: CSV, Parquet, or frames for ASE."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scatter import store
from scatter.analysis import in_turn
from scatter.campaign.ends import finite, write_ends
from scatter.conditions import CONDITIONS, condition_columns
from scatter.config.mistakes import near
from scatter.files import replacing, write_table
from scatter.outcomes import COLUMNS, MEANINGS, ending_names
from scatter.outputs import EXTXYZ, refuse_ending
from scatter.results import Told
from scatter.settings import UserError

OF_POINTS = [*condition_columns(name for name in CONDITIONS if name not in MEANINGS)]
EXPORTED = [COLUMNS[0], *OF_POINTS, *COLUMNS[1:]]  # name, type, unit, meaning; then one's own
CSVW_TYPES = {"u1": "unsignedByte", "u2": "unsignedShort", "u4": "unsignedInt", "f8": "double",
              "i8": "long", "str": "string"}  # fmt: skip
ENDINGS = {"extxyz": EXTXYZ}  # of other formats their own names
AT_ONCE = 10_000  # rows as Python objects
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
        text = f"{self.output}: {sum(self.outcomes.values())} trajectories ({counts})"
        if self.nowhere:
            text += f"\n{self.nowhere} ends are not finite: these have a start alone"
        if self.early:
            text += (
                f"\n{self.early} of them ended before slower ones of lower number: until the "
                "campaign has ended, a mean over all leans towards dissociation"
            )
        return text


def export(folder: Path, format: str = "csv", output: Path | None = None) -> Exported:
    """Write the trajectories of a campaign's `results.h5`, each with the conditions of its point.

    A table has the columns `EXPORTED`, exactly as they are in `results.h5`; nothing is left out.
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
        raise UserError(f"--output {output}: is there already; remove it or name another file")
    refuse_ending("--output", path, *ENDINGS.get(format, (f".{format}",)))
    points, rows, attributes = store.read_results(folder)
    if not len(rows):
        raise UserError(f"{folder / store.RESULTS}: holds no trajectory yet; run the campaign on")
    try:
        WRITERS[format](path, points, rows, attributes)
    except OSError as error:
        raise UserError(
            f"--output {path}: cannot be written ({error.strerror or error})"
        ) from error
    names = ending_names(attributes.own_endings)
    ended = {name: int((rows["outcome"] == code).sum()) for code, name in names.items()}
    nowhere = int((~finite(rows)).sum()) if format == "extxyz" else 0
    return Exported(path, ended, len(rows) - len(in_turn(rows)), nowhere)


def joined(points: np.ndarray, rows: np.ndarray) -> Columns:
    """The columns `EXPORTED`, of the trajectories and of each one's point, and those of one's own.

    Args:
        points: the table `/points`.
        rows: the table `/trajectories`.
    """
    conditions = points[rows["point"]]
    chosen = {name for name, *_ in OF_POINTS}
    usual = [name for name, *_ in EXPORTED]
    names = [*usual, *(name for name in rows.dtype.names or () if name not in usual)]
    return {name: (conditions if name in chosen else rows)[name] for name in names}


def _write_csv(path: Path, points: np.ndarray, rows: np.ndarray, attributes: Told) -> None:
    """A header and a row for each trajectory; NaN is an empty cell. The columns are told beside."""
    columns = joined(points, rows)
    beside = path.with_name(f"{path.name}-metadata.json")
    told = json.dumps(_csvw(path.name, attributes), indent=1, ensure_ascii=False)
    with replacing(beside) as metadata:
        metadata.write_text(told, encoding="utf-8")
        write_table(path, columns, _cells(columns, len(rows)))


def _cells(columns: Columns, length: int) -> Iterator[tuple[Any, ...]]:
    """Rows of Python's own values."""
    for first in range(0, length, AT_ONCE):
        some = (column[first : first + AT_ONCE].tolist() for column in columns.values())
        yield from zip(*some, strict=True)


def _csvw(name: str, attributes: Told) -> dict[str, Any]:
    """What a CSV file holds, as JSON: W3C's "Metadata Vocabulary for Tabular Data" (2015)."""
    columns = [
        {"name": name, "titles": name, "datatype": CSVW_TYPES[kind], "dc:description": meaning,
         "schema:unitText": unit}
        for name, kind, unit, meaning in [*EXPORTED, *attributes.own_columns]
    ]  # fmt: skip
    notes = {key: value.item() if isinstance(value, np.generic) else value
             for key, value in attributes.items()}  # fmt: skip
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "url": name,
        "tableSchema": {"columns": columns, "primaryKey": ["point", "number"]},
        "notes": [notes],
    }


def _write_parquet(path: Path, points: np.ndarray, rows: np.ndarray, attributes: Told) -> None:
    """The same table; unit and meaning of a column, and the campaign, are the schema's metadata."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError(
            "--format parquet: needs pyarrow; install it with "
            f"`pip install 'surface-scatter[parquet]'` ({error}), or choose csv"
        ) from error
    arrays = [pyarrow.array(column) for column in joined(points, rows).values()]
    fields = [
        pyarrow.field(name, array.type, metadata={"unit": unit, "meaning": meaning})
        for array, (name, _, unit, meaning) in zip(
            arrays, [*EXPORTED, *attributes.own_columns], strict=True
        )
    ]
    schema = pyarrow.schema(fields, {key: str(value) for key, value in attributes.items()})
    with replacing(path) as temporary:
        parquet.write_table(pyarrow.table(arrays, schema=schema), temporary)


Writer = Callable[[Path, np.ndarray, np.ndarray, Told], None]
WRITERS: dict[str, Writer] = {
    "csv": _write_csv, "parquet": _write_parquet, "extxyz": write_ends,
}  # fmt: skip
