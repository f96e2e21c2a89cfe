"""What a run on a cluster needs to know of the cluster, before it begins and after it was killed.

Slurm is asked through its own commands, and no other system: the profile ``cluster-generic``
serves those without this package.
"""
