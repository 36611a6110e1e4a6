"""Making potentials: reading what others trained, and fitting our own."""
