"""Run docs/tutorials/notebook.ipynb and keep what its cells answer in it.

Usage: python scripts/notebook.py

A cell's last expression is its answer, as in Jupyter; figures are kept as PNG.
"""

import ast
import base64
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # the backend is chosen first

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "tutorials" / "notebook.ipynb"


def cells(file: Path = NOTEBOOK) -> list[dict[str, Any]]:
    """The cells of a notebook."""
    return json.loads(file.read_text(encoding="utf-8"))["cells"]


def run(all_cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Run the cells of code in turn, with their outputs; answers what they have named."""
    names: dict[str, Any] = {"__name__": "__main__"}
    number = 0
    for cell in all_cells:
        if cell["cell_type"] != "code":
            continue
        number += 1
        cell["execution_count"] = number
        cell["outputs"] = [*outputs("".join(cell["source"]), names, number)]
    return names


def outputs(source: str, names: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """What one cell prints, answers and draws, as a notebook keeps it."""
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    printed, answer = io.StringIO(), None
    with redirect_stdout(printed):
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        if isinstance(last, ast.Expr):
            answer = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    if printed.getvalue():
        yield {"name": "stdout", "output_type": "stream", "text": lines(printed.getvalue())}
    for figure in map(pyplot.figure, pyplot.get_fignums()):
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=100, bbox_inches="tight")
        content = base64.b64encode(stream.getvalue()).decode()
        yield {"data": {"image/png": content}, "metadata": {}, "output_type": "display_data"}
    pyplot.close("all")
    if answer is not None and not source.rstrip().endswith(";"):
        data = {"text/plain": lines(repr(answer))}
        if hasattr(answer, "to_html"):
            data["text/html"] = lines(answer.to_html())
        yield {"data": data, "execution_count": number, "metadata": {},
               "output_type": "execute_result"}  # fmt: skip


def lines(text: str) -> list[str]:
    """Lines as a notebook keeps them."""
    return text.splitlines(keepends=True)


def main() -> None:
    """Run the notebook and write it anew."""
    whole = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    run(whole["cells"])
    NOTEBOOK.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {NOTEBOOK}")


if __name__ == "__main__":
    main()
