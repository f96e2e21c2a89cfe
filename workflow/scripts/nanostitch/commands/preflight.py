"""``nanostitch preflight``: whether a run on a cluster would end well, before it begins."""

import argparse
import sys
from pathlib import Path

from nanostitch.commands import Commands

PROFILES = Path("workflow", "profiles")


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("preflight", help="check a cluster before a run on it")
    parser.add_argument("cluster", choices=["slurm"], help="which cluster system")
    parser.add_argument("--profile", type=Path, help="workflow profile (default: of its name)")
    parser.add_argument("--config", nargs="*", default=[], help="as for snakemake: key=value …")
    parser.add_argument("--probe", action="store_true", help="also submit a small job")
    parser.add_argument("--quiet", action="store_true", help="print only what is not fine")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Print one line for each thing checked."""
    from nanostitch.cluster import preflight, site

    here = Path.cwd()
    looked_at = site.look(here, options.profile or PROFILES / options.cluster, options.config)
    findings = [preflight.left_behind(here), *preflight.check(looked_at)]
    if options.probe:
        findings.append(preflight.probe(here, sys.executable))
    for finding in findings:
        if not (options.quiet and finding.level == preflight.FINE):
            print(finding)
    return int(any(finding.level == preflight.PROBLEM for finding in findings))
