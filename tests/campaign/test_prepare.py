import pytest

from scatter.campaign.projectiles import diatomics_of
from scatter.config import read
from scatter.potentials.analytic import Analytic
from scatter.settings import UserError


def test_a_state_that_reaches_the_bond_of_dissociation_by_itself_is_refused(write_tiny, tmp_path):
    input = read(write_tiny(tmp_path, molecule__v=12)).input
    with pytest.raises(UserError, match=r"dissociated_A = 2.25: H2 with v = 12, j = 1 stretches"):
        diatomics_of(input, Analytic(), Analytic())
