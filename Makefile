# `make demo` and `make test` set up what they need. PYTHON picks the interpreter.
PYTHON ?= python3
VENV   ?= .venv
NODE   ?= .cache/node
KAFKA  ?= .cache/kafka
BIN    := $(VENV)/bin

.PHONY: demo demo-kafka test soak bench bench-kafka lint engines clean

demo: $(VENV)/.run
	$(BIN)/esa-auth filter --appliance esa01 < examples/quickstart/mail_logs | $(BIN)/python -m json.tool --json-lines

# Broker, topics, producer, worker and reader; Java and Maven must be there.
demo-kafka: $(VENV)/.kafka $(KAFKA)/.done
	@$(BIN)/python -m examples.kafka.demo

test: $(VENV)/.test engines lint
	$(BIN)/python -m pytest

# Crash and fault tests at full figures, one line for each; under an hour.
soak: $(VENV)/.test engines
	ESA_AUTH_SOAK=1 HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -q -s tests/soak tests/inputs/follow tests/kafka/test_fleet.py

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.bench
	$(BIN)/python -m tests.bench

bench-kafka: $(VENV)/.kafka $(KAFKA)/.done
	$(BIN)/python -m tests.bench.kafka

# Programs of other ecosystems that tests run against. A test whose program is not
# there is listed as not run; with ESA_AUTH_REQUIRE_ENGINES=1 it fails.
engines: $(NODE)/.done $(KAFKA)/.done

$(KAFKA)/.done: tests/kafka/pom.xml
	@mkdir -p $(KAFKA)
	@if command -v mvn >/dev/null && command -v java >/dev/null; then \
	  mvn -q -B -f tests/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory=$(abspath $(KAFKA))/lib && touch $@ \
	  || echo "Maven failed: the tests that need Kafka will not run"; \
	else echo "no mvn or no java: the tests that need Kafka will not run"; fi

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
	$(BIN)/python -m pip install --quiet --editable '.[test,lint,kafka]'
	@touch $@

$(VENV)/.kafka: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --editable '.[test,kafka]'
	@touch $@

$(VENV)/.bench: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --editable '.[test,bench]'
	@touch $@

clean:
	rm -rf $(VENV) .cache build dist plugin/*.egg-info
