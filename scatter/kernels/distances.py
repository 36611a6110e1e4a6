"""Distances of pairs of atoms in compiled loops."""

from scatter.kernels.memory import inner

TOUCHING = 1e-6  # Å², squared distance of two atoms that have no direction from one another


@inner
def apart(positions, i, j, shift):
    """The vector from atom i to the image of atom j."""
    return (
        positions[j, 0] - positions[i, 0] + shift[0],
        positions[j, 1] - positions[i, 1] + shift[1],
        positions[j, 2] - positions[i, 2] + shift[2],
    )
