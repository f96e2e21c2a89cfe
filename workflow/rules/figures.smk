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
        mem_mb=1500,
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
        mem_mb=3000,
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
        mem_mb=1500,
    script:
        "../scripts/figure.py"
