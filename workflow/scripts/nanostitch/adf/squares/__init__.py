"""Blurred rectangles fitted to crystals jointly, and the gaps between neighbours."""
