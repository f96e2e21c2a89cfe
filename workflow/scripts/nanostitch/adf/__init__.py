"""Annular dark-field images: how many particles, how large, and which have merged."""
