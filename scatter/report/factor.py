"""`scatter plot --scale`: by what measured curves are multiplied, where that is to be found."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scatter.analysis import Counts, Undetermined, fit, read_curve
from scatter.analysis.factor import Factor, factor_to
from scatter.phrases import interval
from scatter.results.folder import COUNTED, ResultsFile
from scatter.settings import UserError

Z = 1.959964  # half-widths of error bars are these many standard errors


def scale_of(
    text: str, folders: Sequence[Path], overlays: Sequence[Path]
) -> tuple[float, Factor | None]:
    """The number that `--scale` gives, or the factor that brings the overlay onto the curve.

    Args:
        text: a number, or "fit".
        folders: of campaigns, of which the first has the curve.
        overlays: CSV files.

    Raises:
        UserError: it is neither, or there is no factor.
    """
    if text != "fit":
        try:
            return float(text), None
        except ValueError:
            raise UserError(f"--scale {text}: must be a number, or fit") from None
    if len(overlays) != 1:
        raise UserError(f"--scale fit: needs one --overlay, and there are {len(overlays)}")
    factor = factor_of(folders[0], overlays[0])
    return factor.value, factor


def factor_of(folder: Path, overlay: Path) -> Factor:
    """The factor that brings the curve of a file onto that of a campaign.

    Raises:
        UserError: either has several curves, or the campaign's cannot be fitted.
    """
    results = ResultsFile.of(folder, COUNTED)
    scans, measured = results.scans(results.rows), read_curve(overlay, "energy_eV")
    for where, count in ((folder, len(scans)), (overlay, len(measured))):
        if count != 1:
            raise UserError(
                f"--scale fit: {where} has {count} curves, and a factor is between two; choose one"
            )
    fitted, curve = fit(Counts.of(scans[0][1])), measured[0]
    if isinstance(fitted, Undetermined):
        raise UserError(f"--scale fit: {folder}: {fitted.sentence}")
    known = np.isfinite(curve.S0)
    error = (curve.high - curve.low)[known] / (2 * Z)
    errors = error if (error > 0).all() else None  # where none were measured, both ends are S0
    try:
        return factor_to(fitted, curve.x[known], curve.S0[known], errors)
    except ValueError as mistake:
        raise UserError(f"--scale fit: {overlay}: {mistake}") from mistake


def in_words(factor: Factor, overlay: Path) -> str:
    """The factor with its interval."""
    p = "" if np.isnan(factor.p_value) else f"; p = {factor.p_value:.2g}"
    return (
        f"{overlay}: S0 × {factor.value:.4g} ({interval(factor.low, factor.high, '.4g')}) is "
        f"nearest to the fitted curve{p}"
    )
