# make figures · make test: each sets up .venv from the hashed lock first.
#
#   make figures [BATCH=folder[,folder…]] [CORES=n]   the figures, numbers and tables of a batch
#   make figures FIGURE=3                             one figure alone
#   make figures PROFILE=slurm                        the same on a cluster, see docs/clusters.md
#   make resume [PROFILE=slurm]                       continue a run that was killed
#   make test                                         the tests
#   make real                                         the batches on real instrument files
#   make lint · make env · make lock · make docs · make benchmark · make soak · make clean

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := figures
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || echo 2)
BATCH ?=
FIGURE ?=
PROFILE ?= default
REAL := $(wildcard tests/batches/*)

# The folder bin of a profile holds what stands before the commands of its cluster.
export PATH := $(CURDIR)/workflow/profiles/$(PROFILE)/bin:$(CURDIR)/.venv/bin:$(PATH)
export NANOSTITCH_SLURM_CONF := $(SLURM_CONF)
SNAKEMAKE := snakemake --workflow-profile workflow/profiles/$(PROFILE)
ifeq ($(PROFILE),default)
SNAKEMAKE += --cores $(CORES)
endif
# Snakemake needs a folder for its cache: where the user's cannot be made, the project's serves.
CACHE := $(shell d="$${XDG_CACHE_HOME:-$${HOME:-/proc}/.cache}"; mkdir -p "$$d" 2>/dev/null && test -w "$$d" && echo yes)
ifneq ($(CACHE),yes)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif
comma := ,
empty :=
space := $(empty) $(empty)

CONFIG := $(if $(BATCH)$(FIGURE),--config $(if $(BATCH),batches='$(BATCH)') $(if $(FIGURE),figure='$(FIGURE)'))
PREFLIGHT := $(if $(filter slurm,$(PROFILE)),nanostitch preflight slurm --quiet $(CONFIG))

.PHONY: figures resume test real lint env lock docs benchmark soak clean

figures: env
	$(PREFLIGHT)
	$(SNAKEMAKE) $(CONFIG)
	@echo "Results lie in results/: figures, tables, and one netCDF file for each step."

resume: env
	nanostitch resume
	$(SNAKEMAKE) --unlock $(CONFIG)
	$(PREFLIGHT)
	$(SNAKEMAKE) $(CONFIG)

test: env
	pytest --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

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

soak: env
	pytest -m soak $(PYTEST_ARGS)

env: .venv/ready

.venv/ready: envs/lock.txt envs/setup.sh
	@PYTHON='$(PYTHON)' bash envs/setup.sh

lock: env
	envs/lock.sh

docs: env
	python docs/generate.py

clean:
	rm -rf .venv .snakemake results/* .mypy_cache .pytest_cache .ruff_cache .hypothesis
