# One word per command: lab  test  check  build  lock.  Everything is set up in .venv; nothing outside this folder changes,
# but for Debian's chromium, PostgreSQL, HTTP proxy and bubblewrap, which tests need (bubblewrap: also whoever grades).

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
DEBIAN := bubblewrap chromium postgresql node-configurable-http-proxy
LESSONS := $(shell find course -name '*.py' -o -name '*.md')

.PHONY: lab test check build lock

## Everything a learner needs, then JupyterLab on the lessons. A second call starts at once.
lab: build
	@$(BIN)/dla lab

## Everything the tests need, then the tests.
test: .venv/debian build
	@$(BIN)/python -m pytest -n 2 --dist loadfile

## Style, in a second.
check: .venv/installed
	@$(BIN)/ruff check .

## The lessons: learner, solution and advisor notebooks in build/.
build: build/.built

build/.built: .venv/installed $(LESSONS) autograder/lessons.py
	@echo "Building the lessons"
	@$(BIN)/autograder build
	@touch $@

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $$($(PYTHON) --version) found. Name one: make PYTHON=python3.12 lab"; exit 1; }
	@echo "Setting up .venv (once; about 1.5 GB to download)"
	@$(PYTHON) -m venv .venv || { echo "No venv module. On Debian: sudo apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock \
	  | awk '/^(Collecting|Installing|  Downloading)/ {n += /^Collecting/; printf "\r\033[K  %3d packages  %.60s", n, $$0; fflush()} END {print ""}'
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c 'from dla_widgets.kernel import install; install()'
	@touch $@

# The browser tests drive Debian's chromium, the data cube's, gradebook's and leaderboard's tests its PostgreSQL, a JupyterHub
# needs its configurable-http-proxy, and learners' code runs behind bubblewrap. What can't be installed is skipped there, with
# the reason.
.venv/debian: .venv/installed
	@(for tool in chromium bwrap configurable-http-proxy /usr/lib/postgresql/*/bin/initdb; do command -v $$tool || exit; done) \
	  >/dev/null || { \
	  echo "Installing $(DEBIAN) for the tests"; \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo "sudo -n"); \
	  { $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $(DEBIAN); } >.venv/apt.log 2>&1 \
	  || echo "$(DEBIAN) could not be installed (see .venv/apt.log): their tests will be skipped"; }
	@touch $@

## The exact packages, with hashes and without any address, from the ranges in pyproject.toml.
lock: .venv/installed
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --all-extras --quiet \
	  --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml
