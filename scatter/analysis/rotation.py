"""Rotational distributions of the scattered within each v', and their temperatures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from scatter.analysis.binning import HISTOGRAM, Binning, effective_count, weighted_proportion
from scatter.analysis.boltzmann import (
    boltzmann_populations,
    inverse_temperature,
    temperature,
)
from scatter.analysis.means import mean_interval
from scatter.analysis.per_point import Columns, by_point, long_table
from scatter.analysis.probability import wilson
from scatter.analysis.spins import spin_weights
from scatter.ebk import Level
from scatter.outcomes import Outcome

Levels = Mapping[str, Sequence[Level]]  # by formula, as `scatter.ebk.levels` gives them


@dataclass(frozen=True)
class _Ladder:
    """The scattered of one v': the levels that they may be in, and where each is.

    Attributes:
        columns: of the point, and the binning and v'.
        J: of the levels.
        energy: of the levels above J = 0, eV.
        degeneracy: of the levels.
        place: which level each trajectory is in.
        weight: of each trajectory.
        beyond: trajectories that are in no level.
    """

    columns: Columns
    J: Int[np.ndarray, " level"]
    energy: Float[np.ndarray, " level"]
    degeneracy: Float[np.ndarray, " level"]
    place: Int[np.ndarray, " trajectory"]
    weight: Float[np.ndarray, " trajectory"]
    beyond: int

    @property
    def mean(self) -> float:
        """Mean rotational energy, eV."""
        total = self.weight.sum()
        return float((self.weight * self.energy[self.place]).sum() / total) if total else np.nan


def rotational_populations(
    points: np.ndarray,
    trajectories: np.ndarray,
    levels: Levels,
    binning: Binning = HISTOGRAM,
    nuclear_spin: bool = False,
) -> pd.DataFrame:
    """P(J' | v') of every point and every v' that is reached, with the Boltzmann law beside it.

    Args:
        points: /points of `results.h5`.
        trajectories: /trajectories; of an unfinished campaign those that are `in_turn`.
        levels: of each molecule; high enough in J that a Boltzmann law is complete.
        binning: how final quantum numbers are read; with `parity` only every second level of a
            homonuclear molecule takes part.
        nuclear_spin: degeneracies hold `spin_weights`. A collision does not turn ortho into para
            molecules, so this is for trajectories that began in a mixture of both.

    Returns:
        Behind the columns of the point: `binning`, v_final, J_final; `rotational_eV`, which is
        E(v', J') - E(v', 0); `degeneracy` 2J'+1, with the nuclear-spin weight where that was asked
        for; of `scattered` with this v' `count` that have this J', whatever their weight; P of J'
        within v' with low and high; `boltzmann`, P at the fitted temperature, or NaN.

    Raises:
        ValueError: the levels lack a molecule.
    """
    ladders = _ladders(points, trajectories, levels, binning, nuclear_spin)
    # `rotational_temperatures` counts what is beyond all levels
    return long_table(row for ladder in ladders if len(ladder.J) for row in _populations(ladder))


def _populations(ladder: _Ladder) -> Iterator[Columns]:
    beta = inverse_temperature(np.array([ladder.mean]), ladder.energy, ladder.degeneracy)
    # At β = inf all are in the lowest level, as they are at 10⁵ per eV.
    law = boltzmann_populations(np.minimum(beta, 1e5), ladder.energy, ladder.degeneracy)[0]
    for place in range(int(ladder.place.max(initial=-1)) + 1):
        member = ladder.place == place
        P, low, high = weighted_proportion(member, ladder.weight, len(member))
        yield {
            **ladder.columns,
            "J_final": int(ladder.J[place]),
            "rotational_eV": float(ladder.energy[place]),
            "degeneracy": float(ladder.degeneracy[place]),
            **{"scattered": len(member), "count": int(member.sum())},
            **{"P": P, "low": low, "high": high, "boltzmann": float(law[place])},
        }


def rotational_temperatures(
    points: np.ndarray,
    trajectories: np.ndarray,
    levels: Levels,
    binning: Binning = HISTOGRAM,
    nuclear_spin: bool = False,
    seed: int = 0,
) -> pd.DataFrame:
    """The rotational temperature of every point and every v' that is reached.

    It is the likeliest of (2J'+1) exp(-E_rot/kT), see `inverse_temperature`: the one at which the
    mean energy is the observed one. Its interval is that of the mean energy, from a bootstrap of
    the trajectories (`mean_interval`), which takes no Boltzmann law for granted.

    Args:
        points: as of `rotational_populations`; so are the next four.
        trajectories: /trajectories.
        levels: of each molecule.
        binning: how final quantum numbers are read.
        nuclear_spin: degeneracies hold `spin_weights`.
        seed: of the bootstrap, whose samples depend on it, the point and v' alone.

    Returns:
        Behind the columns of the point: `binning`, v_final; `scattered` with this v' whose level is
        known, and `beyond` that are left out as theirs is not; `effective`, the number of equal
        weight that would say as much; `mean_rotational_eV`; `temperature_K` with `low_K` and
        `high_K`: 0 where all are in the lowest level, inf where the mean energy is that of equal
        populations (per degeneracy) or more.
    """
    ladders = _ladders(points, trajectories, levels, binning, nuclear_spin)
    return long_table(_temperature(ladder, seed) for ladder in ladders)


def _temperature(ladder: _Ladder, seed: int) -> Columns:
    means = np.array([*_mean_interval(ladder, seed), ladder.mean])
    ends = inverse_temperature(means, ladder.energy, ladder.degeneracy).tolist()
    low, high, likeliest = map(temperature, ends)
    return {
        **ladder.columns,
        **{"scattered": len(ladder.place), "beyond": ladder.beyond},
        **{"effective": effective_count(ladder.weight), "mean_rotational_eV": ladder.mean},
        **{"temperature_K": likeliest, "low_K": low, "high_K": high},
    }


def _mean_interval(ladder: _Ladder, seed: int) -> tuple[float, float]:
    """Ends of the 95 % interval of the mean rotational energy, eV.

    Where all trajectories are in one level, it reaches as far as the share of trajectories that
    could be in the next one (Wilson).
    """
    stream = [seed, ladder.columns["point"], ladder.columns["v_final"]]
    energy = ladder.energy[ladder.place]
    if not ladder.weight.sum() > 0:
        return np.nan, np.nan
    if np.ptp(energy[ladder.weight > 0]) > 0:
        return mean_interval(energy, ladder.weight, np.random.default_rng(stream))
    share = wilson(0, effective_count(ladder.weight))[2]
    place = int(ladder.place[np.argmax(ladder.weight)])
    below, above = (ladder.energy[np.clip(place + step, 0, len(ladder.J) - 1)] for step in (-1, 1))
    return (
        ladder.mean + share * float(below - ladder.mean),
        ladder.mean + share * float(above - ladder.mean),
    )


def _ladders(
    points: np.ndarray,
    trajectories: np.ndarray,
    levels: Levels,
    binning: Binning,
    nuclear_spin: bool,
) -> Iterator[_Ladder]:
    for conditions, rows in by_point(points, trajectories):
        scattered = rows[rows["outcome"] == Outcome.SCATTERED]
        formula, J = conditions["molecule"], conditions["J"]
        binned = binning.classes(scattered["final_v"], scattered["final_J"], J, formula)
        step = binning.step(formula)
        for v in np.unique(binned.v[binned.classed]).tolist():
            mine = binned.v == v
            turns, energy = _levels_of(levels, formula, v, J % step, step)
            place = (binned.J[mine] - J % step) // step
            held = place < len(turns)
            spin = spin_weights(formula) if nuclear_spin else (1, 1)
            yield _Ladder(
                columns={**conditions, "binning": binning.name(formula), "v_final": v},
                J=turns,
                energy=energy,
                degeneracy=(2 * turns + 1.0) * np.array(spin, float)[turns % 2],
                place=place[held],
                weight=binned.weight[mine][held],
                beyond=int((~held).sum()),
            )


def _levels_of(
    levels: Levels, formula: str, v: int, lowest: int, step: int
) -> tuple[Int[np.ndarray, " level"], Float[np.ndarray, " level"]]:
    """J, and energy above J = 0 (eV), of the levels of one v, from J = `lowest` on in steps."""
    if formula not in levels:
        raise ValueError(f"no levels were given for {formula}; they hold {', '.join(levels)}")
    by_J = {int(level.J): level.energy for level in levels[formula] if level.v == v}
    turns = [J for J in sorted(by_J) if J % step == lowest]
    return np.array(turns, np.int64), np.array([by_J[J] - by_J[0] for J in turns])
