"""Lattices in images that resolve them: windows, domains, reflections, phases, calibration."""
