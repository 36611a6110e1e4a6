"""The linear atomic cluster expansion: its basis, and fits of it to energies and forces."""
