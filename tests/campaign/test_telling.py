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
