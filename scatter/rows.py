"""Which columns a row of `/trajectories` has, by what is fired and how it begins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from scatter.columns import (
    BACK,
    CROSSED,
    CROSSING,
    DEPARTED,
    DIATOMIC,
    DISAGREEMENT,
    END,
    FAULTS,
    INCIDENCE,
    LEVERAGE,
    LOSS,
    LOWEST,
    LOWEST_PLACE,
    LOWEST_TIME,
    ON_THE_SURFACE,
    REACTED,
    RESIDENCE,
    SCATTERED,
    TRAJECTORY,
    TURNS,
    Column,
    at_an_end,
)
from scatter.conditions import ADSORBED as BEGUN_ADSORBED
from scatter.outcomes import OwnEnding


@dataclass(frozen=True)
class Kind:
    """What a kind of projectile adds to a campaign.

    Attributes:
        start: columns of the state that it begins in.
        lowest: columns of its lowest point.
        scattered: columns of its final state, known of the scattered.
        reacted: columns of its products.
        endings: beyond those of `Outcome`, in the order of their codes.
        incidence: columns of the approach, and of the slab.
    """

    start: tuple[Column, ...]
    lowest: tuple[Column, ...]
    scattered: tuple[Column, ...]
    reacted: tuple[Column, ...] = ()
    endings: tuple[OwnEnding, ...] = ()
    incidence: tuple[Column, ...] = tuple(INCIDENCE)


TRANSMITTED, TRAPPED = OwnEnding("transmitted", False), OwnEnding("trapped", True)
ADSORBED, ABSORBED = OwnEnding("adsorbed", True), OwnEnding("absorbed", True)
DESORBED, RECROSSED = OwnEnding("desorbed", True), OwnEnding("recrossed", False)
KINDS = {
    "diatomic": Kind(tuple(DIATOMIC), tuple(LOWEST), tuple(SCATTERED)),
    "atom": Kind(
        (),
        (*LOWEST_PLACE, *LOWEST_TIME),
        (*DEPARTED, *LOSS),
        tuple(REACTED),
        (TRANSMITTED, TRAPPED, ADSORBED, ABSORBED),
    ),
    "polyatomic": Kind(
        (),
        (*LOWEST_PLACE, *LOWEST_TIME),
        (*DEPARTED, *LOSS),
        tuple(REACTED),
        (TRANSMITTED, TRAPPED),
    ),
    "desorption": Kind(
        tuple(CROSSING),
        tuple(LOWEST),
        tuple(SCATTERED),
        tuple(BACK),
        (DESORBED, RECROSSED),
        tuple(CROSSED),
    ),
    BEGUN_ADSORBED: Kind(
        (),
        (*LOWEST_PLACE, *LOWEST_TIME),
        tuple(DEPARTED),
        tuple(REACTED),
        (TRANSMITTED, TRAPPED, ADSORBED, ABSORBED),
        tuple(ON_THE_SURFACE),
    ),
}


def usual_columns(atoms: int, kind: str = "diatomic") -> list[Column]:
    """The columns that every campaign writes whose largest projectile has so many atoms.

    Args:
        atoms: of the largest projectile.
        kind: of the projectiles, of `KINDS`.
    """
    its = KINDS[kind]
    return [
        *(*TRAJECTORY, *FAULTS, *DISAGREEMENT, *LEVERAGE, *its.start),
        *(*its.incidence, *at_an_end("initial", atoms), *its.lowest, *TURNS, *RESIDENCE),
        *(*its.reacted, *END, *at_an_end("final", atoms), *its.scattered),
    ]


def kind_of_columns(names: Sequence[str]) -> str:
    """The kind of projectile whose campaign has columns of these names."""
    if "v" in names:
        return "diatomic"
    if "back_outcome" in names:
        return "desorption"
    if "impact_x_A" not in names:
        return BEGUN_ADSORBED
    return "polyatomic" if "initial_x2_A" in names else "atom"


ATOMS = 2  # of the largest projectile, where a campaign does not say otherwise
COLUMNS = usual_columns(ATOMS)
OF_THE_SCATTERED = [*dict.fromkeys(c.name for kind in KINDS.values() for c in kind.scattered)]


def row_type(columns: Iterable[Column]) -> np.dtype:
    """The type of a row of these columns."""
    return np.dtype([(column.name, column.kind) for column in columns])


ROW = row_type(COLUMNS)
UNITS = {column.name: column.unit for column in COLUMNS}
MEANINGS = {column.name: column.meaning for column in COLUMNS}
