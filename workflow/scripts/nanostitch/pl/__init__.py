"""Photoluminescence: position and shape of the emission."""
