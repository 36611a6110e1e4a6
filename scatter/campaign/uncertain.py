"""The worst frame of each trajectory that a guard was uneasy about, to be labelled and learnt."""

from pathlib import Path

from scatter.campaign.frames import Recorder
from scatter.columns import GUARDED
from scatter.dynamics.conditions import Finished
from scatter.dynamics.guards import Guards
from scatter.files import replacing, write_whole
from scatter.state import Start, trajectory_name
from scatter.structures import extxyz
from scatter.units import fs

UNCERTAIN = "uncertain"  # the folder of single frames, and the stem of the file of all


def keep_uncertain(guards: Guards, recorder: Recorder, finished: Finished, start: Start) -> None:
    """Write the frame in which a measure was largest, for each measure above its threshold.

    Args:
        guards: the thresholds.
        recorder: of the campaign, which labels the frame with the campaign's potential.
        finished: the trajectory.
        start: where it began.
    """
    for column, peak in finished.memories.items():
        if column not in GUARDED or not peak["value"] > guards.threshold(column):
            continue
        step = round(peak["time"] / (recorder.timestep_fs * fs))
        moment = step, peak["positions"], peak["momenta"]
        frames = recorder.labelled([moment], start.key, start.masses)
        for frame in frames:
            frame.info[column] = peak["value"]
        folder = recorder.folder.with_name(UNCERTAIN)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{trajectory_name(start.key)}-{column.partition('_')[0]}.extxyz"
        write_whole(folder / name, extxyz(frames))


def gather_uncertain(folder: Path) -> Path | None:
    """Write all frames that were kept into one file, `uncertain.extxyz`; None if there are none."""
    paths = sorted((folder / UNCERTAIN).glob("*.extxyz"))
    if not paths:
        return None
    whole = folder / f"{UNCERTAIN}.extxyz"
    with replacing(whole) as temporary, open(temporary, "wb") as stream:
        for path in paths:
            stream.write(path.read_bytes())
    return whole
