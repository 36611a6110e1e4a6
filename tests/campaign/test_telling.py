"""What is said of long work while it runs."""

from scatter.campaign import thermal


def test_the_time_left_counts_neither_preparation_nor_what_an_earlier_run_did(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(thermal.time, "monotonic", lambda: now[0])
    said = []
    tell = thermal.telling(said.append, "labels")
    for at, fraction in ((60, 0.50), (65, 0.51), (80, 0.60), (85, 0.65), (100, 0.90), (101, 1.0)):
        now[0] = float(at)
        tell(fraction)
    assert said == ["  labels: 50%", "  labels: 60%, 1 min 20 s left", "  labels: 90%, 10 s left"]


def test_lines_grow_rarer_so_that_the_log_of_a_night_stays_short(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(thermal.time, "monotonic", lambda: now[0])
    at = []
    tell = thermal.telling(lambda line: at.append(now[0]), "labels")
    while now[0] < 8 * 3600:
        now[0] += 1.0
        tell(now[0] / (9 * 3600))
    assert at[:3] == [10, 20, 30]
    gaps = {at[n + 1] - at[n] for n in range(len(at) - 1) if at[n] >= 3600}
    assert min(gaps) >= 60
    assert len(at) < 350
