"""Energies of a slab with one atom of a projectile at a time, by plain formulas, on a device."""

from typing import Any

import torch
from torch import Tensor

from scatter.potentials.device.plain import Plain
from scatter.state import System


class DeviceWithEach:
    """One bound system for each atom of the projectile; see `WithEach` in `potentials/base.py`.

    Lists have room for what the first replicas need, and some more; where one turns out too short
    the energy is NaN. Of atoms that are not wanted energies are computed too: the device would have
    to be waited for to leave them out.
    """

    def __init__(self, potential: Any, system: System, slots: int):
        """Bind the potential, a `DevicePotential`, to the slab with each atom alone."""
        self.slab = len(system) - system.projectile
        self.bound: list[Plain] = [
            potential.formulas("plain", system.slab.with_projectile(z), slots)
            for z in system.alone.numbers.tolist()
        ]

    def __call__(self, positions: Tensor, wanted: Tensor) -> Tensor:
        """Those with the atoms that are wanted, eV, shape (slot, own); NaN of others."""
        slab = positions[:, : self.slab]
        energies = [
            bound.energies_alone(torch.cat([slab, positions[:, atom : atom + 1]], dim=1))
            for atom, bound in enumerate(self.bound, self.slab)
        ]
        return torch.where(wanted, torch.stack(energies, dim=1), torch.nan)
