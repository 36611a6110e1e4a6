"""What a campaign's surfaces are called in tables, figures and pages: its metal, or its file."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scatter.foreign import shown
from scatter.initial.crystals import crystal_of
from scatter.initial.surface import Surface
from scatter.store import Description

ELEMENT = Surface.model_fields["element"].default


def surface_names(description: Description, facets: Iterable[str]) -> dict[str, str]:
    """The name of each surface by its facet: "Cu(111)", or the name of the slab's file.

    Args:
        description: of a campaign; nothing but [surface] and [incidence] of its input is
            looked at.
        facets: as /points has them.

    Raises:
        UserError: there is no input, or it cannot be read.
    """
    with _read(description) as tables:
        return names_of(tables.get("surface", {}), tables.get("incidence", {}), facets)


def crystal_in(description: Description) -> str:
    """The structure of the crystal that a campaign's facets are cut from; "" for a file's slab.

    Raises:
        UserError: there is no input, or it cannot be read.
    """
    with _read(description) as tables:
        table = tables.get("surface", {})
        if table.get("file") is not None:
            return ""
        return crystal_of(table.get("element", ELEMENT), table.get("structure"))


def clean_in(description: Description) -> bool:
    """Whether a campaign's surfaces carry no adsorbates.

    Raises:
        UserError: there is no input, or it cannot be read.
    """
    with _read(description) as tables:
        return not tables.get("surface", {}).get("adsorbates")


@contextmanager
def _read(description: Description) -> Iterator[dict[str, Any]]:
    """The tables of a campaign's input; what is wrong with them is said in one sentence."""
    try:
        yield tomllib.loads(description["input"])
    except (ValueError, RecursionError, TypeError, AttributeError) as error:
        raise description.unreadable(error) from error


def names_of(
    surface: Mapping[str, Any], incidence: Mapping[str, Any], facets: Iterable[str]
) -> dict[str, str]:
    """The name of each surface by its facet, of the keys of [surface] and [incidence].

    Where the molecule may feel its images, it is the surface of a layer of such molecules.
    """
    file, structure = surface.get("file"), surface.get("structure")
    crystal = f"{structure} " if structure else ""
    metal = f"{crystal}{surface.get('element', ELEMENT)}"
    name = None if file is None else Path(file).name
    rigid = "rigid " if surface.get("frozen_layers") == "all" else ""
    covered = " covered with molecules" if surface.get("images") is True else ""
    if incidence.get("aim_atom") is not None:
        atom, radius = incidence["aim_atom"], incidence.get("aim_radius_A")
        covered += " " + shown(f"within {radius} Å of atom {atom}")
    covered = _adsorbed(surface.get("adsorbates") or {}) + covered
    return {
        facet: rigid + shown(name or f"{metal}({facet})") + covered
        for facet in dict.fromkeys(facets)
    }


def _adsorbed(adsorbates: Mapping[str, Any]) -> str:
    """What lies on a slab that is built: " with 0.25 H at fcc", or the number of atoms."""
    if adsorbates.get("species") is None:
        return ""
    amount = adsorbates.get("coverage") or len(adsorbates.get("cells") or [])
    return " " + shown(f"with {amount} {adsorbates['species']} at {adsorbates.get('site')}")
