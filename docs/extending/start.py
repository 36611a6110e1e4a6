"""A start of your own: every molecule upright, its first atom down."""

from dataclasses import replace

import numpy as np

import scatter


class Upright(scatter.Diatomic):
    """A diatomic whose bond is rotated onto the surface normal, together with its momenta."""

    def sample(self, point, rng):
        phase = super().sample(point, rng)
        z = phase.positions[1] - phase.positions[0]
        z = z / np.linalg.norm(z)
        x = np.cross(z, [0.6, 0.8, 0.0])
        x = x / np.linalg.norm(x)
        turned = np.stack([x, np.cross(z, x), z], axis=1)  # its columns become x, y and z
        return replace(
            phase,
            positions=phase.positions @ turned,
            momenta=phase.momenta @ turned,
            columns={**phase.columns, "theta_deg": 0.0, "phi_deg": 0.0},
        )
