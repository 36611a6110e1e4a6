"""Results on disk: one folder a campaign, one writer a folder, nothing finished lost.

campaign.json       what is being run: input verbatim, seed, potential, versions, machine
blocks/*.block      finished trajectories as they come, each file complete or absent
splitting/*         of points that are split: their replicates, and where they stand
results.h5          all of them in one table, made from the blocks whenever asked for
lock                who writes here now: host, process, start time
"""

from scatter.store.blocks import (
    BLOCKS,
    MANIFEST,
    BlockWriter,
    block_files,
    damaged,
    each_once,
    endings,
    keys,
    picked,
    read_block,
    trajectories,
)
from scatter.store.description import Description
from scatter.store.lock import LOCK, only_writer, writer
from scatter.store.replicates import (
    REPLICATE,
    SPLITTING,
    reactive,
    reactive_of,
    reactive_type,
    replicates,
    replicates_of,
    splitting_file,
    write_reactive,
    write_replicates,
)
from scatter.store.table import (
    GROWN,
    POINTS,
    RESULTS,
    TEMPERATURES,
    merge,
    merged,
    read_manifest,
    row_of,
    write_manifest,
)

__all__ = [
    "BLOCKS",
    "GROWN",
    "LOCK",
    "MANIFEST",
    "POINTS",
    "REPLICATE",
    "RESULTS",
    "SPLITTING",
    "TEMPERATURES",
    "BlockWriter",
    "Description",
    "block_files",
    "damaged",
    "each_once",
    "endings",
    "keys",
    "merge",
    "merged",
    "only_writer",
    "picked",
    "reactive",
    "reactive_of",
    "reactive_type",
    "read_block",
    "read_manifest",
    "replicates",
    "replicates_of",
    "row_of",
    "splitting_file",
    "trajectories",
    "write_manifest",
    "write_reactive",
    "write_replicates",
    "writer",
]
