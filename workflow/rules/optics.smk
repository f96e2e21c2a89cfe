"""Absorption, photoluminescence and quantum yield of ensembles."""


rule edge:
    input:
        raw="results/{batch}/absorption/{acquisition}/raw.nc",
        solvent=plan.referenced("solvent", "raw"),
        acquisition="results/{batch}/plan/acquisitions/{acquisition}.json",
        step="results/{batch}/plan/edge.json",
    output:
        nc="results/{batch}/absorption/{acquisition}/edge.nc",
    log:
        "results/{batch}/logs/edge/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/edge/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(250, per_raw_mb=12),
        runtime=needs.minutes(7),
    script:
        "../scripts/edge.py"


rule emission:
    input:
        raw="results/{batch}/pl/{acquisition}/raw.nc",
        edge=plan.referenced("absorption", "edge"),
        acquisition="results/{batch}/plan/acquisitions/{acquisition}.json",
        step="results/{batch}/plan/emission.json",
    output:
        nc="results/{batch}/pl/{acquisition}/emission.nc",
    log:
        "results/{batch}/logs/emission/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/emission/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(250, per_raw_mb=12),
        runtime=needs.minutes(4),
    script:
        "../scripts/emission.py"


rule quantum_yield:
    input:
        raw="results/{batch}/plqy/{acquisition}/raw.nc",
        continued=plan.referenced("continued", "raw"),
        blank=plan.referenced("blank", "raw"),
        indirect=plan.referenced("indirect", "raw"),
        response=plan.referenced("response", "raw"),
        dilute=plan.referenced("dilute", "raw"),
        compared_with=plan.referenced("compared_with", "quantum_yield"),
        acquisition="results/{batch}/plan/acquisitions/{acquisition}.json",
        step="results/{batch}/plan/quantum_yield.json",
    output:
        nc="results/{batch}/plqy/{acquisition}/quantum_yield.nc",
    log:
        "results/{batch}/logs/quantum_yield/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/quantum_yield/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(200, per_raw_mb=12),
        runtime=needs.minutes(4),
    script:
        "../scripts/quantum_yield.py"
