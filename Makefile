# The verbs. Each builds the environment (.venv) itself; nothing but Python 3.11 or later is needed.
#
# `make VERB ARGS="..."` hands ARGS to what the verb runs, `make PYTHON=python3.13 VERB` chooses
# the interpreter when .venv is built.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo up test check bench schema pictures lock clean

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3 python3.11 python3.12 python3.13 python3.14
ARGS ?=
# Processes of tests: more than a small machine has cores, since many tests wait for a broker.
JOBS ?= 4

# pip says what it is doing to a person, and nothing to a log.
QUIET := $(shell test -t 1 || echo --quiet)
PIP := $(BIN)/python -m pip --disable-pip-version-check install $(QUIET)

# Set, each of the processes that tests start would compile all of this anew.
export PYTHONDONTWRITEBYTECODE :=

# pyright looks for a newer release of itself otherwise.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## cancel a real flow run on a real Kafka; ARGS="--keep" leaves it up
	@$(BIN)/rescind demo $(ARGS)

up: $(VENV)/.installed ## start Kafka and all services on this machine
	@$(BIN)/rescind up $(ARGS)

test: $(VENV)/.installed ## run every test; ARGS="-k cancel" runs some, JOBS=0 in one process
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)

check: $(VENV)/.installed ## hold the style: format, lint, types, import directions, tidiness
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo --cache-dir .cache/import_linter
	$(BIN)/python -m pytest --quiet tests/package/test_tidy.py

bench: $(VENV)/.installed ## measure, and print target, measured, ratio
	@$(BIN)/python -m benchmarks $(ARGS)

schema: $(VENV)/.installed ## renew what is made from the code: events/schema, docs/reference
	@$(BIN)/python docs/generate.py

pictures: $(VENV)/.installed ## make the pictures of the docs anew (needs Chromium); ARGS=FOLDER: each page in every look
	@$(BIN)/python -m docs.pictures $(ARGS)

lock: $(VENV)/.installed ## renew requirements-dev.txt from pyproject.toml; ARGS="--upgrade" takes the newest
	@test -x .cache/lock/bin/uv || { $(BIN)/python -m venv .cache/lock && .cache/lock/bin/python -m pip --disable-pip-version-check install --quiet 'uv>=0.9,<1'; }
	@.cache/lock/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	  --all-extras --group dev --generate-hashes --custom-compile-command 'make lock' \
	  --output-file requirements-dev.txt $(ARGS)

clean: ## remove what these verbs have made here, .venv too
	rm -rf $(VENV) .cache .hypothesis .coverage build dist src/rescind.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: what they depend on is newer only when something really changed.
$(VENV)/.installed: $(VENV)/.requirements pyproject.toml
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.requirements: requirements-dev.txt | $(BIN)/python
	@echo 'Installing what requirements-dev.txt pins (the first time: about 900 MB on disk) ...'
	@$(PIP) --require-hashes --requirement requirements-dev.txt
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON); do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	  python=; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'expected Python 3.11 or later, but found none. Tried: $(PYTHON).' >&2; \
	  echo 'Install one (Debian, Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3' >&2; \
	  exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "expected Python's venv module, but $$python comes without it (or without ensurepip)." >&2; \
	  echo 'Install it and try again; on Debian and Ubuntu: apt install python3-venv' >&2; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$python --version) ..."; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
