"""What a validation has found, as a document to read and as a table in the terminal.

Both are made of the same plain values that `validation.json` holds; null is a number that is not.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from scatter.analysis.words import labels_of, phrases, title_of
from scatter.files import write_whole
from scatter.report.listing import Listing
from scatter.validation.markdown import (
    Rows,
    figures,
    number,
    property_header,
    property_rows,
    table,
)
from scatter.validation.materials.report import materials_section, score_table
from scatter.validation.pieces import Piece

COLUMNS = {
    "energy": "E (meV)",
    "energy_shifted": "E, shifted (meV)",
    "energy_per_atom": "E (meV/atom)",
    "forces": "F (meV/Å)",
    "molecule": "F_{} (meV/Å)",
}
TITLES = {
    "crystal": "Crystal",
    "molecule": "Molecule",
    "barriers": "Barriers of dissociation",
    "expansion": "Thermal expansion",
}


def interval(piece: Piece) -> str:
    """A sticking probability with its 95 % interval; that of its bounds where it is not known."""
    S0 = "not known" if piece["S0"] is None else f"{piece['S0']:.3f}"
    return f"{S0} [{piece['low']:.3f}, {piece['high']:.3f}]"


def write_report(path: Path, validation: Piece) -> None:
    """Write the document, whole or not at all.

    Args:
        path: of the Markdown file; its figures lie beside it.
        validation: what `validation.json` holds.
    """
    lines = [*_head(validation)]
    for name, section in (
        ("errors", _errors),
        ("properties", _properties),
        ("materials", materials_section),
        ("sticking", _sticking),
    ):
        if name in validation:
            lines += ["", *section(validation[name], validation)]
    write_whole(path, ("\n".join(lines) + "\n").encode())


def print_report(validation: Piece, console: Console) -> None:
    """Print one compact table for each piece."""
    tables = []
    if "errors" in validation:
        tables.append(("RMSE", *_error_rows(validation["errors"], "rmse")))
    if "properties" in validation:
        rows = [row for name in TITLES for row in _property_rows(validation, name)]
        tables.append(("Properties", property_header(validation), rows))
    if validation.get("materials", {}).get("merit") is not None:
        tables.append(("Materials", *score_table(validation["materials"])))
    if "sticking" in validation:
        common, names = _title_and_names(validation["sticking"]["points"])
        rows = _sticking_rows(validation["sticking"], names)
        tables.append((f"Paired sticking: {common}", _sticking_header(validation), rows))
    for title, header, rows in tables:
        lines = [(row[:1], row[1:]) for row in rows]
        console.print(Listing(header[:1], header[1:], lines, title))


def _head(validation: Piece) -> Iterator[str]:
    own, its = validation["potential"], validation["reference"]
    yield f"# {own['name']} against {its['name']}"
    yield ""
    yield from table(
        ["", "what", "sha256"],
        [
            ["potential", own["description"], f"`{own['sha256'][:16]}`"],
            ["reference", its["description"], f"`{its['sha256'][:16]}`"],
        ],
    )
    yield ""
    commit = f", commit {validation['commit'][:12]}" if validation["commit"] else ""
    kernel, machine = validation["kernel"], validation["machine"]
    yield f"scatter {validation['version']}{commit}; {kernel}; {machine}."
    if validation["quick"]:
        yield "A quick look: fewer properties, and fewer trajectories than the input asks for."


def _error_rows(piece: Piece, which: str) -> tuple[list[str], Rows]:
    molecule = "".join(piece["molecule"]) or "molecule"
    header = ["structures", "frames", *(name.format(molecule) for name in COLUMNS.values())]
    rows = [
        [
            part["label"],
            str(part["frames"]),
            *(number(part[name][which], part[name][f"{which}_error"]) for name in COLUMNS),
        ]
        for part in piece["errors"]
    ]
    if which == "rmse":
        header.append("force call (ms)")
        for row in rows:
            row.append("")
        rows[0][-1] = number(piece["call"]["values"][0])
    return header, rows


def _element_rows(piece: Piece) -> tuple[list[str], Rows]:
    """Errors of forces by element, and of the stress where there is any."""
    rows = [[part["label"], *map(_rmse, part["elements"].values())] for part in piece["errors"]]
    names = piece["errors"][0]["elements"]
    header = ["structures", *(f"F on {name} (meV/Å)" for name in names)]
    if any(part["stress"]["n"] for part in piece["errors"]):
        header.append("stress (meV/Å³)")
        for row, part in zip(rows, piece["errors"], strict=True):
            row.append(_rmse(part["stress"]))
    return header, rows


def _rmse(deviation: Piece) -> str:
    return number(deviation["rmse"], deviation["rmse_error"])


def _errors(piece: Piece, validation: Piece) -> Iterator[str]:
    call, own = piece["call"], validation["potential"]["name"]
    yield "## Errors"
    yield ""
    yield (
        f"{piece['frames']} structures of `{piece['structures']}`, {piece['trajectories']} of them "
        "independent (frames of one trajectory count as one). RMSE ± standard error:"
    )
    yield ""
    yield from table(*_error_rows(piece, "rmse"))
    yield ""
    yield "MAE ± standard error:"
    yield ""
    yield from table(*_error_rows(piece, "mae"))
    yield ""
    yield (
        "*E* is the energy of the whole cell; *shifted*, after the mean difference of each "
        "composition on each facet at each temperature is taken off, as in the figure: no "
        "trajectory feels it; frames that are alone of their kind are left out of it. *F* counts "
        "every component of every atom whose force both have, "
        f"*F_{''.join(piece['molecule'])}* those on the molecule."
    )
    yield ""
    yield "RMSE of forces by element, and of the stress where there are labels, ± standard error:"
    yield ""
    yield from table(*_element_rows(piece))
    yield ""
    others = [f"{number(ms)} ms for the reference" for ms in call["values"][1:]]
    yield (
        f"A force call of {call['atoms']} atoms on one thread, the fastest of many: "
        + ", ".join([f"{number(call['values'][0])} ms for {own}", *others])
        + "."
    )
    yield from figures(piece)


def _property_rows(validation: Piece, name: str) -> Rows:
    piece = validation["properties"].get(name)
    return property_rows(piece["rows"]) if piece else []


def _properties(piece: Piece, validation: Piece) -> Iterator[str]:
    yield "## Properties"
    yield ""
    yield (
        "± is a standard error. Numbers without one are free of sampling error; barriers are "
        "converged to about 1 meV."
    )
    for name, title in TITLES.items():
        if name not in piece:
            continue
        part = piece[name]
        yield ""
        yield f"### {title}"
        if part["rows"]:
            yield ""
            yield from table(property_header(validation), _property_rows(validation, name))
        for sentence in part["failures"]:
            yield ""
            yield f"Not found: {sentence}."
        yield from figures(part)


def conditions(point: Piece) -> str:
    """A point in words."""
    return ", ".join(title_of(phrases([point])))


def _sticking_header(validation: Piece) -> list[str]:
    own, its = validation["potential"]["name"], validation["reference"]["name"]
    return ["point", "pairs", f"S0, {own}", f"S0, {its}", "ΔS0 ± s.e.", "95 %", "ΔS0 within ±"]


def _title_and_names(points: Sequence[Piece]) -> tuple[str, list[str]]:
    """What all points share, and what tells each from the others; nothing of a lone one."""
    words = phrases(points)
    return ", ".join(title_of(words)), [", ".join(label) for label in labels_of(words)]


def _sticking_rows(piece: Piece, names: Sequence[str]) -> Rows:
    rows = []
    for name, point in zip(names, piece["points"], strict=True):
        apart = point["paired"]
        rows.append(
            [
                name,
                str(apart["n"]),
                interval(point["potential"]),
                interval(point["reference"]),
                number(apart["difference"], apart["standard_error"]),
                *_ends(apart),
            ]
        )
    return rows


def _ends(apart: Piece) -> tuple[str, str]:
    """The interval of a difference, and its bound; — where S0 is not known on both."""
    if apart["low"] is None:
        return "—", "—"
    return f"[{apart['low']:.3f}, {apart['high']:.3f}]", f"{apart['bound']:.3f}"


def _sticking(piece: Piece, validation: Piece) -> Iterator[str]:
    yield "## Paired sticking"
    yield ""
    yield (
        f"The campaign of `{piece['input']}` on both potentials. Trajectories of one number begin "
        "with the same positions and momenta, on the reference's slabs, snapshots and molecular "
        "states. Intervals of 95 %: Wilson's of S0, Tango's (Stat. Med. 17, 891, 1998) of the "
        "paired difference, and its end farther from zero as the bound. S0, ΔS0: no unit."
    )
    yield ""
    names = [conditions(point) for point in piece["points"]]
    yield from table(_sticking_header(validation), _sticking_rows(piece, names))
    yield from figures(piece)
    yield ""
    yield "Agreement: endings on the potential (rows) and on the reference (columns), in pairs."
    for point in piece["points"]:
        yield ""
        yield from _agreement(piece["endings"], point)
    open_ends = sum(
        point[who][kind]
        for point in piece["points"]
        for who in ("potential", "reference")
        for kind in ("undecided", "failed")
    )
    if open_ends:
        yield ""
        yield f"{open_ends} trajectories ended undecided or failed; they count as not dissociated."


def _agreement(endings: Sequence[str], point: Piece) -> Iterator[str]:
    """The matrix of a point, without the endings that none of its trajectories has."""
    counts = point["agreement"]
    met = [n for n in range(len(endings)) if any(counts[n]) or any(row[n] for row in counts)]
    header = [conditions(point), *(endings[n] for n in met)]
    yield from table(header, [[endings[n], *(str(counts[n][m]) for m in met)] for n in met])
