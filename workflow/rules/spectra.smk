"""Low-loss EELS: zero-loss peak, its removal, band gap, what follows from them."""


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
        mem_mb=needs.memory_mb(340, per_raw_mb=5),
        runtime=needs.minutes(11, per_raw_mb=2),
    script:
        "../scripts/align.py"


rule remove_zero_loss:
    input:
        raw="results/{batch}/eels/{acquisition}/raw.nc",
        aligned="results/{batch}/eels/{acquisition}/aligned.nc",
        vacuum=plan.referenced("vacuum", "aligned"),
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
        mem_mb=needs.memory_mb(270, per_raw_mb=5),
        runtime=needs.minutes(4, per_raw_mb=1),
    script:
        "../scripts/remove_zero_loss.py"


rule band_gap:
    input:
        raw="results/{batch}/eels/{acquisition}/raw.nc",
        aligned="results/{batch}/eels/{acquisition}/aligned.nc",
        loss="results/{batch}/eels/{acquisition}/loss.nc",
        step="results/{batch}/plan/band_gap.json",
    output:
        nc="results/{batch}/eels/{acquisition}/band_gap.nc",
    log:
        "results/{batch}/logs/band_gap/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/band_gap/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 2
    resources:
        mem_mb=needs.memory_mb(400, per_raw_mb=5),
        runtime=needs.minutes(18, per_raw_mb=5),
    script:
        "../scripts/band_gap.py"


rule boundary:
    input:
        raw="results/{batch}/eels/{acquisition}/raw.nc",
        aligned="results/{batch}/eels/{acquisition}/aligned.nc",
        gaps="results/{batch}/eels/{acquisition}/band_gap.nc",
        step="results/{batch}/plan/boundary.json",
    output:
        nc="results/{batch}/eels/{acquisition}/boundary.nc",
    log:
        "results/{batch}/logs/boundary/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/boundary/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(290, per_raw_mb=5),
        runtime=needs.minutes(3, per_raw_mb=1),
    script:
        "../scripts/boundary.py"


rule dielectric:
    input:
        raw="results/{batch}/eels/{acquisition}/raw.nc",
        aligned="results/{batch}/eels/{acquisition}/aligned.nc",
        loss="results/{batch}/eels/{acquisition}/loss.nc",
        step="results/{batch}/plan/dielectric.json",
    output:
        nc="results/{batch}/eels/{acquisition}/dielectric.nc",
    log:
        "results/{batch}/logs/dielectric/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/dielectric/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(230, per_raw_mb=5),
        runtime=needs.minutes(5, per_raw_mb=1),
    script:
        "../scripts/dielectric.py"
