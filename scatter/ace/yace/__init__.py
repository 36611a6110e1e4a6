"""The `.yace` files of LAMMPS, read and written."""
