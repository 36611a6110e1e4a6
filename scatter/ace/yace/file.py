"""The `.yace` file of LAMMPS' ML-PACE: YAML, of which nothing is run.

    elements: [Cu, H]
    E0: [..., ...]
    deltaSplineBins: 0.001
    embeddings: {0: {ndensity, FS_parameters, npoti, rho_core_cutoff, drho_core_cutoff}, ...}
    bonds: {[0, 0]: {radbasename, radparameters, radcoefficients, nradmax, lmax, nradbasemax, rcut,
        dcut, rcut_in, dcut_in, inner_cutoff_type, prehc, lambdahc}, ...}
    functions: {0: [{mu0, rank, ndensity, num_ms_combs, mus, ns, ls, ms_combs, ctildes}, ...], ...}

The grammar is that of the reader in ML-PACE (`ace_c_basis.cpp`). Functions of rank 1 multiply the
radial functions g_k, k = ns[0]; those of higher ranks R_nl = Σ_k radcoefficients[n][l][k] g_k.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from scatter.files import replacing
from scatter.foreign import reason, text
from scatter.settings import UserError

Tree = dict[Any, Any]


class _Loader(yaml.CSafeLoader):
    """Plain values only; keys may be sequences."""


def _mapping(loader: Any, node: Any) -> Tree:
    mapping = {}
    for name, value in node.value:
        key = loader.construct_object(name, deep=True)
        key = tuple(key) if isinstance(key, list) else key
        mapping[key] = loader.construct_object(value, deep=True)
    return mapping


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_tree(file: Path) -> Tree:
    """The values in a file.

    Raises:
        UserError: it cannot be read or is not a mapping.
    """
    try:
        tree = yaml.load(text(file, f"[potential] file = '{file}'"), _Loader)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"[potential] file = '{file}': cannot be read ({reason(error)})") from error
    if not isinstance(tree, dict):
        raise UserError(f"[potential] file = '{file}': is not a .yace file")
    return tree


def _text(value: Any) -> str:
    """A value on one line; a number has a point, without which YAML takes 1e-05 for a word."""
    if isinstance(value, float):
        return f"{value:.16e}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    return str(value)


def _lines(tree: Tree) -> Iterator[str]:
    for key in ("elements", "E0", "deltaSplineBins"):
        yield f"{key}: {_text(tree[key])}"
    for key in ("embeddings", "bonds"):
        yield f"{key}:"
        for name, values in tree[key].items():
            yield f"  {_text(name)}:"
            yield from (f"    {each}: {_text(value)}" for each, value in values.items())
    yield "functions:"
    for name, functions in tree["functions"].items():
        yield f"  {name}:" if functions else f"  {name}: []"
        for function in functions:
            inside = ", ".join(f"{each}: {_text(value)}" for each, value in function.items())
            yield f"    - {{{inside}}}"


def write_tree(tree: Tree, file: Path) -> None:
    """Write a file, whole or not at all."""
    with replacing(file) as temporary:
        temporary.write_text("\n".join(_lines(tree)) + "\n", encoding="utf-8")
