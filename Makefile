# `make demo` and `make test` set up what they need. PYTHON picks the interpreter.
PYTHON ?= python3
VENV   ?= .venv
NODE   ?= .cache/node
OPENSEARCH := .cache/opensearch
ELASTIC := .cache/elasticsearch
ESQL   := .cache/esql
CIM    := .cache/cim
CLIENTS := .cache/clients
SYSLOG_NG := .cache/syslog-ng
RSYSLOG_INDEX := .cache/rsyslog-elasticsearch
OTEL   := .cache/otel
BENTHOS := .cache/benthos
TELEGRAF := .cache/telegraf
KAFKA  := .cache/kafka
SUPPLY := .cache/supply
PEERS  := .cache/peers
# Processes that share the tests, file by file. Each may start its own Elasticsearch.
JOBS   ?= 2
SHARED := -n $(JOBS) --dist loadfile
BIN    := $(VENV)/bin

.PHONY: help demo demo-kafka check quick test soak fuzz wheel sdist release lock sbom bench bench-kafka lint engines siem man splunk-addon clean

help: ## say what there is to make
	@sed -n 's/^\([a-z-]*\):[^=]*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

LOG ?= examples/quickstart/mail_logs
demo: $(VENV)/.run ## the logins of LOG as a table, its events and a page as files
	@$(BIN)/python -m examples.quickstart.demo $(LOG)

# Broker, topics, producer, worker and reader; Java and Maven must be there.
demo-kafka: $(VENV)/.kafka $(KAFKA)/.done ## broker, producer, two workers, reader; needs Java and Maven
	@$(BIN)/python -m examples.kafka.demo

# Nothing that takes long (the mark `slow`) or runs against other programs.
check: $(VENV)/.test ## the first two minutes: lint, types, tests without other programs
	@$(MAKE) --no-print-directory --jobs=2 lint quick

quick: $(VENV)/.test
	$(BIN)/python -m pytest -q $(SHARED) -m "not slow" \
	  --ignore=tests/bench --ignore=tests/kafka --ignore=tests/shippers --ignore=tests/siem --ignore=tests/soak

test: $(VENV)/.test engines lint ## all tests; what is not there is listed as not run
	$(BIN)/python -m pytest -q $(SHARED)

# Crash and fault tests at full figures, with the figures of each. Most of them wait, and
# some alone take half an hour.
soak: $(VENV)/.test engines ## crash and fault tests at full figures, an hour
	ESA_AUTH_SOAK=1 HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -q -n 6 --dist worksteal tests/soak tests/differential tests/inputs/follow tests/kafka/test_fleet.py \
	  tests/siem/test_attacks.py tests/siem/test_late.py tests/siem/test_sentinel.py

# FUZZ_SECONDS for each of seven targets, guided by coverage (what is new joins the
# corpus), then FUZZ_LINES mutated lines on all processors: with these, ten minutes.
FUZZ_SECONDS ?= 60
FUZZ_LINES ?= 1000000
fuzz: $(VENV)/.test ## inputs guided by coverage, ten minutes
	$(BIN)/python -m pip install --quiet --editable '.[fuzz]'
	@set -e; for target in envelope body log records configuration checkpoint handshake; do \
	  $(BIN)/python -m tests.fuzz $$target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1; done
	$(BIN)/python -m tests.fuzz.lines --lines $(FUZZ_LINES) --jobs $$(nproc)

lint: $(VENV)/.test ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v cargo >/dev/null; then \
	  cd plugin/native && cargo fmt --check && cargo clippy --quiet --release -- -D warnings; \
	else echo "plugin/native is not checked: there is no cargo"; fi

bench: $(VENV)/.test $(PEERS)/.done ## lines a second, beside other programs
	$(BIN)/python -m tests.bench

bench-kafka: $(VENV)/.kafka $(KAFKA)/.done ## the same of the Kafka worker
	$(BIN)/python -m tests.bench.kafka

# Programs of other ecosystems that tests run against. A test whose program is not
# there is listed as not run; with ESA_AUTH_REQUIRE_ENGINES=1 it fails. One line for each.
ENGINES := $(NODE) $(OPENSEARCH) $(ELASTIC) $(ESQL) $(CIM) $(CLIENTS) $(SYSLOG_NG) $(RSYSLOG_INDEX) $(OTEL) $(BENTHOS) $(TELEGRAF) $(KAFKA)
engines: $(VENV)/.test ## fetch what tests run against: OpenSearch, Elasticsearch, Kafka, ... (540 MB)
	@for engine in $(ENGINES); do \
	  if $(MAKE) --no-print-directory --question $$engine/.done 2>/dev/null; \
	  then echo "engine $${engine#.cache/}: already there"; \
	  else $(MAKE) --silent --no-print-directory $$engine/.done; fi; done

# $(call fetching,NAME,FROM) begins the line, $(call fetched,FOLDER) ends it.
fetching = printf 'engine %s, from %s: ' '$(1)' '$(2)'
fetched = touch $@ && du -sh $(1) | cut -f1

$(KAFKA)/.done: tests/kafka/pom.xml
	@mkdir -p $(KAFKA); $(call fetching,Kafka,Maven Central)
	@if command -v mvn >/dev/null && command -v java >/dev/null; then \
	  mvn -q -B -f tests/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory=$(abspath $(KAFKA))/lib && $(call fetched,$(KAFKA)) \
	  || echo "Maven failed: the tests that need it will not run"; \
	else echo "no mvn or no java: the tests that need it will not run"; fi

$(NODE)/.done: Makefile
	@mkdir -p $(NODE); $(call fetching,Node packages,npm)
	@if command -v npm >/dev/null; then \
	  npm install --silent --no-fund --no-audit --prefix $(NODE) @elastic/ecs@9.4.0 @fluent-org/logger@1.0.10 \
	    axe-core@4.14.1 playwright-core@1.65.1 @kusto/language-service-next@12.4.1 && $(call fetched,$(NODE)) \
	  || echo "npm install failed: the tests that need them will not run"; \
	else echo "no npm: the tests that need them will not run"; fi

# A real OpenSearch 2.19, for a JDK of 17 or newer.
$(OPENSEARCH)/.done: tests/siem/pom.xml
	@mkdir -p $(OPENSEARCH); $(call fetching,OpenSearch,Maven Central)
	@if command -v mvn >/dev/null; then \
	  mvn --quiet --batch-mode --file $< dependency:copy-dependencies -DoutputDirectory=$(abspath $(OPENSEARCH)) && $(call fetched,$(OPENSEARCH)) \
	  || echo "Maven failed: the tests that need it will not run"; \
	else echo "no mvn: the tests that need it will not run"; fi

# A real Elasticsearch 8.19 with ES|QL, of what Maven Central has of it.
$(ELASTIC)/.done: tests/siem/elastic/pom.xml
	@rm -rf $(ELASTIC); mkdir -p $(ELASTIC); $(call fetching,Elasticsearch,Maven Central)
	@if command -v mvn >/dev/null; then \
	  mvn --quiet --batch-mode --file $< dependency:copy-dependencies -DoutputDirectory=$(abspath $(ELASTIC)) && $(call fetched,$(ELASTIC)) \
	  || echo "Maven failed: the tests that need it will not run"; \
	else echo "no mvn: the tests that need it will not run"; fi

# Elastic's parser of ES|QL and models of dashboards for Kibana want Python 3.12, which
# need not be ours.
$(ESQL)/.done: Makefile
	@mkdir -p $(ESQL); $(call fetching,parser of ES|QL,PyPI)
	@found=; for python in $(PYTHON) python3.14 python3.13 python3.12 $$(ls -d "$$(pyenv root 2>/dev/null)"/versions/3.1[2-9]*/bin/python 2>/dev/null); do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && found=$$python && break; done; \
	if [ -z "$$found" ]; then echo "no Python 3.12: the tests that need it will not run"; \
	else $$found -m venv $(ESQL) && $(ESQL)/bin/python -m pip install --quiet detection-rules-esql-py==0.1.0 kb-dashboard-core==0.4.1 && $(call fetched,$(ESQL)) \
	  || echo "pip failed: the tests that need it will not run"; fi

# Only for its data: Splunk's Common Information Model, as published.
$(CIM)/.done: Makefile $(VENV)/.run
	@$(call fetching,Splunk CIM,PyPI)
	@$(BIN)/python -m pip install --quiet --upgrade --no-deps --target $(CIM) pytest-splunk-addon==6.4.0 && $(call fetched,$(CIM)) \
	|| echo "pip failed: the tests that need it will not run"

# Only for their types of requests.
$(CLIENTS)/.done: Makefile
	@mkdir -p $(CLIENTS); $(call fetching,types of clients,npm)
	@if command -v npm >/dev/null; then \
	  npm install --silent --no-fund --no-audit --prefix $(CLIENTS) @elastic/elasticsearch@9.4.3 \
	    @opensearch-project/opensearch@3.9.0 typescript@7.0.2 @types/node@20 && $(call fetched,$(CLIENTS)) \
	  || echo "npm install failed: the tests that need them will not run"; \
	else echo "no npm: the tests that need them will not run"; fi

# Debian lets only one of rsyslog and syslog-ng be installed: this one is unpacked here,
# with those of its libraries that this machine lacks.
$(SYSLOG_NG)/.done: Makefile
	@rm -rf $(SYSLOG_NG); mkdir -p $(SYSLOG_NG); $(call fetching,syslog-ng,Debian)
	@if PATH="$$PATH:/usr/sbin" command -v syslog-ng >/dev/null; then touch $@; echo "installed"; \
	else packages=$$(apt-get install --print-uris -qq --no-install-recommends syslog-ng-core 2>/dev/null | sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p"); \
	  [ -n "$$packages" ] && (cd $(SYSLOG_NG) && apt-get download -qq $$packages 2>/dev/null \
	    && for package in *.deb; do dpkg -x $$package . || exit 1; done && rm *.deb) && $(call fetched,$(SYSLOG_NG)) \
	  || echo "not to be had (apt-get update?): the tests that need it will not run"; fi

# rsyslog's output for an index, of the same version as the rsyslog that is installed.
$(RSYSLOG_INDEX)/.done: Makefile
	@rm -rf $(RSYSLOG_INDEX); mkdir -p $(RSYSLOG_INDEX); $(call fetching,rsyslog-elasticsearch,Debian)
	@(cd $(RSYSLOG_INDEX) && apt-get download -qq rsyslog-elasticsearch 2>/dev/null && dpkg -x rsyslog-elasticsearch_*.deb . && rm *.deb) \
	  && $(call fetched,$(RSYSLOG_INDEX)) || echo "not to be had (apt-get update?): the tests that need it will not run"

# Built of what go.sum names; the three together in about ten minutes on two cores.
# $(call built,FOLDER,PROGRAM[,TAGS PACKAGE])
built = if command -v go >/dev/null; then \
	  (cd $(dir $<) && go build -mod=readonly -buildvcs=false -ldflags=-s -o $(abspath $(1))/$(2) $(or $(3),.)) && $(call fetched,$(1)) \
	  || echo "go build failed: the tests that need it will not run"; \
	else echo "no go: the tests that need it will not run"; fi

$(OTEL)/.done: $(addprefix tests/shippers/otel/,go.mod go.sum main.go)
	@mkdir -p $(OTEL); $(call fetching,OpenTelemetry Collector,Go modules)
	@$(call built,$(OTEL),otelcol)

$(BENTHOS)/.done: $(addprefix tests/shippers/benthos/,go.mod go.sum main.go)
	@mkdir -p $(BENTHOS); $(call fetching,Benthos,Go modules)
	@$(call built,$(BENTHOS),benthos)

# With the plugins of conf/telegraf alone it is 62 modules, not 550.
TELEGRAF_TAGS := custom,inputs.execd,inputs.tail,processors.execd,outputs.file,parsers.value,parsers.json,serializers.json,serializers.template
$(TELEGRAF)/.done: $(addprefix tests/shippers/telegraf/,go.mod go.sum)
	@mkdir -p $(TELEGRAF); $(call fetching,Telegraf,Go modules)
	@$(call built,$(TELEGRAF),telegraf,-tags $(TELEGRAF_TAGS) github.com/influxdata/telegraf/cmd/telegraf)

# What `make bench` runs beside us; what is missing has its reason in the table. Logprep
# pins much, so the libraries have an environment of their own; rsyslog and syslog-ng,
# of which Debian installs one, are unpacked with the libraries that they need.
PEERS_APT := rsyslog liblognorm5 libestr0 libfastjson4 syslog-ng-core libivykis0 libnet1 libpcre3 libwrap0 libjson-c5
$(PEERS)/.done: Makefile
	@mkdir -p $(PEERS)/debian
	@$(PYTHON) -m venv $(PEERS)/python
	@$(PEERS)/python/bin/python -m pip install --quiet logprep==21.1.0 pygrok==1.0.0 pyvrl==0.0.2 \
	|| echo "pip failed: these peers will not run"
	@cd $(PEERS)/debian && { apt-get download -qq $(PEERS_APT) 2>/dev/null \
	  && for package in *.deb; do dpkg -x $$package .; done && rm *.deb \
	|| echo "apt-get failed: rsyslog and syslog-ng will not run"; }
	@touch $@

# What is committed, with the permissions of files that everyone may read: those of a
# checkout depend on who made it, and a wheel holds them.
SOURCE := build/source
define source
@rm -rf $(SOURCE) && mkdir -p $(SOURCE) dist
@umask 022; git archive HEAD | tar -x --no-same-permissions -C $(SOURCE)
endef

# The same bytes of the same commit: the time in it is the commit's.
wheel: $(VENV)/.test ## dist/*.whl, the same bytes for the same commit
	$(source)
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --wheel --outdir dist $(SOURCE)

# The same bytes, too: setuptools writes into the archive who built it and when each file
# was checked out, so it is packed again without.
sdist: $(VENV)/.test ## dist/*.tar.gz, the same bytes for the same commit
	$(source)
	@rm -rf build/sdist && mkdir -p build/sdist
	$(BIN)/python -m build --sdist --outdir build/sdist $(SOURCE)
	@cd build/sdist && tar -xzf *.tar.gz && name=$$(basename *.tar.gz .tar.gz) && \
	  tar -c --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
	    --mtime=@$$(git log -1 --format=%ct) $$name | gzip -n -9 > ../../dist/$$name.tar.gz

# All files of a release, of what is committed and of nothing else.
release: ## dist/: wheel, sdist, lock, list of parts, add-on, notes, hashes of all
	@test -z "$$(git status --porcelain)" || { echo "there is something that is not committed"; exit 1; }
	@rm -rf dist
	@$(MAKE) --no-print-directory wheel sdist sbom splunk-addon
	@cp .ci/requirements.lock dist/
	@version=$$($(BIN)/python -c 'import esa_auth; print(esa_auth.__version__)') && \
	  awk -v version="$$version" '/^## / {on = $$2 == version} on' CHANGELOG.md > dist/notes.md && \
	  { test -s dist/notes.md || { echo "CHANGELOG.md has no section $$version"; exit 1; }; }
	@cd dist && sha256sum -- * > SHA256SUMS && cat SHA256SUMS

# What `pip install --require-hashes` takes; in an environment of its own, for its tools
# need other versions than ours.
$(SUPPLY)/.done: Makefile
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/python -m pip install --quiet pip-tools==7.6.2 cyclonedx-bom==7.5.0
	@touch $@

lock: $(SUPPLY)/.done ## write .ci/requirements.lock
	$(SUPPLY)/bin/pip-compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --strip-extras --allow-unsafe -o .ci/requirements.lock setup.cfg

sbom: $(SUPPLY)/.done ## dist/sbom.cdx.json
	@mkdir -p dist
	$(SUPPLY)/bin/cyclonedx-py requirements .ci/requirements.lock --output-reproducible -o dist/sbom.cdx.json

# Writes all in conf/ that is made from something else: templates, queries, dashboards.
siem: $(VENV)/.test ## write what is made in conf/
	$(BIN)/python -m conf.build

# The man page and the pages of options and keys, made of the text of --help.
man: $(VENV)/.test ## write the man page, and the pages of options and keys
	$(BIN)/python -m conf.build.manual

# dist/TA-esa-auth-VERSION.tar.gz; its README.md says how to install it.
splunk-addon: $(VENV)/.test ## dist/TA-esa-auth-VERSION.tar.gz
	$(BIN)/python -m conf.build.addon dist

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer, please")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.python setup.cfg pyproject.toml $(wildcard plugin/native/src/*.rs plugin/native/Cargo.*)
	@echo "Python packages, from PyPI (60 MB)"
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@echo "Python packages of the tests, from PyPI (360 MB)"
	@$(BIN)/python -m pip install --quiet --editable '.[test,lint,siem,kafka]'
	@touch $@

$(VENV)/.kafka: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --editable '.[test,kafka]'
	@touch $@

clean: ## remove all that make has fetched or built
	rm -rf $(VENV) .cache build dist plugin/*.egg-info
