# `make help` lists the targets. Needs Python 3.11+, Node with npm and make; everything else is brought along, pinned.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run setup setup-test test check bench docs requirements wheel clean

PORT ?= 8400
DATA ?= data
# Tests mostly wait, for processes and browsers: a few more at once than there are cores.
WORKERS ?= 3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
# Not every pip compiles what it installs, and some machines forbid Python to do so later: a start would take twice as long.
COMPILE := $(BIN)/python -m compileall -q -q -j 0
PYTHON ?= $(shell for one in python3 python3.11 python3.12 python3.13 python3.14; do $$one $(NEW_ENOUGH) 2>/dev/null && echo $$one && break; done)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## set up and start Stammgast with a demo company; PORT= and DATA= choose where
	@$(BIN)/stammgast up --demo --data $(DATA) --port $(PORT)

setup: .venv/.runtime .venv/.installed .venv/.assets ## only set up: virtual environment, dependencies, browser assets

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found." >&2; exit 1; }
	@$(PYTHON) $(NEW_ENOUGH) || { echo "Python 3.11 or newer is needed; $(PYTHON) is older." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.runtime: .venv/bin/python requirements/runtime.txt
	$(PIP) install --quiet --require-hashes -r requirements/runtime.txt
	@$(COMPILE) .venv/lib || true
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@$(COMPILE) .venv/lib || true
	@touch $@

.venv/.installed: .venv/.runtime pyproject.toml
	$(PIP) install --quiet --no-build-isolation --no-deps -e .
	@$(COMPILE) src
	@touch $@

assets/node_modules/.installed: assets/package-lock.json
	@command -v npm >/dev/null || { echo "Node with npm is needed for the browser assets; npm was not found." >&2; exit 1; }
	cd assets && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.venv/.assets: .venv/bin/python assets/node_modules/.installed assets/copy.mjs
	cd assets && node copy.mjs
	@touch $@

setup-test: setup .venv/.dev
	@tools/install-test-tools.sh

test: setup-test ## run the whole suite (PYTEST= adds options)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTEST)

check: setup .venv/.dev ## quick checks: style, types, layers, doctests, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q src/stammgast tests/docs tests/architecture

bench: setup .venv/.dev ## measure speed against references in the same run (BENCH= chooses rows)
	$(BIN)/python -m bench $(BENCH)

docs: setup .venv/.dev ## write the generated reference in docs/reference anew
	$(BIN)/python -m tools.reference

wheel: setup .venv/.dev ## build the wheel, browser assets included, into dist/
	$(BIN)/python -m build --no-isolation --wheel

requirements: .venv/.dev ## pin and hash the newest allowed dependencies
	$(BIN)/uv pip compile -q --upgrade --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --group setup -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --upgrade --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --group dev --extra matching -o requirements/dev.txt

clean: ## remove what setting up made (the data folder stays)
	rm -rf .venv assets/node_modules src/stammgast/web/static/vendor src/stammgast/events/geo/*.mmdb dist
