"""Figures as drafts, which take a fifth of the time of whole ones; half of the suite's went there.

A draft is drawn once, with all that may warn or fail: as a PNG of few pixels. Its PDF is empty.
"""

import os
from contextlib import contextmanager

from matplotlib.figure import Figure

DRAFT_dpi = 50
PDF = b"%PDF-1.4\n%%EOF\n"
WHOLE = Figure.savefig


def _draft(figure, place, *, format, **options):
    if format == "pdf":
        with open(place, "wb") as file:
            file.write(PDF)
    else:
        WHOLE(figure, place, format=format, **options | {"dpi": DRAFT_dpi})


@contextmanager
def _saved_by(way):
    before, Figure.savefig = Figure.savefig, way
    try:
        yield
    finally:
        Figure.savefig = before


def whole_figures():
    """Meanwhile figures are what users get."""
    return _saved_by(WHOLE)


def drafts():
    """Meanwhile figures are drafts, unless all are asked to be whole, as `scripts/attack` does."""
    return _saved_by(WHOLE if os.environ.get("WHOLE_FIGURES") else _draft)
