.DEFAULT_GOAL := help
.PHONY: help book pdf test install notebook notebooks links sweep bench clean
.DELETE_ON_ERROR:

# The sweep's variables; CONTRIBUTING.md lists the others.
SEEDS ?= 0
PROFILE ?= lite
CORES ?= all
GPU ?= 0
# Any Python from 3.11; to choose one: make book PYTHON=python3.12
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
VENV ?= .venv
# Neither make nor a shell may interpret these values: recipes take them from the environment, quoted.
GIVEN := SEEDS PROFILE METHODS DATASETS MODE GPU CORES OPTIONS PYTHON VENV
$(foreach name,$(GIVEN),$(if $(filter-out file,$(origin $(name))),\
	$(eval override $(name) := $$(value $(name)))))
export $(filter-out PYTHON,$(GIVEN))
INTERPRETER = '$(subst ','\'',$(PYTHON))'
RUN := "$$VENV/bin/python" -m

# This one is part of names that make itself reads.
HASH := \#
SIGNS := : ; % | = \ $(HASH) & * ? [ ~ $$
ODD := $(foreach sign,$(SIGNS),$(findstring $(sign),$(VENV))) $(filter -%,$(VENV)) $(word 2,$(VENV))
ifneq (x$(VENV)$(strip $(ODD)),x$(strip $(VENV)))
$(error VENV is '$(VENV)'; name a folder without spaces, a leading dash, or any of $(SIGNS))
endif
ifeq ($(VENV),)
override VENV := .venv
endif

INSTALLED := $(VENV)/.installed
TESTING := $(VENV)/.testing
PAGE := book/_build/html/intro.html

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: $(INSTALLED) ## Install the dependencies, run the notebooks, build the book.
	TQDM_DISABLE=1 "$$VENV/bin/jupyter-book" build book -n -W --keep-going \
		|| { rm -rf book/_build/.doctrees; exit 1; }  # or the next build would skip the warnings
	@echo "Open file://$$PWD/$(PAGE)"

pdf: book ## Print the book to one PDF; needs Chromium.
	$(RUN) pip install --quiet --editable '.[pdf]'
	"$$VENV/bin/python" book/pdf.py
	@echo "Open file://$$PWD/book/_build/pdf/hypergan.pdf"

test: $(TESTING) ## Check style and types, run every test and every notebook.
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) pytest -n 3 --dist loadfile --no-loadscope-reorder  # some mostly wait

install: $(INSTALLED) ## Install the dependencies, nothing else.

notebook: $(INSTALLED) ## Open the notebooks in Jupyter.
	$(RUN) pip install --quiet --editable '.[lab]'
	$(RUN) jupyterlab book

notebooks: $(INSTALLED) ## Run the notebooks and store them with their figures.
	$(RUN) hypergan.notebooks

links: $(INSTALLED) ## Check every external link of the book.
	TQDM_DISABLE=1 "$$VENV/bin/jupyter-book" build book --builder linkcheck

sweep: $(INSTALLED) ## Run cells without a record, notebooks, book: make sweep SEEDS="0 1 2" PROFILE=lite.
	@case "$$SEEDS$$PROFILE$$METHODS$$DATASETS$$MODE$$GPU/$$CORES" in \
	*[!A-Za-z0-9\ ._-]*/* | */*[!0-9al]* | */0*) \
		echo 'error: SEEDS and the like are names and whole numbers, CORES is one or all' >&2; exit 2; \
	esac  # Snakemake would read some signs as YAML
	set -f; PATH="$$(realpath "$$VENV")/bin:$$PATH" snakemake $$OPTIONS --cores "$${CORES:-all}" --config \
		seeds="$$SEEDS" profile="$$PROFILE" methods="$$METHODS" datasets="$$DATASETS" \
		mode="$$MODE" gpu="$$GPU"

bench: $(INSTALLED) ## Measure speed and memory against plain PyTorch (about half an hour).
	$(RUN) hypergan bench

clean: ## Remove the built book, the virtual environment and all caches; keep data and runs.
	@if [ -e "$$VENV/pyvenv.cfg" ]; then rm -rf "$$VENV"; \
	elif [ -e "$$VENV" ]; then echo "kept $$VENV: it is no virtual environment"; fi
	rm -rf book/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find hypergan tests book -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml
	@$(INTERPRETER) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'Python 3.11 or newer is needed; name yours: make PYTHON=/path/to/python3' >&2; exit 1; }
	$(INTERPRETER) -m venv "$$VENV"
	$(RUN) pip install --quiet --editable '.[book,gold,sweep]'
	touch "$$VENV/.installed"

$(TESTING): $(INSTALLED)
	$(RUN) pip install --quiet --editable '.[book,test]'
	touch "$$VENV/.testing"
