"""Compiled loops of a linear ACE."""
