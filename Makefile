.DEFAULT_GOAL := help
.PHONY: help book test sweep bench clean
.DELETE_ON_ERROR:

# Any Python from 3.11 on; to choose one: make book PYTHON=python3.12
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
VENV ?= .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m

INSTALLED := $(VENV)/.installed
FRESH := book/_build/.fresh
BUILT := book/_build/.built
PAGE := book/_build/html/intro.html

help: ## List what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: $(FRESH) ## Install what is needed, run the notebooks, build the book.
	TQDM_DISABLE=1 $(BIN)/jupyter-book build book -n -W --keep-going \
		|| { rm $(FRESH); exit 1; }  # or the next build would pass over the pages with warnings
	@touch $(BUILT)
	@echo "Open file://$(CURDIR)/$(PAGE)"

test: $(INSTALLED) ## Check style and types, run every test and every notebook.
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) pytest

# More variables than these are in CONTRIBUTING.md.
SEEDS ?= 0
PROFILE ?= lite
CORES ?= all
sweep: $(INSTALLED) ## Run cells without a record, notebooks, book: make sweep SEEDS="0 1 2" PROFILE=lite.
	PATH="$(abspath $(BIN)):$$PATH" snakemake $(OPTIONS) --cores $(CORES) --config \
		seeds="$(SEEDS)" profile="$(PROFILE)" methods="$(METHODS)" datasets="$(DATASETS)" \
		mode="$(MODE)" gpu="$(or $(GPU),0)" book="make book PYTHON=$(PYTHON) VENV=$(VENV)"

bench: $(INSTALLED) ## Measure speed and memory against plain PyTorch (about 15 minutes).
	$(RUN) hypergan bench

clean: ## Remove the built book, the virtual environment and all caches; keep data and runs.
	rm -rf book/_build $(VENV) *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find hypergan tests book -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'Python 3.11 or newer is needed; name yours: make PYTHON=/path/to/python3' >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(RUN) pip install --quiet --editable '.[book,test]'
	touch $@

# Jupyter's cache knows a notebook by its code alone. Whatever else a figure is made of throws the
# whole build away: the installed packages, the package's code, the paper's values, what is published,
# and what was run since the last build (it may itself have run some).
MADE_OF := $(wildcard hypergan/*.py hypergan/*/*.py hypergan/*/*/*.py $(VENV)/lib/python3*/site-packages) \
	$(shell find data/bench data/paper data/records data/search 2>/dev/null) \
	$(shell find $(or $(HYPERGAN_RUNS),runs) '(' -name 'seed*.json' -o -name bench.json ')' -newer $(BUILT) 2>/dev/null)

$(FRESH): $(INSTALLED) _config.yml _toc.yml $(MADE_OF)
	rm -rf book/_build
	mkdir -p book/_build
	touch $@
