.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
export VAR_DIR ?= $(CURDIR)/var

# A stamp carries the hash of its locks: nothing is installed again while they are the same.
hash = $(shell cat $(1) | sha256sum | cut -c1-16)
DEMO := requirements/base.txt requirements/demo.txt
TESTS := $(DEMO) requirements/test.txt requirements/browser.txt
DEMO_STAMP := $(VENV)/.demo-$(call hash,$(DEMO))
TESTS_STAMP := $(VENV)/.tests-$(call hash,$(TESTS))
SOLVER_STAMP := $(VENV)/.solver-$(call hash,requirements/solver.txt)
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes

.PHONY: help run test lint check audit bench bench-promise bench-rooms solver faults lock

help:
	@echo "make run    start the desk at http://127.0.0.1:$(PORT) with a demo company (PORT=8001 for another port)"
	@echo "make test   run the tests on SQLite and PostgreSQL, with Redis and a browser where they are installed"
	@echo "make lint   check the code's style"
	@echo "make check  check migrations, settings for a server, and that docs/policy-map.md is up to date"
	@echo "make audit  look the locked packages up in a list of known weaknesses (needs the network)"
	@echo "make bench  measure with 1,000 to 1,000,000 orders, into docs/performance.md (ORDERS=1000 for a quick run)"
	@echo "make bench-promise  measure the planning engine, into docs/performance.md (SHOPS=10 for a quick run)"
	@echo "make bench-rooms  measure the stream with 500 open rooms, into docs/performance.md (ROOMS=50 for a quick run)"
	@echo "make solver  install CP-SAT, beside which bench-promise then measures the engine"
	@echo "make faults  kill, cut off and stop the clock's workers, beside other ways to do it, into docs/reliability.md"
	@echo "            (ITEMS=600 KILLS=10 for a quick run, LIVING=1000000 for the idle look)"
	@echo "make lock   resolve requirements/*.in anew (needs uv)"

run: $(DEMO_STAMP) $(VAR_DIR)/env
	@LOG_LEVEL=$${LOG_LEVEL:-WARNING} exec $(BIN)/python manage.py start --port $(PORT)

# Both runs at once fill the pauses of the browser and the servers; what this machine lacks is named at the end of each.
# A file stays with one worker, so that what its tests share is built once; tests/conftest.py puts the long ones first.
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test: $(TESTS_STAMP)
	@mkdir -p $(VAR_DIR); log=$(VAR_DIR)/test-postgresql.log; status=0; \
	DATABASE=postgresql $(PYTEST) > $$log 2>&1 & postgresql=$$!; \
	trap 'kill $$postgresql 2>/dev/null' INT TERM; \
	echo "» tests on SQLite, and beside them on PostgreSQL"; DATABASE=sqlite $(PYTEST) || status=1; \
	wait $$postgresql || status=1; \
	echo "» tests on PostgreSQL"; cat $$log; \
	exit $$status

lint: $(TESTS_STAMP)
	$(BIN)/ruff check .

bench: $(TESTS_STAMP)
	@$(BIN)/python -m bench $(if $(ORDERS),--orders $(ORDERS))

bench-promise: $(TESTS_STAMP)
	@$(BIN)/python -m bench.promise $(if $(SHOPS),--shops $(SHOPS))

bench-rooms: $(TESTS_STAMP)
	@$(BIN)/python -m bench.rooms $(if $(ROOMS),--rooms $(ROOMS))

solver: $(SOLVER_STAMP)

faults: $(TESTS_STAMP)
	@$(BIN)/python -m tests.faults $(if $(ITEMS),--items $(ITEMS)) $(if $(KILLS),--kills $(KILLS)) $(if $(LIVING),--living $(LIVING))

# As a server behind HTTPS would see it.
check: $(TESTS_STAMP) $(VAR_DIR)/env
	$(BIN)/python manage.py makemigrations --check --dry-run
	HTTPS=1 $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py policy_map --check

# Strict: a package that could not be looked up fails too.
AUDIT := $(VAR_DIR)/audit-$(call hash,requirements/audit.txt)

audit: $(AUDIT)
	$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes $(TESTS:%=-r %)

$(AUDIT):
	@$(PYTHON) -m venv $@
	@$@/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/audit.txt \
		|| { rm -rf $@; exit 1; }

lock:
	cd requirements && for name in base demo test browser solver audit; do \
		uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			--no-emit-find-links --no-header --no-annotate $$name.in --output-file $$name.txt || exit 1; \
	done

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "The desk needs Python 3.11 or newer: apt install python3, or make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python cannot make virtual environments here: apt install python3-venv"; exit 1; }
	@echo "» Python environment"
	@$(PYTHON) -m venv $(VENV)

$(DEMO_STAMP): $(BIN)/python
	@echo "» packages: the first time takes a while"
	@$(PIP_INSTALL) $(DEMO:%=-r %)
	@touch $@

$(TESTS_STAMP): $(BIN)/python
	@echo "» packages of the tests"
	@$(PIP_INSTALL) $(TESTS:%=-r %)
	@touch $@

$(SOLVER_STAMP): $(TESTS_STAMP)
	@echo "» the solver"
	@$(PIP_INSTALL) -r requirements/solver.txt
	@touch $@

$(VAR_DIR)/env:
	@mkdir -p $(@D)
	@umask 077 && echo "SECRET_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_hex(32))')" > $@
