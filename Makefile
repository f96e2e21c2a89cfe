# make figures · make test: each sets up .venv from the hashed lock first.
#
#   make figures [BATCH=folder[,folder…]] [CORES=n]   the figures, numbers and tables of a batch
#   make figures FIGURE=3                             one figure alone
#   make test                                         the tests
#   make real                                         the batches on real instrument files
#   make lint · make env · make lock · make docs · make benchmark · make clean

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := figures
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || echo 2)
BATCH ?=
FIGURE ?=
REAL := $(wildcard tests/batches/*)

export PATH := $(CURDIR)/.venv/bin:$(PATH)
SNAKEMAKE := snakemake --cores $(CORES) --workflow-profile workflow/profiles/default
comma := ,
empty :=
space := $(empty) $(empty)

.PHONY: figures test real lint env lock docs benchmark clean

figures: env
	$(SNAKEMAKE) $(if $(BATCH)$(FIGURE),--config $(if $(BATCH),batches='$(BATCH)') $(if $(FIGURE),figure='$(FIGURE)'))
	@echo "Results lie in results/: figures, tables, and one netCDF file for each step."

test: env
	pytest $(PYTEST_ARGS)

real: env
	$(SNAKEMAKE) --config batches='$(subst $(space),$(comma),$(REAL))'

lint: env
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	mypy
	snakemake --lint

benchmark: env
	for script in tests/benchmarks/bench_*.py; do python "$$script"; done

env: .venv/ready

.venv/ready: envs/lock.txt envs/setup.sh
	@PYTHON='$(PYTHON)' envs/setup.sh

lock: env
	envs/lock.sh

docs: env
	python docs/generate.py

clean:
	rm -rf .venv .snakemake results/* .mypy_cache .pytest_cache .ruff_cache .hypothesis
