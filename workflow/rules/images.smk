"""ADF-STEM images: nanocrystals, their sizes and how many have merged."""


rule particles:
    input:
        raw="results/{batch}/adf/{acquisition}/raw.nc",
        step="results/{batch}/plan/particles.json",
    output:
        nc="results/{batch}/adf/{acquisition}/particles.nc",
    log:
        "results/{batch}/logs/particles/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/particles/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(320, per_raw_mb=50),
        runtime=needs.minutes(32, per_raw_mb=5),
    script:
        "../scripts/particles.py"


rule lattice:
    input:
        raw="results/{batch}/adf/{acquisition}/raw.nc",
        step="results/{batch}/plan/lattice.json",
    output:
        nc="results/{batch}/adf/{acquisition}/lattice.nc",
    log:
        "results/{batch}/logs/lattice/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/lattice/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(210, per_raw_mb=20),
        runtime=needs.minutes(9, per_raw_mb=4),
    script:
        "../scripts/lattice.py"


rule columns:
    input:
        raw="results/{batch}/adf/{acquisition}/raw.nc",
        lattice="results/{batch}/adf/{acquisition}/lattice.nc",
        step="results/{batch}/plan/columns.json",
    output:
        nc="results/{batch}/adf/{acquisition}/columns.nc",
    log:
        "results/{batch}/logs/columns/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/columns/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(240, per_raw_mb=70),
        runtime=needs.minutes(12, per_raw_mb=4),
    script:
        "../scripts/columns.py"


rule seams:
    input:
        raw="results/{batch}/adf/{acquisition}/raw.nc",
        lattice="results/{batch}/adf/{acquisition}/lattice.nc",
        step="results/{batch}/plan/seams.json",
    output:
        nc="results/{batch}/adf/{acquisition}/seams.nc",
    log:
        "results/{batch}/logs/seams/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/seams/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(250, per_raw_mb=40),
        runtime=needs.minutes(20, per_raw_mb=4),
    script:
        "../scripts/seams.py"


rule change:
    input:
        raw="results/{batch}/adf/{acquisition}/raw.nc",
        particles="results/{batch}/adf/{acquisition}/particles.nc",
        before_raw=plan.referenced("before", "raw"),
        before_particles=plan.referenced("before", "particles"),
        step="results/{batch}/plan/change.json",
    output:
        nc="results/{batch}/adf/{acquisition}/change.nc",
    log:
        "results/{batch}/logs/change/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/change/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(260, per_raw_mb=50),
        runtime=needs.minutes(5, per_raw_mb=2),
    script:
        "../scripts/change.py"
