"""How a batch of trajectories moves and ends."""
