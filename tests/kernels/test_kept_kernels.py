"""Compiled kernels are kept where the installation or the user's cache can be written, else not."""

import sys

from processes import finished

NOWHERE = """
import numba.core.caching as caching
caching.CacheImpl._locator_classes = [caching.UserProvidedCacheLocator]
"""
EVALUATE = """
import os
from scatter.ebk import levels
from scatter.kernels.leps import morse_parts
print(os.environ.get("NUMBA_CACHE_DIR"))
"""


def test_where_nothing_can_be_kept_kernels_compile_all_the_same_and_it_says_what_to_set(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ended = finished([sys.executable, "-c", NOWHERE + EVALUATE])
    assert ended.returncode == 0, ended.stderr
    assert "set NUMBA_CACHE_DIR to a folder of your own" in ended.stderr
    assert ended.stdout.startswith(str(tmp_path / "scatter-numba-"))
    assert not [*tmp_path.iterdir()]  # what was kept for one process goes with it
