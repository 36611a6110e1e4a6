"""Crystals on a potential: lattice, elastic constants, phonons, free energies, figure of merit."""
