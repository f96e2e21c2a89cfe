#!/bin/sh
# Prints the state of one Slurm job as Snakemake's cluster-generic executor wants it. A controller
# that is away is asked for two minutes; a job that a live controller does not know has failed.
end=$(($(date +%s) + 120))
until state=$(squeue --noheader --states=all --jobs "$1" --format %T 2>/dev/null); do
    if scontrol ping 2>/dev/null | grep -q UP || [ "$(date +%s)" -ge "$end" ]; then
        state=UNKNOWN
        break
    fi
    sleep 2
done

case $state in
COMPLETED) echo success ;;
BOOT_FAIL | CANCELLED* | DEADLINE | FAILED | NODE_FAIL | OUT_OF_MEMORY | TIMEOUT | UNKNOWN | "")
    echo failed
    ;;
*) echo running ;;
esac
