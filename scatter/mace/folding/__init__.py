"""The parts of a MACE model, read off by asking them, in the form that is folded."""
