"""Numbers before ink: tables, the plotted data of each figure, then the figure itself."""


rule table:
    input:
        products=plan.table_products,
        table="results/{batch}/plan/tables/{table}.json",
        step="results/{batch}/plan/table.json",
    output:
        tsv="results/{batch}/tables/{table}.tsv",
    log:
        "results/{batch}/logs/table/{table}.log",
    benchmark:
        "results/{batch}/benchmarks/table/{table}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(240, per_input_mb=13),
        runtime=needs.minutes(7, per_input_mb=1),
    script:
        "../scripts/table.py"


rule figure_data:
    input:
        products=plan.figure_products,
        figure="results/{batch}/plan/figures/{figure}.json",
        step="results/{batch}/plan/figure_data.json",
    output:
        nc="results/{batch}/figures/{figure}.nc",
    log:
        "results/{batch}/logs/figure_data/{figure}.log",
    benchmark:
        "results/{batch}/benchmarks/figure_data/{figure}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(240, per_input_mb=12),
        runtime=needs.minutes(8, per_input_mb=1),
    script:
        "../scripts/figure_data.py"


rule figure:
    input:
        nc="results/{batch}/figures/{figure}.nc",
        step="results/{batch}/plan/figure.json",
    output:
        md="results/{batch}/figures/{figure}.md",
        pdf="results/{batch}/figures/{figure}.pdf",
        svg="results/{batch}/figures/{figure}.svg",
        png=report(
            "results/{batch}/figures/{figure}.png",
            caption="../report/figure.rst",
            category="{batch}",
            labels={"figure": "{figure}"},
        ),
    log:
        "results/{batch}/logs/figure/{figure}.log",
    benchmark:
        "results/{batch}/benchmarks/figure/{figure}.tsv"
    conda:
        "../../envs/nanostitch.yaml"
    threads: 1
    resources:
        mem_mb=needs.memory_mb(300, per_input_mb=120),
        runtime=needs.minutes(15, per_input_mb=2),
    script:
        "../scripts/figure.py"
