"""What a campaign's surfaces are called in tables, figures and pages: its metal, or its file."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from scatter.foreign import shown
from scatter.initial.surface import Surface
from scatter.store import Description


def surface_names(description: Description, facets: Iterable[str]) -> dict[str, str]:
    """The name of each surface by its facet: "Cu(111)", or the name of the slab's file.

    Args:
        description: of a campaign; nothing but the [surface] of its input is looked at.
        facets: as /points has them.

    Raises:
        UserError: there is no input, or it cannot be read.
    """
    try:
        table = tomllib.loads(description["input"]).get("surface", {})
        element = table.get("element", Surface.model_fields["element"].default)
        return names_of(table.get("file"), element, facets, table.get("images") is True)
    except (ValueError, RecursionError, TypeError, AttributeError) as error:
        raise description.unreadable(error) from error


def names_of(file: str | None, element: str, facets: Iterable[str], images: bool) -> dict[str, str]:
    """The name of each surface by its facet, of what [surface] says.

    Where the molecule may feel its images, it is the surface of a layer of such molecules.
    """
    name = None if file is None else Path(file).name
    covered = " covered with molecules" if images else ""
    return {
        facet: shown(name or f"{element}({facet})") + covered for facet in dict.fromkeys(facets)
    }
