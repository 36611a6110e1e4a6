import pytest


@pytest.fixture(autouse=True)
def _as_users_get_them(whole_figures):
    """Figures are what these tests are about."""
