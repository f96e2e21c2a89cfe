"""Low-loss EELS: zero-loss peak, its removal, band gap."""


rule align:
    input:
        raw="results/{batch}/eels/{acquisition}/raw.nc",
        step="results/{batch}/plan/align.json",
    output:
        nc="results/{batch}/eels/{acquisition}/aligned.nc",
    log:
        "results/{batch}/logs/align/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/align/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    script:
        "../scripts/align.py"


rule remove_zero_loss:
    input:
        aligned="results/{batch}/eels/{acquisition}/aligned.nc",
        vacuum=plan.vacuum,
        acquisition="results/{batch}/plan/acquisitions/{acquisition}.json",
        step="results/{batch}/plan/remove_zero_loss.json",
    output:
        nc="results/{batch}/eels/{acquisition}/loss.nc",
    log:
        "results/{batch}/logs/remove_zero_loss/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/remove_zero_loss/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    script:
        "../scripts/remove_zero_loss.py"


rule band_gap:
    input:
        loss="results/{batch}/eels/{acquisition}/loss.nc",
        aligned="results/{batch}/eels/{acquisition}/aligned.nc",
        step="results/{batch}/plan/band_gap.json",
    output:
        nc="results/{batch}/eels/{acquisition}/band_gap.nc",
    log:
        "results/{batch}/logs/band_gap/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/band_gap/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    script:
        "../scripts/band_gap.py"
