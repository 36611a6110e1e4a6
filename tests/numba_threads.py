"""Numba's threads, which campaigns set and nobody sets back."""

from contextlib import contextmanager


@contextmanager
def threads_as_before(meanwhile=None):
    """Afterwards there are as many threads as before; `meanwhile`, if given, so many."""
    import numba  # not before the hook of `conftest` checks shapes and types

    before = numba.get_num_threads()
    try:
        numba.set_num_threads(meanwhile or before)
        yield
    finally:
        numba.set_num_threads(before)
