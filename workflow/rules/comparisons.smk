"""What groups of acquisitions tell, question by question, and what it says of the claims."""


rule comparison:
    input:
        products=plan.compared,
        comparison="results/{batch}/plan/comparisons/{comparison}.json",
        step="results/{batch}/plan/comparison.json",
    output:
        nc="results/{batch}/comparisons/{comparison}.nc",
    log:
        "results/{batch}/logs/comparison/{comparison}.log",
    benchmark:
        "results/{batch}/benchmarks/comparison/{comparison}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(290, per_input_mb=12),
        runtime=needs.minutes(6, per_input_mb=1),
    script:
        "../scripts/comparison.py"


rule comparisons:
    input:
        products=plan.all_compared,
        step="results/{batch}/plan/comparisons.json",
    output:
        tsv="results/{batch}/tables/comparisons.tsv",
    log:
        "results/{batch}/logs/comparisons.log",
    benchmark:
        "results/{batch}/benchmarks/comparisons.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(240, per_input_mb=12),
        runtime=needs.minutes(4),
    script:
        "../scripts/comparisons.py"


rule claims:
    input:
        products=plan.claimed,
        claims="results/{batch}/plan/ledger.json",
        step="results/{batch}/plan/claims.json",
    output:
        nc="results/{batch}/claims.nc",
        tsv="results/{batch}/tables/claims.tsv",
        html=report(
            "results/{batch}/claims.html",
            caption="../report/claims.rst",
            category="{batch}",
            labels={"figure": "claims"},
        ),
    log:
        "results/{batch}/logs/claims.log",
    benchmark:
        "results/{batch}/benchmarks/claims.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(290, per_input_mb=12),
        runtime=needs.minutes(6, per_input_mb=1),
    script:
        "../scripts/claims.py"


rule methods:
    input:
        batch="results/{batch}/plan/batch.json",
        step="results/{batch}/plan/methods.json",
    output:
        md="results/{batch}/methods.md",
    log:
        "results/{batch}/logs/methods.log",
    benchmark:
        "results/{batch}/benchmarks/methods.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(100),
        runtime=needs.minutes(1),
    script:
        "../scripts/methods.py"
