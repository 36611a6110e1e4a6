"""Positions to energies and forces, for a batch of replicas of one system."""
