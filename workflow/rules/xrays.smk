"""EDX: from an X-ray spectrum to a composition."""


rule composition:
    input:
        raw="results/{batch}/edx/{acquisition}/raw.nc",
        standards=plan.referenced("standards", "raw"),
        compared_with=plan.referenced("compared_with", "composition"),
        acquisition="results/{batch}/plan/acquisitions/{acquisition}.json",
        step="results/{batch}/plan/composition.json",
    output:
        nc="results/{batch}/edx/{acquisition}/composition.nc",
    log:
        "results/{batch}/logs/composition/{acquisition}.log",
    benchmark:
        "results/{batch}/benchmarks/composition/{acquisition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(350, per_raw_mb=12),
        runtime=needs.minutes(9, per_raw_mb=1),
    script:
        "../scripts/composition.py"
