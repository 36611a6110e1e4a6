"""What every other test under mpirun takes for granted."""

import pytest
from mpi4py import MPI

pytestmark = pytest.mark.mpi


def test_the_ranks_of_one_launch_see_one_another():
    assert MPI.COMM_WORLD.size > 1, "run with mpirun -n 2, as ./scripts/test does"
    assert MPI.COMM_WORLD.allgather(MPI.COMM_WORLD.rank) == list(range(MPI.COMM_WORLD.size))
