import io

import pytest
from numba_threads import threads_as_before
from rich.console import Console
from wall_potential import Wall

from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out
from scatter.config import read
from scatter.potentials.analytic import Analytic
from scatter.results.read import read_results


@pytest.fixture(scope="session")
def bounced(write_tiny, tmp_path_factory):
    """Points and trajectories of a campaign at 30° that a wall sends back."""
    folder = tmp_path_factory.mktemp("bounced")
    changes = {
        "incidence__energy_eV": [0.3, 0.6], "incidence__polar_deg": [0, 30],
        "incidence__azimuth_deg": [40.0], "dynamics__timestep_fs": 0.25,
        "sampling__trajectories": 6, "frames__trajectories": 0,
    }  # fmt: skip
    source = read(write_tiny(folder, **changes))
    with threads_as_before():
        quiet = Console(file=io.StringIO())
        carry_out(source, Wall(), folder / "out", Ranks(), quiet, starts=Analytic())
    return read_results(folder / "out")[:2]
