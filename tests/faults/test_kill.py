"""A few kills of what `attack_kill.py` does by the dozen."""

import re

import pytest
from attack_kill import Attack
from launches import Launch, known, output, run
from processes import wait_until

from scatter import store

TRAJECTORIES = 400


@pytest.fixture(scope="module")
def attack(write_tiny, tmp_path_factory):  # write_tiny: for its cache of slabs
    return Attack(tmp_path_factory.mktemp("attack"), TRAJECTORIES, 1, tell=lambda line: None)


@pytest.mark.parametrize(
    "fate", ["block", *(pytest.param(fate, marks=pytest.mark.attack) for fate in ("rank", "all"))]
)
def test_a_kill_loses_nothing_that_was_kept_and_changes_no_bit(attack, fate):
    before = sum(attack.counts.values())
    for _ in range(5):  # one that came too late is no kill
        attack.disturb(fate)
        if sum(attack.counts.values()) > before:
            break
    assert attack.counts[fate] == 1
    attack.finish()
    assert attack.campaigns > 0


def test_one_rank_that_is_warned_stops_all_within_seconds_with_one_sentence(attack):
    path = attack.path
    launch = Launch(path, 2, attack.folder)
    wait_until(lambda: store.block_files(output(path)), launch.process)
    launch.kill([launch.ranks()[-1]], 15)
    code, out, err = launch.end(60)
    assert code == 130, (code, out, err)
    told = re.fullmatch(
        r"scatter: stopped \((?:SIGTERM|another rank was)\) when (\d+) of 400 trajectories had "
        r"ended; all of them are written, and the same command runs the rest\n",
        err,
    )
    assert told, err
    assert int(told[1]) == len(known(path)) < TRAJECTORIES
    assert not (output(path) / "lock").exists()
    assert run(path, 3, attack.folder).tobytes() == attack.whole.tobytes()
