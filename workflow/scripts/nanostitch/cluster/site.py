"""Gathers what the preflight looks at: the cluster, the profile and the planned run."""

import socket
from pathlib import Path
from typing import Any

from nanostitch import documents
from nanostitch.cluster import requests, slurm
from nanostitch.cluster.preflight import Site


def look(project: Path, profile: Path, config: list[str]) -> Site:
    """Ask the cluster and plan the run.

    Raises
    ------
    ClusterError
        If the cluster does not answer or the run cannot be planned.
    """
    settings: dict[str, Any] = documents.read_yaml(project / profile / "config.yaml")
    return Site(
        project=project,
        profile=settings,
        configuration=slurm.configuration(),
        partitions=slurm.partitions(),
        hosts=slurm.node_hosts(),
        host=socket.gethostname().split(".")[0],
        requests=requests.planned(project, profile, config),
    )
