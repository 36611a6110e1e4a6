"""How a trajectory begins: the molecule's state, the thermal slab, the approach."""
