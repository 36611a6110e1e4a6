"""The classical motion of a molecule without angular momentum, in its normal coordinates.

    x = x⁰ + M^(-1/2) Σ e_k Q_k,     H = ½ Σ P_k² + ½ π·μ·π + V(x),     π_α = Σ_kl ζ^α_kl Q_k P_l
    μ = I''⁻¹ I⁰ I''⁻¹,    I'' = Σ m [(x⁰·x) 1 - x⁰ xᵀ],    ζ^α_kl = Σ_i (e_ik × e_il)_α

in the Eckart frame, in which a molecule turns neither at rest nor, to first order, as it vibrates.
A total angular momentum L changes ½ π·μ·π to ½ (L - π)·μ·(L - π). Of a linear molecule only the
two axes across it count, and its bends have no angular momentum about it (l = 0).

Arrays have the members of a pool as their first axis, and nothing sums over that.

Source: Watson, Mol. Phys. 15, 479 (1968); of linear molecules, 19, 465 (1970).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from scatter.initial.normal_modes import NormalModes

Modes = Float[np.ndarray, "member mode"]
Atoms = Float[np.ndarray, "member atom 3"]
Vectors = Float[np.ndarray, "member axis"]
ITERATIONS = 3  # of the midpoint; each makes its error a hundred times smaller or more


@dataclass(frozen=True)
class Watson:
    """The internal motion of a molecule; see above.

    Attributes:
        modes: of the molecule.
    """

    modes: NormalModes

    @property
    def axes(self) -> int:
        """About how many axes, the first ones, the molecule rotates."""
        return 2 if self.modes.top == "linear" else 3

    @cached_property
    def zeta(self) -> Float[np.ndarray, "axis mode mode"]:
        """Coriolis constants ζ^α_kl."""
        e = self.modes.vectors
        return np.moveaxis(np.cross(e[:, None], e[None]).sum(axis=2), -1, 0)[: self.axes].copy()

    @cached_property
    def slopes(self) -> Float[np.ndarray, "mode axis axis"]:
        """∂I''/∂Q_k."""
        e, n = self.modes.vectors, self.axes
        arms = np.sqrt(self.modes.masses)[:, None] * self.modes.positions
        outer = (e[..., :, None] * arms[..., None, :]).sum(axis=1)
        trace = outer[:, 0, 0] + outer[:, 1, 1] + outer[:, 2, 2]
        slopes = trace[:, None, None] * np.eye(3) - 0.5 * (outer + np.swapaxes(outer, 1, 2))
        return slopes[:, :n, :n].copy()

    @property
    def rest(self) -> Float[np.ndarray, "axis axis"]:
        """I⁰, of inertia at rest."""
        return np.diag(self.modes.moments[: self.axes])

    def positions(self, Q: Modes) -> Atoms:
        """x, from the centre of mass, Å."""
        return self.modes.positions + contracted(Q, self._scaled(-0.5))

    def forces(self, forces: Atoms) -> Modes:
        """-∂V/∂Q of forces on the atoms."""
        flat = (forces * self._scaled(-0.5)[:, None]).reshape(len(self.modes), len(forces), -1)
        return np.stack([_added(each) for each in flat], axis=1)

    def momenta(self, Q: Modes, P: Modes, L: Vectors | None = None) -> Atoms:
        """Momenta of the atoms of a molecule with angular momentum L, by default none.

            p = M^(1/2) Σ e_k P_k + m ω' × x⁰,    I'' ω' = L - π

        P are the conjugate momenta, so that they do not depend on L.
        """
        turn = self._turn(Q, self.coriolis(Q, P) if L is None else self.coriolis(Q, P) - L)
        whole = np.zeros((len(Q), 3))
        whole[:, : self.axes] = -turn
        carried = np.cross(whole[:, None], self.modes.positions)
        return contracted(P, self._scaled(0.5)) + self.modes.masses[:, None] * carried

    def coriolis(self, Q: Modes, P: Modes) -> Vectors:
        """π, the angular momentum of the vibration."""
        return _dotted(contracted(Q, self._by_first), P)

    def rotational(self, Q: Modes, L: Vectors) -> Float[np.ndarray, " member"]:
        """½ L·μ·L, eV."""
        turn = self._turn(Q, L)
        return 0.5 * _added(turn * turn * np.diag(self.rest))

    def drift(self, Q: Modes, P: Modes, time: float) -> tuple[Modes, Modes]:
        """Q and P after moving by ½ π·μ·π alone; the implicit midpoint rule, which is symplectic.

        A multiple s of that energy moves as much in s times the time.
        """
        middle, momentum = Q, P
        for _ in range(ITERATIONS):
            by_Q, by_P = self._gradient(middle, momentum)
            middle, momentum = Q + 0.5 * time * by_P, P - 0.5 * time * by_Q
        return 2 * middle - Q, 2 * momentum - P

    def _gradient(self, Q: Modes, P: Modes) -> tuple[Modes, Modes]:
        """∂/∂Q and ∂/∂P of ½ π·μ·π."""
        along_P, along_Q = contracted(Q, self._by_first), -contracted(P, self._by_first)
        w = self._turn(Q, _dotted(along_P, P))
        u = self._turn(Q, w * np.diag(self.rest))
        pairs = (u[:, :, None] * w[:, None]).reshape(len(Q), -1)
        bent = contracted(pairs, self.slopes.reshape(len(self.modes), -1).T)
        return _dotted_first(u, along_Q) - bent, _dotted_first(u, along_P)

    def _turn(self, Q: Modes, L: Vectors) -> Vectors:
        """I''⁻¹ L."""
        inertia = self.rest + contracted(Q, self.slopes)
        return np.linalg.solve(inertia, L[..., None])[..., 0]

    @cached_property
    def _by_first(self) -> Float[np.ndarray, "mode axis mode"]:
        return np.moveaxis(self.zeta, 1, 0).copy()

    def _scaled(self, power: float) -> Float[np.ndarray, "mode atom 3"]:
        return self.modes.vectors * self.modes.masses[:, None] ** power


def contracted(
    amounts: Modes, of: Float[np.ndarray, "mode ..."]
) -> Float[np.ndarray, "member ..."]:
    """Σ_k amounts_k of_k, each member by itself, in the order of k."""
    total = np.zeros((len(amounts), *of.shape[1:]))
    for k, each in enumerate(of):
        total += amounts[:, k].reshape(-1, *[1] * each.ndim) * each
    return total


def _added(values: Float[np.ndarray, "member term"]) -> Float[np.ndarray, " member"]:
    """Sums over the last axis, in its order."""
    total = np.zeros(len(values))
    for term in range(values.shape[1]):
        total += values[:, term]
    return total


def _dotted(left: Float[np.ndarray, "member axis mode"], right: Modes) -> Vectors:
    return np.stack([_added(left[:, axis] * right) for axis in range(left.shape[1])], axis=1)


def _dotted_first(left: Vectors, right: Float[np.ndarray, "member axis mode"]) -> Modes:
    total = np.zeros((len(left), right.shape[2]))
    for axis in range(left.shape[1]):
        total += left[:, axis, None] * right[:, axis]
    return total
