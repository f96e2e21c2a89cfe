"""Where crystals meet: candidate lines, the lattice on either side, and what tells their class."""
