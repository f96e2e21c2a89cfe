"""Random draws of their own for each purpose, whatever else is drawn and in whatever order."""

import hashlib

import numpy as np


def generator(seed: int, *names: str) -> np.random.Generator:
    """Generator that a seed and the names of its purpose decide."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
