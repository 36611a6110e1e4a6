"""One campaign: points, ranks, slots, resume; from `input.toml` to a table and a figure.

The room that knows every other room of the engine, and the only one that imports mpi4py.
"""
