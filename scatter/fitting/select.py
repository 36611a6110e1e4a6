"""`scatter select`: the most diverse frames of many, in parts that share no trajectory."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Int

from scatter.files import write_whole
from scatter.fitting.descriptor import standardised
from scatter.fitting.diverse import distances_to_kept, diverse
from scatter.fitting.pool import Pool, files_of, read_pool
from scatter.labels import STANDARD, Keys, relabelled
from scatter.outputs import refuse_no_folder
from scatter.plots.selection import selection_figure
from scatter.plots.style import save
from scatter.settings import UserError
from scatter.structures import raw_frames

PARTS = ("train", "valid", "test")
BONDS_A = (0.0, 0.7, 0.8, 1.0, 1.3, 1.7, 2.25, np.inf)
HEIGHTS_A = (-np.inf, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, np.inf)


@dataclass(frozen=True)
class Choice:
    """What is chosen of a pool, and how.

    Attributes:
        number: frames to choose.
        max_force: eV/Å; frames with a larger force on an atom are left out, of whole files too.
        seed: of every random number; the same seed chooses the same frames.
        validation: share of the frames that goes to `valid`.
        test: share of the frames that goes to `test`.
    """

    number: int
    max_force: float = 50.0
    seed: int = 0
    validation: float = 0.1
    test: float = 0.1


def select(
    samples: Sequence[Path],
    output: Path,
    choice: Choice,
    whole: Sequence[Path] = (),
    keys: Keys = STANDARD,
) -> str:
    """Choose frames and write `train`, `valid` and `test.extxyz`, a figure and a report.

    Frames are copied as they stand, labels and `info` included; labels under keys that were named
    have the usual ones in the copy.

    Args:
        samples: extended XYZ files with the frames of a molecule over a slab, or folders of them;
            none where all frames of whole files are kept.
        output: folder to write into.
        choice: how many, and how they are shared.
        whole: files of which all frames are kept, whatever structures they hold, but for those with
            too large forces.
        keys: of the labels.

    Returns:
        What was done, in a few sentences; `selection.json` says more.

    Raises:
        UserError: the frames cannot be used, are too few, or `output` holds a selection already.
    """
    refuse_no_folder("--output", output)
    if (output / "train.extxyz").exists():
        raise UserError(f"--output {output}: holds a selection already; name another folder")
    selection = _chosen(samples, choice, keys) if samples else Selection()
    for path in files_of(whole):
        extra, more = _calm(read_pool([path], described=False, keys=keys), choice)
        selection.squeezed += more
        selection.sets.append((extra, parts_of(extra.trajectory, choice)))
    if not selection.sets:
        raise UserError("SAMPLES: give files or folders of frames to choose from, or --all FILE")
    first = selection.sets[:1] if samples else selection.sets
    _refuse_empty_parts(np.concatenate([parts for _, parts in first]), choice)
    output.mkdir(parents=True, exist_ok=True)
    for part in reversed(range(len(PARTS))):  # train.extxyz last: it says that all is there
        text = "".join(_texts([pool.keep(parts == part) for pool, parts in selection.sets], keys))
        write_whole(output / f"{PARTS[part]}.extxyz", text.encode())
    if selection.pool:
        (kept, parts), pool = selection.sets[0], selection.pool
        places = (pool.r_A, pool.Z_A), (kept.r_A, kept.Z_A)
        save(selection_figure(*places, parts, selection.distances), output / "selection")
    summary = _report(selection, choice)
    write_whole(output / "selection.json", json.dumps(summary, indent=1).encode())
    return _sentences(summary)


@dataclass
class Selection:
    """Frames that are kept, and what they were chosen from.

    Attributes:
        sets: pools of frames that are kept, each with the part of every frame; first the chosen.
        squeezed: frames left out for their forces.
        pool: that was chosen from; None where all frames of whole files are kept.
        distances: from each frame of the pool to the nearest one kept, and to that of a random
            choice.
    """

    sets: list[tuple[Pool, np.ndarray]] = field(default_factory=list)
    squeezed: int = 0
    pool: Pool | None = None
    distances: dict[str, np.ndarray] = field(default_factory=dict)


def _chosen(samples: Sequence[Path], choice: Choice, keys: Keys) -> Selection:
    """The most diverse frames of samples."""
    pool, squeezed = _calm(read_pool(samples, keys=keys), choice)
    if choice.number > len(pool):
        raise UserError(
            f"--number {choice.number}: there are only {len(pool)} frames with forces below "
            f"{choice.max_force:g} eV/Å; ask for fewer, or sample more"
        )
    points = standardised(pool.descriptor, pool.molecule)
    chosen = diverse(points, choice.number, choice.seed)
    kept = pool.keep(chosen)
    distances = distances_to_kept(points, chosen, choice.seed)
    return Selection([(kept, parts_of(kept.trajectory, choice))], squeezed, pool, distances)


def parts_of(trajectory: np.ndarray, choice: Choice) -> Int[np.ndarray, " frame"]:
    """The part of each frame, an index into `PARTS`; a trajectory's frames are all in one.

    Trajectories in random order go to `test`, then to `valid`, unless they are more than half as
    large again as what the part still lacks of its share; all others go to `train`.
    """
    names, unit, sizes = np.unique(trajectory, return_inverse=True, return_counts=True)
    rng = np.random.default_rng(choice.seed)
    part_of_unit = np.zeros(len(names), np.int64)
    order = [*rng.permutation(len(names))]
    for part, share in ((2, choice.test), (1, choice.validation)):
        lacking = share * len(trajectory)
        for name in [*order]:
            if sizes[name] < 1.5 * lacking:
                part_of_unit[name] = part
                lacking -= sizes[name]
                order.remove(name)
    return part_of_unit[unit]


def _refuse_empty_parts(parts: np.ndarray, choice: Choice) -> None:
    for part, option, share in (
        (0, "validation and --test", choice.validation + choice.test),
        (1, "validation", choice.validation),
        (2, "test", choice.test),
    ):
        if share and not (parts == part).any():
            raise UserError(
                f"--{option} {share:g}: the trajectories are too few and too long for a "
                f"{PARTS[part]} set, since none may be divided (frames of a file that name no "
                "`trajectory` are one); sample more, or change the share"
            )


def _calm(pool: Pool, choice: Choice) -> tuple[Pool, int]:
    """The frames without absurd forces, and how many have them."""
    calm = pool.force <= choice.max_force
    return pool.keep(calm), int(np.sum(~calm))


def _texts(pools: Sequence[Pool], keys: Keys) -> list[str]:
    """The frames of these pools, read again, with labels under the usual keys."""
    frames = []
    for pool in pools:
        for file in np.unique(pool.file):
            wanted = set(pool.index[pool.file == file].tolist())
            texts = raw_frames(pool.files[file])
            frames += [
                relabelled(text, keys) for index, text in enumerate(texts) if index in wanted
            ]
    return frames


def _report(selection: Selection, choice: Choice) -> dict:
    names = [
        set(np.concatenate([chosen.trajectory[parts == n] for chosen, parts in selection.sets]))
        for n in range(len(PARTS))
    ]
    summary = {
        **vars(choice),
        "left_out_for_their_forces": selection.squeezed,
        "parts": {
            part: {
                "frames": sum(int((parts == n).sum()) for _, parts in selection.sets),
                "trajectories": len(names[n]),
            }
            for n, part in enumerate(PARTS)
        },
    }
    whole = selection.sets[1:] if selection.pool else selection.sets
    summary["whole_files"] = {str(kept.files[0]): len(kept) for kept, _ in whole}
    if not selection.pool:
        return summary
    kept = selection.sets[0][0]
    return summary | {
        "pool": {"frames": len(selection.pool), "trajectories": len({*selection.pool.trajectory})},
        "counts": {
            "facet": _counted(kept.facet),
            "T_K": _counted(kept.T_K),
            "r_A": _binned(kept.r_A, BONDS_A),
            "Z_A": _binned(kept.Z_A, HEIGHTS_A),
        },
        "distance_to_the_nearest_kept": {
            name: {"mean": values.mean(), "99 %": np.quantile(values, 0.99), "max": values.max()}
            for name, values in selection.distances.items()
        },
    }


def _sentences(summary: dict) -> str:
    more = sum(summary["whole_files"].values())
    parts = ", ".join(
        f"{part} {made['frames']} frames of {made['trajectories']} trajectories"
        for part, made in summary["parts"].items()
    )
    forces = (
        f"{summary['left_out_for_their_forces']} with forces above {summary['max_force']:g} eV/Å "
        "left out"
    )
    if "pool" not in summary:
        return f"kept:  {more} frames of whole files, {forces}\nparts: {parts}"
    pool, away = summary["pool"], summary["distance_to_the_nearest_kept"]
    reach = ", ".join(
        f"{distance['mean']:.3f} ({distance['max']:.3f}) {name}" for name, distance in away.items()
    )
    return (
        f"chosen: {summary['number']} of {pool['frames']} frames of {pool['trajectories']} "
        f"trajectories, {forces}; {more} more from whole files\nparts:  {parts}\n"
        f"mean (largest) distance of a frame to the nearest kept: {reach}"
    )


def _counted(values: np.ndarray) -> dict[str, int]:
    return {str(name): count for name, count in sorted(Counter(values.tolist()).items())}


def _binned(values: np.ndarray, edges: tuple[float, ...]) -> dict[str, int]:
    counts = np.histogram(values[np.isfinite(values)], edges)[0].tolist()
    bins = zip(edges[:-1], edges[1:], strict=True)
    return {f"{a:g} to {b:g}": count for (a, b), count in zip(bins, counts, strict=True)}
