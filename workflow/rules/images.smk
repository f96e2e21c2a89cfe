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
        mem_mb=3000,
    script:
        "../scripts/particles.py"
