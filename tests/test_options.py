"""What the command line is told twice it adds up or refuses, and what its help says is shown."""

import re
import sys

import pytest
import typer
from processes import finished

from scatter import cli
from scatter.cli.fits import _named, _pairs
from scatter.cli.words import symbols_of
from scatter.errors import UserError

SEVERAL = {
    "average": {"--beam", "--gas", "--desorption"},
    "plot": {"--overlay"},
    "select": {"--all"},
    "convert": {"--elements"},
    "validate": {"--molecule"},
    "fit ace": {"--elements", "--molecule", "--pair-cutoff", "--r0", "--e0", "--class-weight"},
}


def commands(command, words=()):
    """Every command of the program with the words that call it, the program itself first."""
    yield words, command
    for name, one in getattr(command, "commands", {}).items():
        yield from commands(one, (*words, name))


PROGRAM = [*commands(typer.main.get_command(cli.app))]
OPTIONS = [
    pytest.param(words, option, id=" ".join((*words, option.opts[0])))
    for words, command in PROGRAM
    for option in command.params
    if option.param_type_name == "option"
]


def test_all_verbs_are_looked_at():
    assert {("run",), ("average",), ("fit", "ace")} < {words for words, _ in PROGRAM}
    assert len(OPTIONS) > 90


@pytest.mark.parametrize(("words", "option"), OPTIONS)
def test_an_option_given_twice_adds_up_or_is_refused(monkeypatch, capsys, words, option):
    if option.multiple:
        assert option.opts[0] in SEVERAL[" ".join(words)]
        return
    assert option.opts[0] not in SEVERAL.get(" ".join(words), ())
    value = () if option.is_flag else ("1",)
    last = (option.secondary_opts or option.opts)[-1]
    given = [*words, option.opts[0], *value, last, *value]
    monkeypatch.setattr(sys, "argv", ["scatter", *given])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert err.startswith("scatter: " + "/".join(option.opts))
    assert err.endswith("is given 2 times; give it once\n")


def test_values_of_a_list_add_up_however_they_are_given():
    assert symbols_of(["H", "Cu"]) == symbols_of(["H,Cu"]) == symbols_of(["H, Cu", "H"])
    assert symbols_of(["H", "Cu"]) == ("H", "Cu")
    assert symbols_of(None) == symbols_of([""]) == ()


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["--elements", "H", "Cu"], ["H", "Cu"]),
        (["--elements", "H", "--elements", "Cu"], ["H", "Cu"]),
        (["--elements", "H,Cu"], ["H", "Cu"]),
        ([], []),
    ],
)
def test_elements_to_convert_add_up(monkeypatch, arguments, kept):
    told = []
    monkeypatch.setattr("scatter.mace.convert.convert", lambda *given: told.append(given) or [])
    monkeypatch.setattr(sys, "argv", ["scatter", "convert", "a.model", "b.npz", *arguments])
    with pytest.raises(SystemExit):
        cli.main()
    [(_, _, elements, *_)] = told
    assert elements == kept


def test_a_name_is_given_one_value():
    with pytest.raises(UserError, match="--e0: gives H twice; give it once"):
        _named("--e0", ["H=-1", "H=-2"])
    with pytest.raises(UserError, match="--r0: gives Cu-H and H-Cu, one pair; give it once"):
        _pairs("--r0", ["Cu-H=1", "H-Cu=2"])


def test_an_option_of_the_program_for_gpus_is_refused_twice():
    command = [sys.executable, "-m", "scatter.gpu", "a", "b", "--slots", "1", "--slots", "2"]
    ended = finished(command)
    assert ended.returncode == 2
    assert "--slots: is given twice; give it once" in ended.stderr


@pytest.mark.parametrize(("words", "command"), PROGRAM)
def test_help_is_shown_as_it_is_written_with_every_bracket(monkeypatch, capsys, words, command):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["scatter", *words, "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    shown = "".join("".join(lines).split())
    written = [command.help, *(one.help for one in command.params)]
    written += [one.help.split("\n\n")[0] for one in getattr(command, "commands", {}).values()]
    for text in filter(None, written):
        assert "".join(text.split()) in shown


def test_brackets_are_among_what_is_written():
    texts = [one.help or "" for _, command in PROGRAM for one in command.params]
    assert [text for text in texts if re.search(r"\[potential\]", text)]


@pytest.mark.parametrize(("words", "command"), PROGRAM)
def test_help_names_every_value_in_words_of_the_field(monkeypatch, capsys, words, command):
    monkeypatch.setattr(sys, "argv", ["scatter", *words, "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    shown = capsys.readouterr().out
    assert not re.search(r"<\w|range>|[{]|x[<>]=", shown), shown
    valued = [one for one in command.params if not getattr(one, "is_flag", False)]
    assert [one.name for one in valued if not one.metavar] == []


def test_help_shows_arguments_in_the_usage_and_bounds_in_words(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "argv", ["scatter", "distil", "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("Usage: scatter distil [OPTIONS] SET OUT Train")
    assert "--epochs N Passes over the training set. [default: 300; at least 1]" in shown
    assert "--cutoff Å Cutoff. [default: 5.0; at least 1.0]" in shown
    assert "[default: 3; 1 to 3]" in shown


def test_usage_shows_what_is_repeated_and_what_may_be_left_out():
    programs = {words: command for words, command in PROGRAM}
    report, init = (typer.Context(programs[words,]) for words in ("report", "init"))
    assert programs["report",].collect_usage_pieces(report) == ["[OPTIONS]", "FOLDERS..."]
    assert programs["init",].collect_usage_pieces(init) == ["[OPTIONS]", "[NAME]"]
