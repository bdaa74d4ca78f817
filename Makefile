# Everything starts from python3 alone: the environment is made in .venv, from the lock file.
PYTHON ?= python3
READY := .venv/.ready
MODELS := .venv-models/.ready
SPARK := .venv-spark/.ready
ON_SPARK := tests/engines/test_values.py tests/engines/test_dialects.py tests/spark
RUN := .venv/bin
# The program's own modules too: uv compiles what it installs, not what is used where it lies.
COMPILE = $(RUN)/python -m compileall -q src

.DEFAULT_GOAL := help
.PHONY: help setup demo check test long docs bench soak clean

help: ## what there is
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## prepare only: leaves the program at .venv/bin/hubbub

$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hubbub needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python cannot make environments here: apt-get install python3-venv"; exit 1; }
	@echo "Preparing .venv …"
	@test -x $(RUN)/python || $(PYTHON) -m venv .venv
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.7,<1"
	@UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never $(RUN)/uv sync --quiet --locked --inexact --compile-bytecode --python $(RUN)/python
	@$(COMPILE)
	@touch $@

# Language models bring numpy, which every other command would then load: they live apart.
$(MODELS): $(READY)
	@echo "Preparing .venv-models …"
	@UV_PROJECT_ENVIRONMENT=.venv-models UV_PYTHON_DOWNLOADS=never $(RUN)/uv sync --quiet --locked --extra outsiders --group bench --python $(RUN)/python
	@touch $@

# Spark's client brings numpy and pandas: it lives apart too, and Apache Spark apart from its client.
$(SPARK): $(READY)
	@echo "Preparing .venv-spark …"
	@UV_PROJECT_ENVIRONMENT=.venv-spark UV_PYTHON_DOWNLOADS=never $(RUN)/uv sync --quiet --locked --extra spark --group engines --python $(RUN)/python
	@UV_PROJECT_ENVIRONMENT=.venv-spark/cluster UV_PYTHON_DOWNLOADS=never $(RUN)/uv sync --quiet --locked --only-group cluster --python $(RUN)/python
	@touch $@

demo: $(READY) ## an invented community: collected, measured, drawn; then live on a dashboard
	$(RUN)/hubbub demo

check: $(READY) ## lint, types, import rules, documentation
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/pyright
	$(RUN)/lint-imports
	$(RUN)/python docs/generate.py --check

# Two workers more than cores: many tests wait for a process or a browser of their own.
# Language models and Spark have environments, and runs, of their own.
PYTEST = $(RUN)/python -m pytest -q -n $$(($$(nproc) + 2)) --dist loadfile \
	--ignore tests/privacy/test_outsiders.py --ignore tests/spark

define test_on_spark
@$(MAKE) --no-print-directory $(SPARK) || echo "Spark could not be installed: metrics are not tried on it"
@test ! -e $(SPARK) && test -z "$$CI" || .venv-spark/bin/python -m pytest -q -m "$(1)" $(ON_SPARK)
endef

test: $(READY) ## the tests that take minutes
	$(PYTEST) -m "not long"
	@$(MAKE) --no-print-directory $(MODELS) || echo "spaCy could not be installed: the tests of outsiders' names need it"
	@test ! -e $(MODELS) && test -z "$$CI" || .venv-models/bin/python -m pytest -q tests/privacy/test_outsiders.py
	$(call test_on_spark,not long)

long: $(READY) ## those that take as long again: kills, whole lives, servers of others, every byte looked at
	$(PYTEST) -m long
	$(call test_on_spark,long)

docs: $(READY) ## renew the generated parts of docs/
	$(RUN)/python docs/generate.py

bench: $(READY) ## speed, as ratios of one run
	@$(COMPILE)
	$(RUN)/python -m bench
	$(RUN)/python -m bench.lake
	@$(MAKE) --no-print-directory $(MODELS) || echo "Presidio could not be installed: the scrubber is not compared to it"
	@if test -e $(MODELS); then .venv-models/bin/python -m bench.scrubbing; else $(RUN)/python -m bench.scrubbing; fi
	@$(MAKE) --no-print-directory $(SPARK) || echo "Spark could not be installed: metrics are not measured on it"
	@test ! -e $(SPARK) || .venv-spark/bin/python -m bench.scale 20000000

soak: $(READY) ## the long property and chaos tests
	HYPOTHESIS_PROFILE=soak $(RUN)/python -m pytest -q -n auto --dist loadfile tests/properties tests/collecting/test_chaos.py tests/receiving \
		tests/live/test_convergence.py tests/live/test_kill.py tests/delivering/test_killed_charts.py tests/kafka/test_groups.py tests/server/test_openapi.py tests/engines
	HYPOTHESIS_PROFILE=soak $(RUN)/python -m pytest -q -n auto --dist loadfile -m soak tests/test_crash.py tests/test_doctor.py tests/lake tests/mysql tests/bigquery
	@$(MAKE) --no-print-directory $(SPARK)
	HYPOTHESIS_PROFILE=soak .venv-spark/bin/python -m pytest -q $(ON_SPARK)

clean: ## remove the environment and what the demo made
	rm -rf .venv .venv-models .venv-spark hubbub-demo
