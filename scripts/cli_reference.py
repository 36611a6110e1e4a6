"""Write docs/commands/, a page for every command, from its `--help`.

Usage: python scripts/cli_reference.py
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from scatter.cli import app
from scatter.cli.values import help_row

FOLDER = Path(__file__).parent.parent / "docs" / "commands"

NOTE = "<!-- Written by scripts/cli_reference.py from the command line; edit that, then run it. -->"

HEAD = f"""# Commands

{NOTE}

Every command has a page with the text of its `--help`.

| command | what it does |
|---|---|
"""

FOOT = """
Options of `scatter` itself are `--version` and `--help`. Under `mpirun` only rank 0 prints.

| exit code | meaning |
|---|---|
| 0 | success |
| 1 | a bug in scatter, with a traceback |
| 2 | a mistake that you can correct, described in one sentence |
| 3 | results are written, but should not be trusted as they are |
| 130 | interrupted; the same command continues |
"""


def pages() -> dict[str, str]:
    """Every page by its name in the folder, as Markdown."""
    verbs = dict(sorted(_verbs(typer.main.get_command(app))))
    written = {f"{'-'.join(words)}.md": _page(words, verb) for words, verb in verbs.items()}
    rows = [
        f"| [`scatter {' '.join(words)}`]({name}) | {_bare(verb.help)} |\n"
        for name, (words, verb) in zip(written, verbs.items(), strict=True)
    ]
    return {"index.md": HEAD + "".join(rows) + FOOT, **written}


def _verbs(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that is not a group of others, by the words that call it."""
    for name, one in getattr(command, "commands", {}).items():
        if hasattr(one, "commands"):
            yield from _verbs(one, (*words, name))
        else:
            yield (*words, name), one


def _page(words: tuple[str, ...], verb: Any) -> str:
    name = " ".join(("scatter", *words))
    context = typer.Context(verb, info_name=name)
    usage = " ".join([name, *verb.collect_usage_pieces(context)])
    arguments = [one for one in verb.params if one.param_type_name == "argument"]
    options = [one for one in verb.params if one.param_type_name == "option"]
    return "\n".join(
        [
            f"# {name}\n\n{NOTE}\n\n{verb.help}\n\n```text\n{usage}\n```\n",
            *_table("argument", [_row(one, context) for one in arguments]),
            *_table("option", [_row(one, context) for one in options]),
        ]
    )


def _table(what: str, rows: list[str]) -> list[str]:
    head = f"| {what} | meaning |\n|---|---|\n"
    return [head + "\n".join(rows) + "\n"] if rows else []


def _row(parameter: Any, context: Any) -> str:
    """Its names and value, and its meaning with bounds and default."""
    names, meaning = help_row(parameter, context)
    return f"| `{names}` | {_bare(meaning)} |"


def _bare(text: str | None) -> str:
    return " ".join((text or "").replace("|", "\\|").split())


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.md"):
        path.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"wrote {FOLDER}")
