"""What groups of acquisitions tell: differences, ratios, trends and equivalences.

Replicates are samples, not acquisitions and not objects: :mod:`observations` reads one number
from each product, :mod:`cells` takes the mean for each sample, and every interval stands on how
samples scatter.
"""
