"""The vibrational levels of a polyatomic by adiabatic switching, as rows of a table."""

from scatter.initial.normal_modes import PER_CM, NormalModes
from scatter.initial.pools import Sampling, pool_of
from scatter.initial.switching import Quanta
from scatter.potentials.base import Potential

ALIKE = 1e-3  # relative: frequencies of degenerate modes agree better, even in float32

Row = dict[str, int | float | Quanta]


def mode_rows(modes: NormalModes) -> list[Row]:
    """A row for every normal mode."""
    return [
        {"mode": k + 1, "wavenumber_per_cm": float(wavenumber), "quantum_eV": float(quantum)}
        for k, (wavenumber, quantum) in enumerate(
            zip(modes.wavenumbers, modes.quanta_eV, strict=True)
        )
    ]


def state_rows(modes: NormalModes, potential: Potential, sampling: Sampling) -> list[Row]:
    """The ground state and every singly excited one, of degenerate modes the first's.

    Energies are above the potential's minimum: mean and standard deviation over the phase points,
    and Σ (n + ½) ħω; spacings are above the mean of the ground state.

    Raises:
        UserError: a state is not bound.
    """
    rows: list[Row] = []
    for quanta in _states(modes):
        pool = pool_of(modes, potential, quanta, sampling)
        harmonic = float(sum((n + 0.5) * e for n, e in zip(quanta, modes.quanta_eV, strict=True)))
        ground = rows[0]["mean_eV"] if rows else pool.mean_eV
        assert isinstance(ground, float)
        rows.append(
            {
                "quanta": quanta,
                "harmonic_eV": harmonic,
                "mean_eV": pool.mean_eV,
                "deviation_eV": pool.spread_eV,
                "spacing_eV": pool.mean_eV - ground,
                "spacing_per_cm": (pool.mean_eV - ground) / PER_CM,
            }
        )
    return rows


def _states(modes: NormalModes) -> list[Quanta]:
    count, omega = len(modes), modes.omega
    first = [k for k in range(count) if k == 0 or omega[k] - omega[k - 1] > ALIKE * omega[k]]
    excited = [tuple(int(k == mode) for k in range(count)) for mode in first]
    return [(0,) * count, *excited]
