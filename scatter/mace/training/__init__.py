"""Training MACE models: students of our own, and what mace-torch trains."""
