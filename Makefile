# Two commands for a fresh machine: `make run` and `make test`. Everything goes into .venv, pinned by hashes.

PYTHON ?= python3
FUZZ_SECONDS ?= 60
DIR ?= state
BIN := .venv/bin
SOURCES := src tests bench
# A module's tests stay together, with the server that they share.
PARALLEL := --dist loadfile --no-loadscope-reorder

.PHONY: setup run test check fast-tests slow-fsync-tests coverage bench fuzz format lock clean

setup: .venv/.developing

run: .venv/.running
	$(BIN)/angarium serve --dir $(DIR)

# What is installed first has the headers that some of the packages of .venv are built with.
test:
	sh tests/install-peers
	$(MAKE) --no-print-directory check fast-tests slow-fsync-tests

check: setup
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy

fast-tests: setup
	$(BIN)/pytest -n 3 $(PARALLEL)

# Most of what these take is waiting.
slow-fsync-tests: setup
	$(BIN)/pytest -n 5 $(PARALLEL) --slow-fsync --ignore-glob='*test_powercut*' tests/engine tests/store tests/operations

coverage: setup
	$(BIN)/pytest -n 2 $(PARALLEL) --cov --cov-report=term

bench: setup
	$(BIN)/python -m bench

fuzz: setup
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

format: setup
	$(BIN)/ruff check --fix-only $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

lock: setup
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras --allow-unsafe \
		-o requirements/build.txt requirements/build.in
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras \
		-o requirements/run.txt pyproject.toml
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras --allow-unsafe \
		-c requirements/run.txt -o requirements/dev.txt requirements/dev.in

clean:
	rm -rf .venv build

.venv/.running: requirements/build.txt requirements/run.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/.developing: .venv/.running requirements/dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@
