# `make demo` and `make test` set themselves up: a virtual environment, and everything in it with the PyTorch of
# constraints.txt. Both are quick when the environment is there.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# How many processes share the tests, each with one thread.
WORKERS ?= 2
# Threads that spin for long while they wait for each other are several times slower where anything else runs.
ifndef OMP_WAIT_POLICY
export GOMP_SPINCOUNT ?= 5000
endif

.PHONY: demo film test check docs clean

demo: $(VENV)/.demo
	$(BIN)/lookalike fit mnist-5k --out runs/demo --overwrite --epochs 6 --set data__judge_share=0.1667
	$(BIN)/lookalike evaluate runs/demo --full
	$(BIN)/lookalike verify runs/demo
	$(BIN)/lookalike explain runs/demo test:0 --picture runs/demo/explanation.png
	$(BIN)/lookalike report runs/demo
	@echo "open runs/demo/report.html in a browser"

# The animated picture in the README, made again.
film: $(VENV)/.demo
	$(BIN)/lookalike fit mnist-5k --out runs/film --overwrite --set initializer=uniform --film
	cp runs/film/film.gif docs/images/film.gif

test: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --durations 20 --durations-min 1

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.docs
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) site runs

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[data]'
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[test,docs]'
	touch $@ $(VENV)/.demo $(VENV)/.docs

$(VENV)/.docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[docs]'
	touch $@
