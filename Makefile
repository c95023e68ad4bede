# `make figures` and `make test` need Python 3.11+ and make, nothing else: each makes .venv and installs what it runs.
PYTHON ?= python3
BIN := .venv/bin
TORCH ?= torch

.PHONY: figures test test-slow test-extras lint types mutants answers docs bench clean

figures: .venv/.figures
	$(BIN)/python docs/figures.py

test: .venv/.test
	$(BIN)/python -m pytest --cov --cov-report=term -q -n auto

# what `make test` leaves out for its length
test-slow: .venv/.test
	$(BIN)/python -m pytest -q -n auto -m slow

lint: .venv/.dev
	$(BIN)/python -m ruff check

types: .venv/.dev
	$(BIN)/python -m mypy

# wrong programs, each of which a named test must notice
mutants: .venv/.test
	$(BIN)/python tests/mutants.py

# the table of the critical points of all benchmark networks, found again: after a change of a network, or of what finds
answers: .venv/.test
	$(BIN)/python -m networks.answers

# what needs an optional library: parity with torch and optax, torch modules, scikit-learn's data, z3's proofs,
# studies on a Dask cluster
test-extras: .venv/.extras
	$(BIN)/python -m pytest -q -n auto tests/parity tests/networks/test_torch_loss.py tests/networks/test_data.py tests/schemes/test_torch_adapter.py tests/schemes/test_guards.py \
		tests/lyapunov/test_smt.py tests/networks/test_network.py tests/docs/test_networks_page.py tests/basins/test_cluster.py tests/test_structure.py tests/shallow

# runs the tutorials and the gallery, takes every warning for an error and checks every internal link; PLOTS=0 runs none
PLOTS ?= 1
docs: .venv/.docs
	$(BIN)/python -m sphinx -q -W --keep-going -D plot_gallery=$(PLOTS) docs docs/_build/html
	$(BIN)/python docs/links.py docs/_build/html

bench: .venv/.bench
	$(BIN)/python benchmarks/ensemble.py

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv

.venv/.figures: .venv/bin/python setup.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fast]'
	touch $@

.venv/.test: .venv/bin/python setup.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fast,test]'
	touch $@

.venv/.dev: .venv/bin/python setup.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

.venv/.extras: .venv/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fast,test,parity,examples,sklearn,smt,cluster]'
	touch $@

.venv/.docs: .venv/bin/python setup.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

.venv/.bench: .venv/bin/python setup.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fast,bench]'
	touch $@

clean:
	rm -rf .venv build dist docs/_build docs/auto_examples docs/auto_tutorials docs/reference/tables.md *.egg-info .coverage .pytest_cache .hypothesis .mypy_cache .ruff_cache
