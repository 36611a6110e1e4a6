"""The benchmark of the GPU runs at the size of a toy, and tells what failed."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from processes import finished

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


def toy(folder, *sections, seconds=3000):
    """Exit code, the table, and what was measured."""
    command = [sys.executable, str(BENCHMARK), "--toy", "--json", str(folder / "found.json")]
    command += ["--seconds", str(seconds), "--sections", *sections]
    ended = finished(command, 500)
    assert ended.stderr == ""
    return ended.returncode, ended.stdout, json.loads((folder / "found.json").read_text())


@pytest.mark.attack
def test_every_section_of_the_toy_tells_what_it_found(tmp_path):
    code, told, found = toy(
        tmp_path, "ceilings", "exact:16", "exact:ace", "same:16", "rate:16", "rate:ace",
        "campaign:16", "campaign:ace", "beside:16", "mace-torch:16", "exact:vectors", "rate:dense",
    )  # fmt: skip
    assert (code, [one for one in found if one["name"] == "failed"]) == (0, []), told
    exact = [one for one in found if one["name"] == "exact"]
    assert len(exact) == 9
    assert all(one["within"] and one["largest_force"] > 0.1 for one in exact)
    (same,) = (one for one in found if one["name"] == "same")
    assert (same["graph"], same["again"], same["turns"]) == (0, 0, 0)
    assert same["batch"] < 1e-5 < same["moved_A"]  # the plain formulas call BLAS
    rates = [one for one in found if one["name"] in ("rate", "campaign", "beside")]
    assert len(rates) == 9
    assert all(one["rate"] > 0 and not one.get("grew") for one in rates)
    library = [one for one in found if one["name"] == "mace-torch"]
    assert [one["size"] for one in library] == [1, 1]
    assert library[1]["ours_over_this"] > 0
    campaigns = [one["trajectories"] for one in found if one["name"] == "campaign"]
    assert campaigns == [8, 8]


def test_a_section_that_fails_is_told_last_and_ends_no_other(tmp_path):
    code, told, found = toy(tmp_path, "exact:none", "ceilings")
    assert code == 3
    assert [one["name"] for one in found] == ["failed", "ceilings"]
    assert "Traceback" in found[0]["why"]
    assert "FAILED exact:none: " in told.partition("ceilings: left_out")[2]


def test_a_section_is_not_begun_when_no_time_is_left(tmp_path):
    code, told, found = toy(tmp_path, "ceilings", seconds=1)
    assert code == 3
    assert found == [{"name": "failed", "section": "ceilings", "why": "no time was left"}]
    assert told.endswith("FAILED ceilings: no time was left\n")


def test_the_table_of_everything_is_no_longer_than_12000_characters(monkeypatch):
    """What is kept of the output of a machine that one cannot look at."""
    monkeypatch.syspath_prepend(BENCHMARK.parent)
    from gpu import table

    each = {"us": 1.2345, "flop": 1e6, "bytes": 1e6, "double": False, "ms": 123.456, "rate": 1e6,
            "finite": 1.0, "grew": False, "GB": 12.3, "kernels": "fused"}  # fmt: skip
    found = [{"name": "ceilings", "copy_TB_s": 3.0, "fma_Tflop_s": 60.0, "fma64_Tflop_s": 30.0}]
    for model, kernels in (("16", 15), ("ace", 12), ("128", 15)):
        one = each | {"model": model}
        found += [one | {"name": "rate", "size": 4**n} for n in range(6)]
        found += [one | {"name": "kernel", "kernel": "product_of_2_back"} for _ in range(kernels)]
        found += [{"name": "tune", "model": model, "size": 4096, "TOGETHER": 128, "rate": 1e6 / 3}
                  for _ in range(10)]  # fmt: skip
        found += [{"name": "beside", "model": model, "size": 4096, "what": "fused, no graph",
                   "rate": 1e6 / 3} for _ in range(2)]  # fmt: skip
        found += [{"name": "exact", "model": model, "kernels": "fused float32", "energy_eV": 1e-6,
                   "force_eV_A": 1e-6, "largest_force": 1.0, "allowed": [2e-5, 5e-5],
                   "within": True} for _ in range(3)]  # fmt: skip
        found.append({"name": "failed", "section": model, "why": 3000 * "x"})
    assert len(table(found)) < 12000 - 1000  # and what else is told


def test_a_section_that_hangs_is_ended_with_what_it_started(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARK.parent)
    from gpu import ended

    code = "import subprocess; subprocess.run(['sleep', '600'])"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    assert not ended(process, 0.1)
    assert process.returncode == -signal.SIGKILL
