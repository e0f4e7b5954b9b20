# make demo   run the example scenarios, and name the report to open
# make test   lint, types and tests
# make bench  this program beside its peers, as ratios of one session
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Bytecode is written once, not compiled again at every start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check unit bench soak clean

demo: $(VENV)/.installed
	$(BIN)/lambda-scenarios run scenarios/ --missing-runtime skip
	@echo
	@echo "The report: reports/report.html (open it in a browser)"

test: check unit

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/.installed-dev
	$(BIN)/pytest -n 2 --dist worksteal

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/invoke.py
	$(BIN)/python benchmarks/runtimes.py

soak: $(VENV)/.installed-dev
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest -n 2 --dist worksteal
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/invoke.py

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .lambda-scenarios
