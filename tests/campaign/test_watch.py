"""`scatter watch`: what a campaign has written, as it stands and until nobody writes any more."""

import io
import os
from contextlib import ExitStack

import pytest
from rich.console import Console
from written_blocks import keep, row
from written_campaign import H2, written_campaign

from scatter import store
from scatter.analysis import Sticking
from scatter.outcomes import Outcome
from scatter.report.watch import Watched, graph, watch
from scatter.settings import UserError

TWO = f"{H2}[incidence]\nenergy_eV = [0.5, 0.9]\n[sampling]\ntrajectories = 100\n"
ROW = "111", 600.0, "H2", 0, 0, None, 0.5, 0.0, None


def written(folder, counts, text=TWO, **columns):
    return written_campaign(folder, text, counts, merge=False, **columns)


def later(folder, point, numbers, at, rank=0, steps=100):
    """A block of further trajectories that was written at an instant."""
    before = set(store.block_files(folder))
    writer = store.BlockWriter(folder, rank, keep)
    for number in numbers:
        writer.add(row(number, point=point, steps=steps, outcome=Outcome.SCATTERED))
    writer.flush()
    for path in set(store.block_files(folder)) - before:
        os.utime(path, (at, at))


def all_at(folder, at):
    for path in store.block_files(folder):
        os.utime(path, (at, at))


def seen(folder, width=80):
    spoken = Console(record=True, width=width, file=io.StringIO())
    watch(folder, spoken)
    return spoken.export_text()


def test_a_finished_campaign_is_shown_with_its_intervals(tmp_path):
    text = seen(written(tmp_path / "out", [(10, 90), (60, 40)]))
    assert "Cu(111), 600 K, H2(v=0, J=0)" in text
    assert "0.1000  0.055-0.174" in text
    assert "200 of 200 trajectories" in text
    assert text.rstrip().endswith("finished")
    assert max(map(len, text.splitlines())) <= 80


def test_a_campaign_that_nobody_runs_says_what_is_missing(tmp_path):
    text = seen(written(tmp_path / "out", [(10, 70), (60, 40)]))
    assert "180 of 200 trajectories" in text
    assert "stopped with 20 trajectories missing; the same command continues" in text


def test_one_that_runs_says_why_how_fast_and_how_long(tmp_path):
    folder = written(tmp_path / "out", [(10, 0), (60, 40)])
    all_at(folder, 1000.0)
    later(folder, 0, range(10, 60), 1010.0)
    later(folder, 0, range(70, 80), 1010.0, rank=1)
    later(folder, 0, range(80, 90), 1020.0, rank=1)
    with store.only_writer(folder):
        view = Watched(folder).look()
        assert view is not None
        # seven thousand steps and seventy endings in twenty seconds, and twenty to come
        assert view.progress() == "180 of 200 trajectories, 350 trajectory-steps/s, 6 s left"
        assert view.ranks() == "steps/s by rank: 0: 500, 1: 100"
        assert view.because() == (
            "continues because trajectories are missing at 0.5 eV (20); 20 have ended early, and "
            "count once slower ones have"
        )


def test_the_first_block_only_says_when_a_rate_began(tmp_path):
    folder = written(tmp_path / "out", [(50, 0), (0, 0)], steps=10**6)
    with store.only_writer(folder):
        view = Watched(folder).look()
        assert view is not None
        assert view.progress() == "50 of 200 trajectories"
        assert "at 0.5 eV (50), 0.9 eV (100)" in view.because()


def test_a_target_that_is_not_met_is_why_it_goes_on(tmp_path):
    text = f"{TWO}target_error = 0.05\nmax_trajectories = 1000\n"
    folder = written(tmp_path / "out", [(0, 100), (50, 50)], text)
    with store.only_writer(folder):
        view = Watched(folder).look()
        assert view is not None
        assert view.because() == (
            "continues because the target error is not met at 0.9 eV (0.0962 > 0.05)"
        )
        assert view.missing[0] == 0
        assert 250 < view.missing[1] < 450  # 0.25 z² / 0.05² is 384
    assert "stopped with" in seen(folder)


def test_it_is_watched_until_nobody_writes_and_reads_no_block_twice(tmp_path, monkeypatch):
    folder = written(tmp_path / "out", [(10, 0), (0, 0)])
    output, looks, read = io.StringIO(), [], []
    whole = store.endings
    monkeypatch.setattr(store, "endings", lambda paths, *a: read.extend(paths) or whole(paths, *a))
    with ExitStack() as stack:
        stack.enter_context(store.only_writer(folder))

        def pause(seconds):
            looks.append(seconds)
            later(folder, 0, range(10 * len(looks), 10 * len(looks) + 10), 1000.0 + len(looks))
            if len(looks) == 3:
                stack.close()

        watch(folder, Console(file=output, force_terminal=True, width=80, height=24), 0.5, pause)
    assert looks == [0.5] * 3
    assert len(read) == len(set(read)) == 4
    assert "40 of 200 trajectories" in output.getvalue()
    assert "stopped with 160" in output.getvalue()


def test_a_campaign_in_preparation_is_waited_for_and_no_campaign_is_refused(tmp_path):
    folder = tmp_path / "out"
    with store.only_writer(folder):
        assert "is being prepared" in seen(folder)
    with pytest.raises(UserError, match="no campaign was run there"):
        seen(tmp_path / "nowhere")


@pytest.mark.parametrize("stuck", [0, 7, 50, 100])
def test_a_graph_has_the_point_in_its_interval(stuck):
    row = Sticking(*ROW, stuck, 100 - stuck, 0, 0)
    drawn = graph(row, 101)
    assert drawn.index("●") == stuck
    ends = [place for place, cell in enumerate(drawn) if cell != " "]
    assert (ends[0], ends[-1]) == (round(100 * row.low), round(100 * row.high))
    assert len(drawn) == 101


def test_a_graph_of_what_is_not_known_has_no_point():
    row = Sticking(*ROW, 10, 10, 80, 0, known=False)
    assert set(graph(row, 40)) == {" ", "─"}
