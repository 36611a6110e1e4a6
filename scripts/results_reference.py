"""Write docs/results.md, the reference of `results.h5`, from the columns' own meanings.

Usage: python scripts/results_reference.py
"""

from collections.abc import Iterable
from pathlib import Path

from scatter.conditions import condition_columns
from scatter.outcomes import COLUMNS

PAGE = Path(__file__).parent.parent / "docs" / "results.md"

HEAD = """\
# The results

<!-- Written by scripts/results_reference.py from the columns; edit those, then run it. -->

`results.h5` holds a whole campaign: `/trajectories`, a row for each that has ended, whatever its
outcome; `/points`, a row for each set of conditions; and, as attributes of the file, the input
verbatim, the seed, the versions, and the hashes of the potential and the slabs. While a campaign
runs, `scatter status DIR` makes the file anew from what has ended so far. The quick trajectories
are then ahead of the slow ones, and dissociation is quick: take means over a finished campaign, or
let `scatter analyse DIR` choose the rows that may be counted.

## Open it

In [pandas](https://pandas.pydata.org), a row for each trajectory:

```python
import h5py, pandas as pd

rows = pd.DataFrame(TRAJECTORIES[:])
```

In [xarray](https://xarray.dev), a variable for each column, by point and number:

```python
import h5py, pandas as pd, xarray

rows = pd.DataFrame(TRAJECTORIES[:])
table = rows.set_index(["point", "number"]).to_xarray()
```

Unit and meaning of a column are attributes beside it:

```python
import h5py

told = TRAJECTORIES.attrs
print(told["final_J.unit"], told["final_J.meaning"])
```

## Other formats

`scatter export DIR --format csv|parquet|extxyz [--output FILE]` writes the trajectories of
`results.h5` for other programs: `trajectories.csv`, `.parquet` or `.extxyz` in DIR, replaced if it
is there, or a new FILE. The file is seen whole or not at all. The two tables have a row for every
trajectory, also of the undecided and the failed, and every column below with the same bits, the
conditions of its point beside its number.

**CSV** opens everywhere. NaN is an empty cell. Units, meanings and the campaign's own description
are in `trajectories.csv-metadata.json`, after the W3C's recommendation for tables on the web.
pandas takes a facet for a number unless told `dtype={"facet": str}`, and before version 3.1 reads
the last bit of a number with `float_precision="round_trip"` only.

```python
import pandas as pd

rows = pd.read_csv("runs/h2_cu111/trajectories.csv")
```

**Parquet** keeps the types, and in its schema units, meanings and the campaign's description. It
needs pyarrow: `pip install 'surface-scatter[parquet]'`.

```python
import pandas as pd

rows = pd.read_parquet("runs/h2_cu111/trajectories.parquet")
```

**Extended XYZ** holds the molecule at the start and at the end of every trajectory, two frames one
after the other, with positions and momenta (eight decimals) and the masses of its isotopes, in
ASE's units. `info` says which trajectory and which end it is, the conditions, the outcome, the
height Z_A of the centre of mass above the top plane, and of the scattered the final v, J and
angles. A failed trajectory whose end is not finite has its start alone; `export` says how many. The
slab is not in `results.h5`: for whole trajectories ask for `[frames]`, which are extended XYZ too,
with the slab, energies and forces, in `DIR/frames`.

```python
from ase.io import read

frames = read("runs/h2_cu111/trajectories.extxyz", ":")
scattered = [f.get_kinetic_energy() for f in frames if f.info["outcome"] == "scattered"]
```

""".replace("TRAJECTORIES", 'h5py.File("runs/h2_cu111/results.h5")["trajectories"]')

Column = tuple[str, str, str, str]
TYPES = {"u1": "uint8", "u2": "uint16", "u4": "uint32", "f8": "float64", "str": "text"}
OF_A_POINT = [("point", "u4", "", "number of the point"), *condition_columns()]


def page() -> str:
    """The whole reference as Markdown."""
    tables = [
        f"## Columns of `{name}`\n\n{_table(columns)}\n"
        for name, columns in (("/points", OF_A_POINT), ("/trajectories", COLUMNS))
    ]
    return HEAD + "\n".join(tables)


def _table(columns: Iterable[Column]) -> str:
    rows = [
        f"| `{name}` | {unit} | {TYPES[kind]} | {meaning.replace('|', chr(92) + '|')} |"
        for name, kind, unit, meaning in columns
    ]
    return "\n".join(["| column | unit | type | meaning |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
