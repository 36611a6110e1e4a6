"""What documents name is there: inputs, scripts and tests, options of commands, keys of tables."""

import importlib.util
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from scatter import cli
from scatter.config import parse
from scatter.initial.formulas import kind_of

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / f"{name}.md" for name in ("README", "SECURITY", "CONTRIBUTING")]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))
DOCUMENTS += sorted((ROOT / "scatter" / "models").glob("*.md"))
INPUTS = sorted((ROOT / "inputs").glob("*.toml"))
PLACES = r"(?:inputs|scripts|benchmarks|tests)/[A-Za-z0-9_./-]*[A-Za-z0-9_]"
MADE_BY_THE_READER = {"input.toml", "v1.toml", "a.toml", "b.toml", "c.toml"} | {
    name + ".toml"
    for name in ("water_again", "hydrogen_explore", "ru_again")  # by sed, on their pages
}
COMPLETE = ROOT / "inputs" / "h2_cu111.toml"

documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.S)


def commands(path):
    """Every `scatter` command of a document's console blocks and inline code, as words."""
    text = path.read_text()
    lines = "\n".join(blocks(path, "console")).replace("\\\n", " ").splitlines()
    found = [line[2:] for line in lines if line.startswith("$ ")]
    found += [" ".join(code.split()) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
    for line in found:
        line = re.sub(r"^mpirun -n \S+ ", "", line.partition("   #")[0])
        if re.match(r"scatter [a-z]", line):
            yield shlex.split(line)[1:]


def test_there_is_something_to_look_at():
    assert len(DOCUMENTS) > 15
    assert sum(len([*commands(path)]) for path in DOCUMENTS) > 60
    assert sum(len(blocks(path, "toml")) for path in DOCUMENTS) > 8


@documents
def test_every_file_of_the_repository_that_is_named_is_there(path):
    named = set(re.findall(PLACES, path.read_text()))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@documents
def test_every_input_of_a_command_is_shipped_or_made_by_the_reader(path):
    inputs = {word for words in commands(path) for word in words if word.endswith(".toml")}
    assert [one for one in inputs - MADE_BY_THE_READER if not (ROOT / one).is_file()] == []


@documents
def test_every_option_of_a_command_is_one(path):
    for words in commands(path):
        command = typer.main.get_command(cli.app)
        while words and words[0] in getattr(command, "commands", {}):
            command, words = command.commands[words[0]], words[1:]
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        given = {word for word in words if re.match(r"--?[a-z]", word)}
        assert given <= known | {"--help"}, (path.name, command.name)


def laid_over(table, other):
    """A table with the keys of another one, those of tables within it likewise."""
    found = dict(table)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = laid_over(found[key], value) if both and key != "potential" else value
    return found


INLINE = ("energy_eV", "lattice_constant_A", "masses_amu", "bonds")


def written(table, prefix=""):
    lines = []
    for key, value in table.items():
        if isinstance(value, dict) and key not in INLINE:
            lines += [f"[{prefix}{key}]", *written(value, f"{prefix}{key}.")]
        else:
            lines.insert(0, f"{key} = {toml(value)}")
    return lines


def toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}" = {toml(v)}' for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


@documents
def test_every_table_that_is_shown_is_taken_as_input(path):
    whole = tomllib.loads(COMPLETE.read_text())
    for block in blocks(path, "toml"):
        shown = tomllib.loads(block)
        if shown.keys() <= parse(COMPLETE, COMPLETE.read_text()).input.model_dump().keys():
            parse(path, "\n".join(written(laid_over(fitting(whole, shown), shown))))


def fitting(whole, shown):
    """The input without what is said of diatomics, or of beams, where others are shown."""
    if shown.get("incidence", {}).get("kind", "beam") != "beam":
        return {**whole, "molecule": {}, "incidence": {}}
    formula = shown.get("molecule", {}).get("formula", "H2")
    one = formula if isinstance(formula, str) else formula[0]
    if shown.get("incidence", {}).get("kind") == "adsorbed":
        return {**whole, "molecule": {}, "incidence": {}, "stop": {}}
    return whole if kind_of(one) == "diatomic" else {**whole, "molecule": {}, "stop": {}}


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_every_input_that_is_shipped_is_one(path):
    parse(path, path.read_text())


def pages_of(nav):
    """Every page of a navigation, in its order."""
    for entry in nav:
        for inside in entry.values() if isinstance(entry, dict) else [entry]:
            yield from pages_of(inside) if isinstance(inside, list) else [inside]


def test_the_navigation_has_every_page_once_and_no_other():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    docs = ROOT / "docs"
    pages = [*docs.rglob("*.md"), *(path.with_suffix(".md") for path in docs.rglob("*.ipynb"))]
    there = [str(path.relative_to(docs)) for path in pages]
    modules = [page for page in pages_of(nav) if page.startswith("api/scatter.")]
    assert len(modules) > 30
    for page in modules:  # made by scripts/site.py
        assert importlib.util.find_spec(page.removeprefix("api/").removesuffix(".md")), page
    assert sorted(pages_of(nav)) == sorted(there + modules)


LINKED = [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


@pytest.mark.parametrize("path", LINKED, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_a_heading_of_it(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        file, _, anchor = target.partition("#")
        if "://" not in target:
            linked = path.parent / file if file else path
            assert linked.exists(), target
            assert not anchor or anchor in headings(linked), target


def headings(path):
    """The anchors of a page's headings, as they are made of their words."""
    for heading in re.findall(r"^#+ (.*)", path.read_text(), re.M):
        bare = re.sub(r"[^\w\s-]", "", heading.encode("ascii", "ignore").decode())
        yield re.sub(r"[\s-]+", "-", bare.strip().lower())


@pytest.fixture(scope="module")
def cli_reference():
    spec = importlib.util.spec_from_file_location("cli", ROOT / "scripts" / "cli_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_of_commands_are_what_the_command_line_says(cli_reference):
    there = {path.name: path.read_text("utf-8") for path in cli_reference.FOLDER.glob("*.md")}
    assert there == cli_reference.pages(), (
        "the command line has changed; run python scripts/cli_reference.py"
    )


def test_every_option_of_every_verb_is_on_its_page(cli_reference):
    pages = cli_reference.pages()
    for name, verb in typer.main.get_command(cli.app).commands.items():
        for option in getattr(verb, "params", []) if not hasattr(verb, "commands") else []:
            if option.param_type_name == "option":
                assert option.opts[0] in pages[f"{name}.md"]
