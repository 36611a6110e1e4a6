"""A campaign's target error in words: what is wanted, what was reached, what was missed."""

from collections.abc import Sequence

import numpy as np

from scatter.analysis import Sticking
from scatter.analysis.repeated import RARE
from scatter.analysis.rounds import Aim, excess
from scatter.config import Sampling
from scatter.phrases import counted


def aim_of(sampling: Sampling) -> Aim:
    """What the settings ask for, as the planning of rounds takes it."""
    return Aim(
        first=sampling.trajectories,
        most=sampling.most,
        error=sampling.target_error,
        relative=sampling.target_relative_error,
        product=sampling.target_product,
    )


def amount(aim: Aim) -> str:
    """How many trajectories a point gets, in words."""
    if not aim.given:
        return counted(aim.first, "trajectory")
    what = "S0" if aim.product is None else f"P({aim.product})"
    return (
        f"{aim.first} to {aim.most} trajectories, until the error of {what} is at most "
        f"{wanted(aim)}"
    )


def amount_of(sampling: Sampling) -> str:
    """How many trajectories a point gets by a campaign's settings, in words."""
    if not sampling.splits:
        return amount(aim_of(sampling))
    split = (
        f"{sampling.first_replicates} replicates of {sampling.trajectories} starts, "
        f"{sampling.most_moves} moves a level"
    )
    if sampling.method == "splitting":
        return split
    return f"{amount(aim_of(sampling))}, or of {split} where they show fewer than {RARE} events"


def wanted(aim: Aim) -> str:
    """The target, in words."""
    absolute = [] if aim.error is None else [f"{aim.error:g}"]
    of = "S0" if aim.product is None else "it"
    relative = [] if aim.relative is None else [f"{100 * aim.relative:g} % of {of}"]
    return " or ".join(absolute + relative)


def compared(row: Sticking, aim: Aim) -> str:
    """The error of a point beside its target, such as `0.0123 > 0.01`; of two the nearer one.

    Nothing where S0 is not known: its bounds are not an error that more trajectories would lessen.
    """
    if not row.known:
        return ""
    width = (row.high - row.low) / 2
    by = _excess(row, aim)
    sign = "≤" if by <= 1 else ">"
    if np.isnan(width):
        return "no interval"
    if aim.error is not None and by == _excess(row, Aim(1, 1, aim.error)):
        return f"{width:.{_digits(aim.error)}f} {sign} {aim.error:g}"
    relative = f"{100 * width / row.S0:.1f} %" if row.S0 else "∞"
    return f"{relative} {sign} {100 * (aim.relative or 0):g} %"


def _excess(row: Sticking, aim: Aim) -> float:
    """The error of S0 as a multiple of its target; of replicates, of twice the standard error."""
    if row.repeated is None:
        k, n = row.counts
        return excess(k, n, aim)
    P, error = row.repeated, 2 * row.repeated.error
    multiples = [] if aim.error is None else [error * P.mean / aim.error]
    multiples += [] if aim.relative is None else [error / aim.relative]
    return np.inf if P.doubt else float(min(multiples))


def _digits(target: float) -> int:
    """Decimal places that show an error beside its target."""
    return max(2, 2 - int(np.floor(np.log10(target))))


def verdict(names: Sequence[str], rows: Sequence[Sticking], aim: Aim) -> str:
    """Which points have met the target, which missed it with all that they may get, which may yet.

    Where S0 is not known, none of this is said of it.

    Args:
        names: of the points.
        rows: their results.
        aim: the target.
    """
    short = [
        (name, row)
        for name, row in zip(names, rows, strict=True)
        if row.known and _excess(row, aim) > 1
    ]
    unknown = sum(not row.known for row in rows)
    split = [name for name, row in short if row.repeated is not None]
    crude = [(name, row) for name, row in short if row.repeated is None]
    missed = [name for name, row in crude if row.n >= aim.most]
    fewer = [(name, row) for name, row in crude if row.n < aim.most]
    alike = [name for name, row in fewer if excess(row.stuck, row.n, aim) <= 1]
    yet = [name for name, _ in fewer if name not in alike]
    met = len(rows) - len(short) - unknown
    lines = [f"target error {wanted(aim)}: met by {met} of {len(rows)} points"]
    lines[0] += f"; S0 of {unknown} is not known" if unknown else ""
    if missed:
        lines.append(
            f"missed, max_trajectories = {aim.most} reached: {'; '.join(missed)}: raise it and run "
            "the same command again" + _nothing_sticks(short, aim)
        )
    if split:
        lines.append(
            f"missed by replicates: {'; '.join(split)}: raise max_replicates and run the same "
            "command again"
        )
    if alike:
        lines.append(
            "missed, since trajectories that share a snapshot of the slab end alike: "
            f'{"; ".join(alike)}: begin anew with [surface.thermalise] snapshots = "auto"'
        )
    if yet:
        lines.append(f"not yet met: {'; '.join(yet)}")
    return "\n".join(lines)


def _nothing_sticks(short: Sequence[tuple[str, Sticking]], aim: Aim) -> str:
    if aim.error is None and any(
        row.repeated is None and row.n >= aim.most and row.S0 < 0.01 for _, row in short
    ):
        return ", or give target_error too, since the relative error of an S0 near 0 takes forever"
    return ""
