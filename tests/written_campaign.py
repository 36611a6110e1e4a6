"""A campaign's folder whose trajectories never ran."""

from pathlib import Path

from written_blocks import keep, row

from scatter import store
from scatter.config import identity, parse, points, points_table
from scatter.outcomes import Outcome

H2 = (
    '[molecule]\nformula = "H2"\nv = 0\nj = 0\n[surface]\ntemperature_K = 600\n'
    'facet = "111"\nlattice_constant_A = 3.7\n'
)


def written_campaign(folder, text, counts, merge=True, **columns):
    """Write a campaign of these counts (dissociated, scattered) for each point into a folder.

    Args:
        folder: of the campaign.
        text: its input.
        counts: for each point.
        merge: whether its results.h5 is made too.
        columns: of all its rows.
    """
    input = parse(Path("in.toml"), text).input
    told = {
        "input": text,
        "identity": identity(input),
        "seed": input.run.seed,
        "potential": "made up",
        "potential_sha256": "none",
        "started": "2026-01-01",
        "lattice_constant_A": {"111 600 K": 3.7},
        "molecules": {},
    }
    store.write_manifest(folder, told)
    writer = store.BlockWriter(folder, 0, keep)
    for point, (stuck, left) in enumerate(counts):
        ends = [Outcome.DISSOCIATED] * stuck + [Outcome.SCATTERED] * left
        for number, outcome in enumerate(ends):
            writer.add(row(number, point=point, outcome=outcome, **columns))
    writer.flush()
    if merge:
        store.merge(folder, points_table(points(input)))
    return folder
