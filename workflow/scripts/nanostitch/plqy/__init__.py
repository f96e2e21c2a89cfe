"""Integrating sphere: quantum yield."""
