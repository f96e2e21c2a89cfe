"""The virtual laboratory: specimens and raw files of a batch that has none, and its score.

The truth behind a raw file lies beside it and is read by the rule ``score`` alone.
"""


rule specimen:
    input:
        specimen="results/{batch}/plan/specimens/{sample}.{condition}.json",
    output:
        nc="results/{batch}/simulated/specimens/{sample}.{condition}.nc",
    log:
        "results/{batch}/logs/specimen/{sample}.{condition}.log",
    benchmark:
        "results/{batch}/benchmarks/specimen/{sample}.{condition}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(210),
        runtime=needs.minutes(6),
    script:
        "../scripts/specimen.py"


rule simulate:
    input:
        specimen=plan.specimen,
        acquisition="results/{batch}/plan/simulated/{acquisition}.json",
    output:
        raw="results/{batch}/simulated/{acquisition}.{suffix}",
        nc="results/{batch}/simulated/{acquisition}.{suffix}.truth.nc",
    log:
        "results/{batch}/logs/simulate/{acquisition}.{suffix}.log",
    benchmark:
        "results/{batch}/benchmarks/simulate/{acquisition}.{suffix}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(340),
        runtime=needs.minutes(7),
    script:
        "../scripts/simulate.py"


rule score:
    input:
        products=plan.scored,
        truths=plan.truths,
        step="results/{batch}/plan/score.json",
    output:
        nc="results/{batch}/score/score.nc",
        tsv="results/{batch}/tables/recovery.tsv",
    log:
        "results/{batch}/logs/score.log",
    benchmark:
        "results/{batch}/benchmarks/score.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(200, per_input_mb=13),
        runtime=needs.minutes(10, per_input_mb=1),
    script:
        "../scripts/score.py"


rule recovery:
    input:
        score="results/{batch}/score/score.nc",
        step="results/{batch}/plan/recovery.json",
    output:
        nc="results/{batch}/score/{technique}_recovery.nc",
        pdf="results/{batch}/score/{technique}_recovery.pdf",
        svg="results/{batch}/score/{technique}_recovery.svg",
        png=report(
            "results/{batch}/score/{technique}_recovery.png",
            caption="../report/recovery.rst",
            category="{batch}",
            labels={"figure": "recovered against true", "technique": "{technique}"},
        ),
    log:
        "results/{batch}/logs/recovery/{technique}.log",
    benchmark:
        "results/{batch}/benchmarks/recovery/{technique}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(330, per_input_mb=12),
        runtime=needs.minutes(10),
    script:
        "../scripts/recovery.py"
