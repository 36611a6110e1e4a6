"""Compiled loops of a folded MACE."""
