"""The documentation as it is built: complete, found by its search, and sufficient to itself."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from processes import finished
from test_docs import pages_of

ROOT = Path(__file__).parents[1]
NAV = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    ended = finished(command, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr
    return folder


def address(page):
    """Where a page of the navigation is in the site."""
    name = page.removesuffix(".md")
    return f"{name.removesuffix('index')}/".replace("//", "/").lstrip("/")


def test_every_page_is_built_and_found_by_the_words_of_its_title(site):
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    titles = {entry["location"]: entry["title"] for entry in index["docs"]}
    for page in pages_of(NAV):
        assert (site / address(page) / "index.html").is_file()
        assert titles[address(page)]


@pytest.mark.parametrize(
    ("word", "page"),
    [
        ("sbatch", "questions/cluster/"),
        ("most_unsettled", "input/"),
        ("max_time_fs", "questions/time_step/"),
        ("target_error", "questions/trajectories/"),
        ("tunnelling", "questions/limits/"),
        ("beam_sticking", "api/scatter.analysis.beam/"),
        ("--nearest-j", "commands/average/"),
        ("helicopters", "analysis/"),
        ("Wilson interval", "tutorials/notebook/"),
    ],
)
def test_search_knows_a_word_of_a_page(site, word, page):
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    hits = {entry["location"].partition("#")[0] for entry in index["docs"] if word in entry["text"]}
    assert page in hits


def test_a_browser_is_sent_to_no_other_host(site):
    fetched = (
        r'<(?:script|img|iframe|source)\b[^>]*\bsrc="?(?:https?:)?//|@import|url\(["\']?https?:'
    )
    linked = (
        r'<link\b(?=[^>]*rel="?(?:stylesheet|preconnect|icon|preload))[^>]*href="?(?:https?:)?//'
    )
    read = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(read) > 100
    for path in read:
        sent = re.search(f"{fetched}|{linked}", path.read_text(encoding="utf-8"))
        assert not sent, (path, sent)


def test_every_equation_is_mathml(site):
    for path in [page for page in (ROOT / "docs").glob("*.md") if "$$" in page.read_text("utf-8")]:
        written = path.read_text("utf-8").count("$$") // 2
        built = (site / path.stem / "index.html").read_text("utf-8")
        assert built.count('display="block"') == written, path
        assert "arithmatex" not in built
