"""What a campaign's surfaces are called in tables, figures and pages: its metal, or its file."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from scatter.foreign import reason, shown
from scatter.initial.surface import Surface
from scatter.results import Told
from scatter.settings import UserError


def surface_names(place: Path, text: str, facets: Iterable[str]) -> dict[str, str]:
    """The name of each surface by its facet: "Cu(111)", or the name of the slab's file.

    Args:
        place: the file that holds the text, named in errors.
        text: the input of a campaign; nothing but its [surface] is looked at.
        facets: as /points has them.

    Raises:
        UserError: the text is no input.
    """
    try:
        told: dict[str, Any] = tomllib.loads(text).get("surface", {})
        element = told.get("element", Surface.model_fields["element"].default)
        return names_of(told.get("file"), element, facets, told.get("images") is True)
    except (ValueError, RecursionError, TypeError, AttributeError) as error:
        raise UserError(f"{place}: the input in it cannot be read ({reason(error)})") from error


def names_of(file: str | None, element: str, facets: Iterable[str], images: bool) -> dict[str, str]:
    """The name of each surface by its facet, of what [surface] says.

    Where the molecule may feel its images, it is the surface of a layer of such molecules.
    """
    name = None if file is None else Path(file).name
    covered = " covered with molecules" if images else ""
    return {
        facet: shown(name or f"{element}({facet})") + covered for facet in dict.fromkeys(facets)
    }


def surfaces_of(points: np.ndarray, attributes: Told) -> dict[str, str]:
    """The names of the surfaces of a campaign whose results have been read.

    Raises:
        UserError: they hold no input.
    """
    return surface_names(attributes.path, attributes["input"], points["facet"].tolist())
