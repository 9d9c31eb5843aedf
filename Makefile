# `make demo` and `make test` set up what they need. PYTHON picks the interpreter.
PYTHON ?= python3
VENV   ?= .venv
NODE   ?= .cache/node
BIN    := $(VENV)/bin

.PHONY: demo test soak bench lint engines clean

demo: $(VENV)/.run
	$(BIN)/esa-auth filter --appliance esa01 < examples/quickstart/mail_logs | $(BIN)/python -m json.tool --json-lines

test: $(VENV)/.test engines lint
	$(BIN)/python -m pytest

# Crash and fault tests at full figures, one line for each; under an hour.
soak: $(VENV)/.test
	ESA_AUTH_SOAK=1 HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -q -s tests/soak tests/inputs/follow

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.test
	$(BIN)/python -m tests.bench

# Programs of other ecosystems that tests run against. A test whose program is not
# there is listed as not run; with ESA_AUTH_REQUIRE_ENGINES=1 it fails.
engines: $(NODE)/.done

$(NODE)/.done: Makefile
	@mkdir -p $(NODE)
	@if command -v npm >/dev/null; then \
	  npm install --silent --no-fund --no-audit --prefix $(NODE) @elastic/ecs@9.4.0 @fluent-org/logger@1.0.10 && touch $@ \
	  || echo "npm install failed: the tests that need it will not run"; \
	else echo "no npm: the tests that need it will not run"; fi

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer, please")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.python setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --editable '.[test,lint]'
	@touch $@

clean:
	rm -rf $(VENV) .cache build dist plugin/*.egg-info
