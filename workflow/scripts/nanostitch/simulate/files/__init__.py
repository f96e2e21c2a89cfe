"""Writers of the file formats of the simulated instruments: the same bytes for the same data."""
