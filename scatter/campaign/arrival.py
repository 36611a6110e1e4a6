"""Whether a molecule can come to the surface and leave it in the time that it is given."""

from collections.abc import Iterator
from itertools import product
from math import ceil, cos, floor, log10, sqrt
from pathlib import Path

from scatter.config import Input
from scatter.initial.formulas import atoms_of
from scatter.settings import UserError
from scatter.units import degree, fs

TURN_A, BREAK_A = 3.0, 1.0  # heights above which no molecule is turned back, or dissociates
AT_SURFACE_FS = 500.0


def refuse_no_arrival(input: Input, place: Path) -> None:
    """Raise UserError if trajectories of a point are over before any of them can have ended.

    Before the surface acts on it, the centre of mass comes down at v = √(2E/M) cos ϑ. Whatever the
    potential, a molecule is not turned back above Z = 3 Å, nor does it dissociate above 1 Å, and
    one that is reflected as by a mirror leaves as fast as it came. So nothing but undecided
    trajectories can be expected unless

        max_time_fs ≥ max(height_A - 1 Å, (height_A - 3 Å) + (scattered_A - 3 Å)) / v,

    where a difference below 0 counts as 0, and an automatic height as 3 Å. The time that is said
    to do is that of the flight down to the top plane and back up, with 500 fs at the surface,
    rounded up to two digits:

        (height_A + scattered_A) / v + 500 fs.

    Args:
        input: of the campaign; every molecule, energy and polar angle of it is looked at.
        place: the file that it was read from.

    Raises:
        UserError: naming the slowest point, and the time that would do for all.
    """
    if input.incidence.kind != "beam":
        return  # it is there
    v, formula, energy, polar = min(_speeds(input), key=lambda point: point[0])
    heights = (input.incidence.height_A, input.stop.scattered_A)
    height, scattered = (TURN_A if isinstance(given, str) else given for given in heights)
    back = max(height - TURN_A, 0.0) + max(scattered - TURN_A, 0.0)
    least = max(height - BREAK_A, back) / v
    given = input.dynamics.max_time_fs
    if least > given:
        raise UserError(
            f"{place}, [dynamics] max_time_fs = {given:g}: {formula} of {energy:g} eV at "
            f"{polar:g}° to the normal comes down at {1000 * v:.3g} Å/ps, so that from height_A = "
            f"{height:g} to the surface and back up to scattered_A = {scattered:g} it takes more "
            f"than {least:.0f} fs, and none could end; max_time_fs = "
            f"{_rounded_up((height + scattered) / v + AT_SURFACE_FS):.0f} would do"
        )


def _speeds(input: Input) -> Iterator[tuple[float, str, float, float]]:
    """The speed along the surface normal (Å/fs) of each molecule, energy and polar angle."""
    approach = input.incidence
    for formula, energy, polar in product(
        input.molecule.formula, approach.energies, approach.polars
    ):
        mass = sum(mass for _, mass in atoms_of(formula, input.molecule.masses_amu))
        yield sqrt(2 * energy / mass) * cos(polar * degree) * fs, formula, energy, polar


def _rounded_up(time: float) -> float:
    """A time to two digits, no shorter."""
    unit = 10.0 ** (floor(log10(time)) - 1)
    return ceil(time / unit) * unit
