"""Impedance: validity and equivalent circuit."""
