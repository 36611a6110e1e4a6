"""What left under umbrellas: whether it tells an S0, and which."""

import json

import numpy as np

from scatter.analysis.desorbed import Desorbed
from scatter.analysis.resolved import FEWEST, Resolved
from scatter.analysis.under_umbrella import Left, under_umbrella
from scatter.initial.umbrella import Umbrella
from scatter.report.terminal import clock
from scatter.results.folder import ResultsFile
from scatter.settings import UserError

UMBRELLAS = "umbrellas"  # in a results file
TRIPS = 10  # round trips of the chains, below which S0 is not known


def left_of(results: ResultsFile, number: int) -> Left | None:
    """What left under the umbrella of a point; None where there is nothing yet.

    Raises:
        UserError: the file does not say which umbrella.
    """
    rows = results.left[results.left["point"] == number]
    if not len(rows):
        return None
    described = results.description.get(UMBRELLAS, "{}")
    try:
        every = json.loads(described) if isinstance(described, str) else described
        named = every[str(number)]
        u, a = (np.array(named[name], float) for name in ("u", "a"))
        numbers = [float(named[name]) for name in ("T_K", "v", "J", "low_eV", "high_eV")]
        if not (np.isfinite([*numbers, *u, *a.ravel()]).all() and a.shape == (3, len(u))):
            raise ValueError
        T_K, v, J, low, high = numbers
        if not (len(u) > 1 and low < high):
            raise ValueError
        return Left(Umbrella(T_K, v, J, low, high, u, a), rows)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{results.description.path}: its '{UMBRELLAS}' does not say the umbrella of point "
            f"{number}; run the same campaign again to add it (nothing else is run again)"
        ) from error


def law_under(desorbed: Desorbed, left: Left | None) -> Resolved:
    """S0(E, v, J) around the state of an umbrella.

    Raises:
        UserError: there is none, or it does not tell S0 yet.
    """
    if left is None:
        raise UserError("there is no umbrella; give [incidence.umbrella]")
    if why := too_little(desorbed, left):
        raise UserError(why)
    return under_umbrella(desorbed, left)


def too_little(desorbed: Desorbed, left: Left) -> str | None:
    """Why what left under an umbrella tells no S0 yet; None where it does."""
    if len(left.out) < FEWEST or len(desorbed.out) < FEWEST:
        return f"S0 needs {FEWEST} that desorbed, and as many that left; run more of both"
    if (trips := left.round_trips) < TRIPS:
        return (
            f"its chains went {trips} times from one end of the energies to the other and back, "
            f"and S0 needs {TRIPS}; raise its shots"
        )
    return None


def progress_in_words(left: Left, done: float, taken: float, seconds: float) -> str:
    """How far chains are, what they have done, and the time left."""
    return (
        f"{done:.0%} done, {taken:.0%} of moves taken, {left.round_trips} round trips, worth "
        f"{len(left.out) / left.alike:,.0f} independent molecules, {clock(seconds)} left"
    )


def umbrella_in_words(desorbed: Desorbed, left: Left) -> str:
    """What to know of an umbrella."""
    umbrella = left.umbrella
    start = (
        f"umbrella over v = {umbrella.v:g}, J = {umbrella.J:g}, {umbrella.low_eV:g} to "
        f"{umbrella.high_eV:g} eV: "
    )
    if why := too_little(desorbed, left):
        return f"{start}{why}"
    return (
        f"{start}{len(left.out):,} molecules left, worth {len(left.out) / left.alike:,.0f} "
        f"independent ones; {left.round_trips} round trips; S0 in desorption_S0.csv"
    )
