"""The benchmark of the GPU runs at the size of a toy, and tells what failed."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


def toy(*sections):
    command = [sys.executable, str(BENCHMARK), "--toy", "--seconds", "3000", "--sections"]
    ended = subprocess.run([*command, *sections], capture_output=True, text=True, check=True)
    return ended.stdout, json.loads(ended.stdout.splitlines()[-1])


def test_every_section_of_the_toy_tells_what_it_found():
    told, found = toy(
        "ceilings", "exact:16", "exact:ace", "same:16", "rate:16", "rate:ace", "campaign:16",
        "campaign:ace", "beside:16", "mace-torch:16",
    )  # fmt: skip
    assert not [one for one in found if one["name"] == "failed"], told
    exact = [one for one in found if one["name"] == "exact"]
    assert len(exact) == 4
    assert all(one["within"] and one["largest_force"] > 0.1 for one in exact)
    (same,) = (one for one in found if one["name"] == "same")
    assert (same["graph"], same["again"]) == (0, 0)
    assert same["batch"] < 1e-5 < same["moved_A"]  # the plain formulas call BLAS
    rates = [one for one in found if one["name"] in ("rate", "campaign", "beside")]
    assert len(rates) == 7
    assert all(one["rate"] > 0 for one in rates)
    library = [one for one in found if one["name"] == "mace-torch"]
    assert [one["size"] for one in library] == [1, 1]
    assert library[1]["ours_over_this"] > 0
    campaigns = [one["trajectories"] for one in found if one["name"] == "campaign"]
    assert campaigns == [8, 8]


def test_a_section_that_fails_is_told_and_ends_no_other():
    told, found = toy("exact:none", "ceilings")
    assert [one["name"] for one in found] == ["failed", "ceilings"]
    assert "Traceback" in told
