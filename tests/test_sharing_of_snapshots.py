"""What is said of trajectories that share snapshots of the slab."""

from types import SimpleNamespace

import numpy as np
import pytest

from scatter.outcomes import Outcome
from scatter.report.sharing import sharing_sentences

SNAPSHOTS, EACH = 200, 60


def results(spread):
    """One point whose snapshots differ in how often trajectories stick, 0.3 on average."""
    rng = np.random.default_rng(1)
    rows = np.zeros(SNAPSHOTS * EACH, [("point", "u4"), ("snapshot", "u4"), ("outcome", "u1")])
    rows["snapshot"] = np.repeat(np.arange(SNAPSHOTS), EACH)
    chance = np.repeat(0.3 + spread * rng.choice([-1, 1], SNAPSHOTS), EACH)
    stuck = rng.random(len(rows)) < chance
    rows["outcome"] = np.where(stuck, Outcome.DISSOCIATED, Outcome.SCATTERED)
    points = np.array([(0, "111", 600.0)], [("point", "u4"), ("facet", "U8"), ("T_K", "f8")])
    return SimpleNamespace(
        points=points, trajectories=rows, rows=[SimpleNamespace(facet="111", T_K=600.0)],
        surfaces={"111": "Cu(111)"},
    )  # fmt: skip


def test_independent_trajectories_need_no_word():
    assert not [*sharing_sentences(results(0.0))]


def test_snapshots_that_decide_are_said_with_how_much_wider_intervals_are():
    spread = 0.1
    (sentence,) = sharing_sentences(results(spread))
    correlation = spread**2 / (0.3 * 0.7)
    wider = np.sqrt(1 + (EACH - 1) * correlation)
    assert f"{EACH} trajectories of a point share each of {SNAPSHOTS} snapshots" in sentence
    told = float(sentence.split("and are ")[1].split()[0])
    assert told == pytest.approx(wider, rel=0.15)
    assert 'snapshots = "auto"' in sentence
