PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help book test lint format types package mutants nightly oldest cleanroom links bench lab references lock clean

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1 - /p' Makefile

# --all re-reads every page, so that a page with a warning fails every time and not only
# after it was changed. What the cells computed still comes from the execution cache.
book: $(INSTALLED) ## build the book, warnings are errors
	$(BIN)/jupyter-book build . --all -W --keep-going -n
	@echo "Open _build/html/index.html"

# The pages have just been executed for the book, and are compared as they are. One process for each core, each
# with one thread: BLAS would start as many again for matrices that are too small for that.
test: book ## build the book, then run the tests and check the pages' numbers
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --cov --executed \
		--numprocesses auto --dist worksteal

lint: $(INSTALLED) ## check style and spelling, in modules, tests and pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/python tests/lint.py

format: $(INSTALLED) ## mend what can be mended of it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python tests/lint.py --fix

types: $(INSTALLED) ## check the types of lifcore
	$(BIN)/mypy

package: $(INSTALLED) ## build wheel and sdist, check what is in them, use the wheel with NumPy alone
	$(BIN)/python tests/package.py

mutants: $(INSTALLED) ## break the numerical core on purpose, see whether tests notice (MODULES="neuron trial")
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutants.py $(MODULES)

# With 41 properties 10^5 in all, in some 40 minutes; gradients against differences take a second for two of them.
EXAMPLES ?= 2500
nightly: $(INSTALLED) ## run the property tests with 2500 examples each (EXAMPLES=100000 TESTS=tests/test_neuron.py)
	HYPOTHESIS_PROFILE=nightly EXAMPLES=$(EXAMPLES) OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --no-cov \
		--numprocesses auto --dist worksteal -m hypothesis $(if $(TESTS),$(TESTS),tests)

# The oldest versions that pyproject.toml promises, in an environment of their own.
oldest: $(INSTALLED) ## run the tests of lifcore with the oldest dependencies
	$(PYTHON) -m venv _build/oldest
	_build/oldest/bin/pip install --quiet --require-hashes --requirement requirements.lock
	_build/oldest/bin/pip install --quiet $$($(BIN)/python tests/oldest.py)
	_build/oldest/bin/pip install --quiet --no-deps --no-build-isolation .
	OMP_NUM_THREADS=1 _build/oldest/bin/python -m pytest -q --no-cov --numprocesses auto --dist worksteal tests \
		--ignore tests/test_browser.py --ignore tests/test_api.py --ignore tests/test_fresh.py

cleanroom: ## both commands of the README in a fresh clone, home and path (PYTHON=python3.13)
	PYTHON=$(PYTHON) bash tests/cleanroom.sh

links: $(INSTALLED) ## follow the links that leave the book; needs the network
	$(BIN)/python tests/links.py

# Others that lifcore is compared with, in an environment of their own; one that cannot be installed is left out.
.bench/.installed: benchmarks/requirements.txt
	$(PYTHON) -m venv .bench
	grep -v '^#' $< | while read -r peer; do .bench/bin/pip install --quiet "$$peer" "numpy<2.4" || \
		echo "$$peer is left out"; done
	touch $@

# One core each, so that the comparison is of the programs.
bench: .bench/.installed ## measure lifcore beside others, for the page "scale": some minutes
	PYTHONPATH=. OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 \
		XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" \
		.bench/bin/python benchmarks/run.py $(BENCH_OPTIONS)

lab: $(INSTALLED) ## open the pages as notebooks in JupyterLab
	JUPYTER_CONFIG_PATH="$(CURDIR)/.jupyter" $(BIN)/jupyter lab $(LAB_OPTIONS)

references: $(INSTALLED) ## run the pages, store the numbers they print and the picture of the README
	$(BIN)/python -m pytest book --write-references
	$(BIN)/python -c 'from lifcore import views; views.verdict().savefig("book/verdict.png", dpi=110)'

# The universal lock holds for every platform, and for Python 3.11 and later. Extras stay in it:
# without them an older pip takes the newest coverage for coverage[toml], and refuses it for its hash.
lock: $(INSTALLED) ## update requirements.lock from requirements.txt
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile requirements.txt --output-file requirements.lock --upgrade \
		--universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-strip-extras \
		--no-emit-package lifcore --no-annotate --custom-compile-command "make lock"

clean: ## remove what was built, but not .venv
	rm -rf _build .pytest_cache .hypothesis .benchmarks .coverage* *.egg-info

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed: install it, or name it with PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) has no venv: on Debian or Ubuntu, apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@# Matplotlib would say on the first page that it looks for fonts.
	$(BIN)/python -c 'import matplotlib.font_manager'
	touch $@
