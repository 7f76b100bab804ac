# What a fresh machine with Python 3.11 or newer needs; "make" alone says what there is.
# Every target sets up .venv with just the extras it needs, at the versions of constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= demo

# Two threads that spin beside other work take longer than one that waits (OpenMP's default is to spin).
export OMP_WAIT_POLICY ?= passive

.DEFAULT_GOAL := help
.PHONY: help demo test check bench model notebooks serve lock clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/ready-train ## Do the main job once: simulate a sender, train without truth, score, show
	$(BIN)/paperknife demo --out "$(OUT)"

test: $(VENV)/ready-dev ## Run the tests
	$(BIN)/python -m pytest

check: $(VENV)/ready-dev ## Lint, format, types, the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/ready-dev ## Measure what should be fast, side by side in one run
	@for script in tests/bench/bench_*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

model: $(VENV)/ready-dev ## Make the default model anew from simulated senders (about half an hour)
	$(BIN)/python models/make_default.py

notebooks: $(VENV)/ready-dev ## Run every notebook from top to bottom
	$(BIN)/python -m pytest tests/notebooks

serve: $(VENV)/ready-service ## Answer over HTTP on this machine, without keys
	$(BIN)/paperknife serve --no-auth

lock: $(VENV)/ready-dev ## Find the newest versions that install together
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --all-extras --no-header --upgrade pyproject.toml -o constraints.txt

clean: ## Remove what the other targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache demo mlflow.db mlruns

$(VENV)/ready-%: pyproject.toml constraints.txt | $(VENV)/made
	@echo "Setting up $(VENV) ($*) ..."
	@# uv is quicker; where it cannot be had or does not know this machine's package index, pip does the same.
	@($(BIN)/python -m pip install -q uv && VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/uv pip install -q -c constraints.txt -e '.[$*]') 2>/dev/null \
		|| $(BIN)/python -m pip install -q -c constraints.txt -e '.[$*]'
	@touch $@

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "paperknife needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "This Python has no venv module; on Debian: apt-get install python3-venv"; exit 1; }
	@touch $@
