"""Current and impedance of films between electrodes."""


rule conductance:
    input:
        raw="results/{batch}/iv/{acquisition}/raw.nc",
        compared_with=plan.referenced("compared_with", "conductance"),
        acquisition="results/{batch}/plan/acquisitions/{acquisition}.json",
        step="results/{batch}/plan/conductance.json",
    output:
        nc="results/{batch}/iv/{acquisition}/conductance.nc",
    log:
        "results/{batch}/logs/conductance/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/conductance/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(240, per_raw_mb=12),
        runtime=needs.minutes(6),
    script:
        "../scripts/conductance.py"


rule circuit:
    input:
        raw="results/{batch}/eis/{acquisition}/raw.nc",
        direct_current=plan.referenced("direct_current", "conductance"),
        acquisition="results/{batch}/plan/acquisitions/{acquisition}.json",
        step="results/{batch}/plan/circuit.json",
    output:
        nc="results/{batch}/eis/{acquisition}/circuit.nc",
    log:
        "results/{batch}/logs/circuit/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/circuit/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(240, per_raw_mb=12),
        runtime=needs.minutes(6),
    script:
        "../scripts/circuit.py"
