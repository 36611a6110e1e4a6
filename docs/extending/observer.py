"""An observer of your own: how long the molecule was low above a top-layer atom."""

import numpy as np

import scatter
from scatter.units import fs


class TimeAtop(scatter.Observer):
    """Time with the centre of mass within 0.7 Å of a top-layer atom, parallel to the surface."""

    name = "atop"
    columns = (scatter.Column("atop_fs", "f8", "fs", "time low above a top-layer atom"),)

    def begin(self, sight):
        return {"last": sight.time + 0, "total": np.zeros_like(sight.time)}

    def see(self, memory, sight):
        weights = sight.masses[:, :, None] / sight.masses.sum(axis=1)[:, None, None]
        centre = (weights * sight.atoms).sum(axis=1)[:, None, :2]
        apart = centre - sight.state.positions[:, sight.system.top, :2]
        along = apart @ np.linalg.inv(sight.system.cell[:2, :2])  # nearest images
        apart = (along - np.round(along)) @ sight.system.cell[:2, :2]
        atop = ((apart**2).sum(axis=2) < 0.7**2).any(axis=1) & (sight.Z < 3.0)
        passed = sight.time - memory["last"]
        return {"last": sight.time + 0, "total": memory["total"] + atop * passed}

    def row(self, memory, masses):
        return {"atop_fs": memory["total"] / fs}
