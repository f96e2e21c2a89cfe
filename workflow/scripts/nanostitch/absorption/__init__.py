"""Absorption spectra: baseline, edge, exciton."""
