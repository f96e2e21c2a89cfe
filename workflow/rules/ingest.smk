"""The raw door: a vendor's file becomes a labelled, calibrated product."""


rule fetch:
    input:
        source="results/{batch}/plan/fetched/{acquisition}.json",
    output:
        raw="results/{batch}/fetched/{acquisition}/{file}",
    log:
        "results/{batch}/logs/fetch/{acquisition}/{file}.log",
    benchmark:
        "results/{batch}/benchmarks/fetch/{acquisition}/{file}.tsv"
    wildcard_constraints:
        file="[^/]+",
    localrule: True  # nodes of a cluster often have no way out
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(150),
        runtime=needs.minutes(600),
    script:
        "../scripts/fetch.py"


rule ingest:
    input:
        raw=plan.raw_files,
        acquisition="results/{batch}/plan/acquisitions/{acquisition}.json",
        step="results/{batch}/plan/ingest.json",
    output:
        nc="results/{batch}/{technique}/{acquisition}/raw.nc",
    log:
        "results/{batch}/logs/ingest/{technique}/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/ingest/{technique}/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(200, per_raw_mb=4),
        runtime=needs.minutes(5, per_raw_mb=1),
    script:
        "../scripts/ingest.py"
