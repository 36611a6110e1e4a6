"""Hooks of mkdocs: the notebook as a page, a page for each module, and equations as MathML.

All of it is made when the site is built, so that a reader's browser calls no other host.
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

EQUATION = re.compile(
    r'<(?:div|span) class="arithmatex">\\([\[(])(.*?)\\[\])]</(?:div|span)>', re.S
)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that no file of docs/ holds: of modules in the navigation, and of notebooks."""
    for module in modules(config.nav):
        text = f"# {module}\n\n::: {module}\n"
        files.append(File.generated(config, f"api/{module}.md", content=text))
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        files.remove(file)
        name = str(Path(file.src_uri).with_suffix(".md"))
        files.append(File.generated(config, name, content=notebook(Path(str(file.abs_src_path)))))
    return files


def modules(nav: Any) -> Iterator[str]:
    """The modules that have a page of their own, by their entries `api/MODULE.md`."""
    if isinstance(nav, str):
        yield from re.findall(r"^api/(scatter\..*)\.md$", nav)
    else:
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from modules(entry)


def notebook(path: Path) -> str:
    """A notebook as Markdown: its text, its code, and the outputs that are kept in it."""
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        code = cell["cell_type"] == "code"
        parts += [f"```python\n{source}\n```" if code else source]
        parts += [output(each) for each in cell.get("outputs", [])]
    return "\n\n".join(parts) + "\n"


def output(kept: dict[str, Any]) -> str:
    """One output of a cell: a figure, a table, or text."""
    data = kept.get("data", {})
    if "image/png" in data:
        content = "".join(data["image/png"].split())
        return f"![](data:image/png;base64,{content})"
    if "text/html" in data:
        return "".join(data["text/html"])
    return "```text\n" + "".join(kept.get("text", data.get("text/plain", ""))).rstrip() + "\n```"


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Put MathML in place of each equation in LaTeX."""
    return EQUATION.sub(lambda match: mathml(unescape(match[2]), match[1] == "[", page), html)


def mathml(latex: str, alone: bool, page: Any) -> str:
    """An equation for the browser; a command that has no MathML is refused."""
    made = convert(latex, display="block" if alone else "inline")
    unknown = re.findall(r"\\\w+", unescape(made))
    if unknown:
        raise PluginError(f"{page.file.src_uri}: no MathML for {', '.join(unknown)} in {latex}")
    return made
