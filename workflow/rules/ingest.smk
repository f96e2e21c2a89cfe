"""The raw door: a vendor's file becomes a labelled, calibrated product."""


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
        mem_mb=3000,
    script:
        "../scripts/ingest.py"
