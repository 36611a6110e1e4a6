"""Running the tiny campaign of `conftest.write_tiny` in this process."""


def run_in(folder):
    """Run the campaign whose input was written into a folder; numba's threads stay as they were."""
    import numba  # not before the hook of `conftest` checks shapes and types

    from scatter.campaign.run import run

    threads = numba.get_num_threads()
    try:
        return run(folder / "in.toml")
    finally:
        numba.set_num_threads(threads)
