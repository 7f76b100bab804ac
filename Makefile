# What there is to do here; `make` alone lists it. Each target sets up its own environment in .venv (once), with only
# what it needs: Python 3.11 or newer is all that must be there. Another Python: make PYTHON=python3.12 demo

PYTHON ?= python3
RUN := .venv/bin/python
OUT ?= demo

# What models learn from is kept under a sum of the code that makes it: other code, other lessons.
LESSONS = build/lessons-$(shell find src models -name '*.py' -o -name '*.sql' -o -name '*.toml' | LC_ALL=C sort | \
	xargs cat | cksum | cut -d ' ' -f 1)

# Threads that wait for work must not spin: on a busy machine spinning makes training several times slower.
export OMP_WAIT_POLICY ?= passive

.DEFAULT_GOAL := help
.PHONY: help demo test check bench bench-learning bench-learning-quick model notebooks serve lock clean with-train with-service with-dev

help: ## Say what there is to do
	@awk 'BEGIN { FS = ":[^#]*## " } /^[a-z-]+:.*## / { printf "make %-20s %s\n", $$1, $$2 }' Makefile

demo: with-train ## Simulate a sender, train without truth, score, and show how well it went (in OUT, default demo/)
	.venv/bin/paperknife demo --out "$(OUT)"

test: with-dev ## Run all tests, the notebooks among them
	$(RUN) -m pytest

check: with-dev ## Lint, format, types, import directions
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	.venv/bin/lint-imports

bench: with-dev ## Measure how fast it is
	@for script in tests/bench/bench_*.py; do \
		case "$$script" in *bench_learning.py) continue ;; esac; \
		echo "== $$script"; $(RUN) "$$script" || exit 1; \
	done

bench-learning: with-dev ## Measure how much of what could be learned is left, on all families (half an hour on two cores)
	$(RUN) tests/bench/bench_learning.py

bench-learning-quick: with-dev ## The same on three families with small logs, against recorded bounds (minutes)
	$(RUN) tests/bench/bench_learning.py --quick --out build/bench-learning-quick

model: with-train ## Make the default model and the label models that go with it anew (some three hours; goes on where it broke off)
	$(RUN) models/make_default.py --keep "$(LESSONS)"
	$(RUN) models/make_label_model.py --keep "$(LESSONS)" --keep-default "$(LESSONS)"

notebooks: with-dev ## Execute the notebooks
	$(RUN) -m pytest notebooks

serve: with-service ## Answer over HTTP on this machine, without keys
	.venv/bin/paperknife serve --no-auth

lock: with-dev ## Choose the newest versions of all dependencies, into constraints.txt
	$(RUN) -m uv pip compile --universal --python-version 3.11 --all-extras --upgrade --annotation-style line \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		--quiet --output-file constraints.txt pyproject.toml

clean: ## Remove what make made: environment, caches, builds, demo/ (your models and MLflow runs stay)
	rm -rf .venv demo build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests models tools notebooks -name __pycache__ -prune -exec rm -rf {} +

with-train with-service with-dev: with-%:
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "There is no '$(PYTHON)' here. Install Python 3.11 or newer, or name yours: make PYTHON=python3.12" >&2; \
		exit 1; }
	@"$(PYTHON)" tools/environment.py $*
