"""Electronic friction: the electrons of the metal, which take energy from what moves in them."""
