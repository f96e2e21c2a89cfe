"""Atomic columns: where they are looked for, and the joint fit of their Gaussians."""
