"""A campaign's target error in words: what is wanted, what was reached, what was missed."""

from collections.abc import Sequence

import numpy as np

from scatter.analysis import Sticking
from scatter.analysis.rounds import Aim, excess
from scatter.config import Sampling


def aim_of(sampling: Sampling) -> Aim:
    """What the settings ask for, as the planning of rounds takes it."""
    return Aim(
        first=sampling.trajectories,
        most=sampling.most,
        error=sampling.target_error,
        relative=sampling.target_relative_error,
    )


def amount(aim: Aim) -> str:
    """How many trajectories a point gets, in words."""
    if not aim.given:
        return f"{aim.first} trajectories"
    return f"{aim.first} to {aim.most} trajectories, until the error of S0 is at most {wanted(aim)}"


def wanted(aim: Aim) -> str:
    """The target, in words."""
    absolute = [] if aim.error is None else [f"{aim.error:g}"]
    relative = [] if aim.relative is None else [f"{100 * aim.relative:g} % of S0"]
    return " or ".join(absolute + relative)


def compared(row: Sticking, aim: Aim) -> str:
    """The error of a point beside its target, such as `0.0123 > 0.01`; of two the nearer one.

    Nothing where S0 is not known: its bounds are not an error that more trajectories would lessen.
    """
    if not row.known:
        return ""
    width = (row.high - row.low) / 2
    by = excess(row.stuck, row.n, aim)
    sign = "≤" if by <= 1 else ">"
    if aim.error is not None and by == excess(row.stuck, row.n, Aim(1, 1, aim.error)):
        return f"{width:.{_digits(aim.error)}f} {sign} {aim.error:g}"
    relative = f"{100 * width / row.S0:.1f} %" if row.stuck else "∞"
    return f"{relative} {sign} {100 * (aim.relative or 0):g} %"


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
        if row.known and excess(row.stuck, row.n, aim) > 1
    ]
    unknown = sum(not row.known for row in rows)
    missed = [name for name, row in short if row.n >= aim.most]
    yet = [name for name, row in short if row.n < aim.most]
    met = len(rows) - len(short) - unknown
    lines = [f"target error {wanted(aim)}: met by {met} of {len(rows)} points"]
    lines[0] += f"; S0 of {unknown} is not known" if unknown else ""
    if missed:
        lines.append(
            f"missed, max_trajectories = {aim.most} reached: {'; '.join(missed)}: raise it and run "
            "the same command again" + _nothing_sticks(short, aim)
        )
    if yet:
        lines.append(f"not yet met: {'; '.join(yet)}")
    return "\n".join(lines)


def _nothing_sticks(short: Sequence[tuple[str, Sticking]], aim: Aim) -> str:
    if aim.error is None and any(row.n >= aim.most and row.S0 < 0.01 for _, row in short):
        return ", or give target_error too, since a relative error of all but no S0 takes for ever"
    return ""
