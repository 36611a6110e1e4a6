"""What the project says of itself in several files is the same everywhere."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from processes import finished

import scatter

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
SOURCES = [
    path
    for where in ("scatter", "scripts", "docs", ".github")
    for path in (ROOT / where).rglob("*")
    if path.suffix in {"", ".py", ".md", ".sh", ".yml"} and path.is_file()
]
SOURCES += sorted(ROOT.glob("*.md"))


def test_the_version_stands_in_the_package_alone():
    assert "version" not in PROJECT
    assert PROJECT["dynamic"] == ["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", scatter.__version__)


def test_a_source_tree_that_is_not_installed_knows_its_version():
    """Such as one on a machine with a GPU that holds NumPy and torch alone."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import scatter.gpu; "
    program += "print(scatter.__version__)"
    command = [sys.executable, "-I", "-S", "-c", program]
    ended = finished(command)
    assert (ended.returncode, ended.stdout.strip()) == (0, scatter.__version__), ended.stderr


def test_the_changelog_has_this_version():
    assert f"## {scatter.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_citation_is_of_this_version_and_licence():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["cff-version"] == "1.2.0"
    assert cited["title"] == "scatter"
    assert cited["version"] == scatter.__version__
    assert cited["license"] == PROJECT["license"]
    assert [one["name"] for one in cited["authors"]] == [one["name"] for one in PROJECT["authors"]]


def test_the_package_tells_type_checkers_that_it_is_typed():
    assert (ROOT / "scatter" / "py.typed").is_file()


def test_no_two_modules_of_the_tests_have_one_name():
    """Python would import the first for both, and a whole run would end where half of it passes."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert len(names) == len({*names}), sorted(names)


def test_an_extra_is_made_of_others_by_the_name_of_the_distribution():
    wanted = [one for extra in EXTRAS.values() for one in extra if "scatter" in one]
    assert wanted
    for one in wanted:
        name, _, parts = one.rstrip("]").partition("[")
        assert name == PROJECT["name"]
        assert {*parts.split(",")} <= EXTRAS.keys()


def wrong_names(text):
    """What a text says to install under a name that is not ours, or with an extra that is none."""
    for name, extras in re.findall(r"pip install[^`\n]*?[\"' ]([\w.-]+)\[([\w,]+)\]", text):
        if name not in (PROJECT["name"], ".") or not {*extras.split(",")} <= EXTRAS.keys():
            yield f"{name}[{extras}]"
    yield from re.findall(r"pip install (?:-\S+ )*['\"]?scatter\b", text)


@pytest.mark.parametrize(
    "text",
    ["pip install 'scatter[mace]'", "pip install scatter", "pip install '.[maze]'"],
)
def test_a_wrong_name_is_seen(text):
    assert [*wrong_names(text)]


def test_what_is_to_be_installed_is_named_rightly():
    """`scatter` on PyPI is another project, and an extra that is not there is ignored by pip."""
    assert len(SOURCES) > 250
    wrong = {path: [*wrong_names(path.read_text(encoding="utf-8"))] for path in SOURCES}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_the_forge_runs_the_gate_and_nothing_else():
    workflow = yaml.safe_load((ROOT / ".github/workflows/gate.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == ["./.ci/run"]


@pytest.mark.parametrize("name", ["wrong-number", "crash", "question"])
def test_an_issue_asks_for_input_version_and_what_was_printed(name):
    form = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text())
    assert {"input", "version", "printed"} <= {part.get("id") for part in form["body"]}


def test_hooks_before_a_commit_run_programs_of_the_environment():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    programs = {hook["entry"].split()[0] for hook in hooks}
    assert programs == {f".venv/bin/{name}" for name in ("ruff", "pyright", "lint-imports")}
