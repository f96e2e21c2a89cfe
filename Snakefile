"""From raw files to figures, numbers and claims: the table of contents of the workflow."""

from snakemake.utils import min_version

min_version("9.17.3")


configfile: "config/config.yaml"


include: "workflow/rules/plan.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/images.smk"
include: "workflow/rules/xrays.smk"
include: "workflow/rules/optics.smk"
include: "workflow/rules/currents.smk"
include: "workflow/rules/comparisons.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/provenance.smk"


rule all:
    input:
        plan.targets,
