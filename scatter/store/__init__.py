"""Results on disk: one folder a campaign, one writer a folder, nothing finished lost.

campaign.json       what is being run: input verbatim, seed, potential, versions, machine
blocks/*.block      finished trajectories as they come, each file complete or absent
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
from scatter.store.table import RESULTS, merge, merged, read_manifest, row_of, write_manifest

__all__ = [
    "BLOCKS",
    "LOCK",
    "MANIFEST",
    "RESULTS",
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
    "read_block",
    "read_manifest",
    "row_of",
    "trajectories",
    "write_manifest",
    "writer",
]
