"""Raw files of a batch that has none: written by simulated instruments."""


rule simulate:
    input:
        acquisition="results/{batch}/plan/acquisitions/{acquisition}.json",
    output:
        raw="results/{batch}/simulated/{acquisition}.dm4",
    log:
        "results/{batch}/logs/simulate/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/simulate/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=1500,
    script:
        "../scripts/simulate.py"
