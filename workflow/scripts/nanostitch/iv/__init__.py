"""Current and voltage: conductance."""
