"""Write docs/results.md, the reference of `results.h5`, from the columns' own meanings.

Usage: python scripts/results_reference.py
"""

from collections.abc import Iterable
from pathlib import Path

from scatter.columns import (
    BACK,
    BATH,
    CROSSED,
    CROSSING,
    ELECTRONS,
    ELECTRONS_OF_A_BOND,
    LOSS,
    NOT_REACTIVE,
    REACTED,
    REACTIVE,
    REPLICATES,
)
from scatter.conditions import OF_KIND, condition_columns
from scatter.initial.pieces import GAS
from scatter.rows import COLUMNS

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
TYPES = {
    "u1": "uint8",
    "u2": "uint16",
    "u4": "uint32",
    "u8": "uint64",
    "f8": "float64",
    "str": "text",
    "S80": "text",
    "S16": "text",
}
OF_A_POINT = [
    ("point", "u4", "", "number of the point"),
    *condition_columns(OF_KIND["diatomic"]),
]
HEATED = """\
The last is of diatomics. Where a laser heats the metal (`[friction.laser]`), `/temperatures` holds
a group for each slab, with the temperatures of its surface at `time_fs`: `electrons_K` and
`lattice_K`."""
OTHERS = """\
## Atoms and polyatomics

Points of atoms lack `v`, `J` and `mJ`; those of polyatomics have `state` in their place, the
internal state in words. Trajectories have the columns above but for those of a bond and of its
state (`v`, `J`, `m_J`, `bond_A`, `theta_deg`, `phi_deg`, `lowest_r_A`, `lowest_theta_deg`,
`lowest_phi_deg`, `final_v`, `final_J`), positions and velocities of as many atoms as there are, and
these:

"""
SPLIT = """\
## Columns of `/replicates`

Where points were [split](rare_events.md), a row for each replicate at each of its levels. The
probability of a replicate is the product of survivors / starts over its levels; that of a point the
mean over its replicates, without the pilot. Such points need not have rows in `/trajectories`.

"""
EVENTS = f"""
## Columns of `/reactive`

The starts that came to the event at points that were split: run once more, with all that is
measured of crude trajectories, and in a table of their own, so that nobody counts them as such. A
row has the columns of `/trajectories` but `{NOT_REACTIVE}`, numbers of its own, and before them
those below. The probabilities of a replicate add up to its P. `Results.reactive` has them divided
by the number of replicates, as `weight`; `scatter inspect DIR --reactive --number N` replays one.

"""
POLYATOMIC = """

Polyatomics also have, of the start, the quanta `n1`, `n2`, ... of their modes, `phase_point`,
`vibrational_eV`, `rotational_eV`, `initial_J` and `initial_K`; and of the scattered `final_J`,
`final_rotational_eV`, `final_vibrational_eV` and the energies `final_mode1_eV`, ... of the modes,
which are harmonic and approximate. Codes of outcomes beyond 4 are named in the attribute
`endings`, in their order from 5 on.

Points of what begins adsorbed have `state` = adsorbed, and neither energy nor angles; its rows lack
`impact_x_A`, `impact_y_A` and `energy_loss_eV`, and outcome 2 means desorbed.

Where bonds may break or form (projectiles of several atoms, or adsorbates on the slab), rows tell
of the largest fragment that has flown off after a reaction:

"""
DESORPTION = """
## Desorption

Points of `[incidence] kind = "desorption"` have `facet`, `T_K` and `molecule` alone. A trajectory
is a shot from a dividing surface, both ways in time: `initial_...` is where it begins,
`final_...` the end of its forward part. Outcome 5 is desorbed, 6 recrossed; 2, scattered, means
that it came from the gas, too. It lacks `v`, `J`, `m_J`, `impact_x_A`, `impact_y_A` and
`snapshot`, and has these:

"""


def page() -> str:
    """The whole reference as Markdown."""
    tables = [
        f"## Columns of `{name}`\n\n{_table(columns)}\n"
        for name, columns in (("/points", OF_A_POINT), ("/trajectories", COLUMNS))
    ]
    of_a_bath = f"With a bath below the slab (`[dynamics] bath`), also:\n\n{_table(BATH)}\n"
    of_electrons = (
        "With electronic friction (`[friction] kind`), also:\n\n"
        f"{_table([*ELECTRONS, *ELECTRONS_OF_A_BOND])}\n\n{HEATED}\n"
    )
    of_others = f"{OTHERS}{_table([*REACTED, *LOSS])}{POLYATOMIC}{_table(GAS)}\n"
    of_splitting = f"{SPLIT}{_table(REPLICATES)}\n{EVENTS}{_table(REACTIVE)}\n"
    of_shots = f"{DESORPTION}{_table([CROSSING[-1], *CROSSED, *BACK])}\n"
    parts = [*tables, of_a_bath, of_electrons, of_splitting, of_others, of_shots]
    return HEAD + "\n".join(parts)


def _table(columns: Iterable[Column]) -> str:
    rows = [
        f"| `{name}` | {unit} | {TYPES[kind]} | {meaning.replace('|', chr(92) + '|')} |"
        for name, kind, unit, meaning in columns
    ]
    return "\n".join(["| column | unit | type | meaning |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
