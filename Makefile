# Two commands do everything on a machine that has only Python and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

SCIMMY := tests/foreign/scimmy

.PHONY: help demo up test check ledger bite pins install clean node-server

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(BIN)/entra-sim: setup.cfg pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "entra-sim needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make demo PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $(BIN)/entra-sim

$(VENV)/.test-extra: $(BIN)/entra-sim
	@echo "Setting up the tests (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $(VENV)/.test-extra

$(VENV)/.browser: $(VENV)/.test-extra
	@if command -v chromium chromium-browser google-chrome google-chrome-stable chrome >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "Installing Chromium for the browser tests (once) ..."; \
	  apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "No Chromium is installed: browser tests are skipped (Debian: apt-get install chromium)."; fi
	@touch $(VENV)/.browser

install: $(BIN)/entra-sim ## make .venv and install into it

demo: $(BIN)/entra-sim ## play the Tapt tutorial end to end over real HTTP
	@$(BIN)/entra-sim demo

up: $(BIN)/entra-sim ## serve both sides until Ctrl-C
	@$(BIN)/entra-sim up

check: $(VENV)/.test-extra ## linters, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@mkdir -p .link && ln -sfn .. .link/entra_sim
	MYPYPATH=.link $(BIN)/mypy -p entra_sim
	MYPYPATH=.link $(BIN)/mypy -p entra_sim.docs.builder
	$(BIN)/lint-imports

ledger: $(VENV)/.test-extra ## write docs/fidelity.md, docs/settings.md and the packaged ledger anew
	@$(BIN)/python -m entra_sim.docs.builder

node-server: # a Node server that the tests judge; without node it is left out
	@command -v npm > /dev/null || { echo "No node here: the tests of scimmy-routers are skipped."; exit 0; }; \
	cmp -s $(SCIMMY)/package-lock.json $(SCIMMY)/node_modules/.lock-installed && exit 0; \
	echo "Setting up the Node server of the tests (once) ..."; \
	(cd $(SCIMMY) && npm ci --silent --no-audit --no-fund) && cp $(SCIMMY)/package-lock.json $(SCIMMY)/node_modules/.lock-installed \
	|| echo "The packages of scimmy-routers cannot be installed: its tests are skipped."

test: check $(VENV)/.browser node-server ## set everything up; linters, types, contracts and the whole suite
	$(BIN)/python -m pytest -n auto

bite: $(VENV)/.test-extra ## break the code of 40 sampled rules and see whether their tests notice (minutes)
	@$(BIN)/python -m entra_sim.docs.builder.bite

pins: ## write constraints.txt anew from the newest versions that setup.cfg allows
	@rm -rf build/pins && $(PYTHON) -m venv build/pins
	@build/pins/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,dev]'
	@build/pins/bin/python -m pip freeze --all --exclude-editable --exclude pip > constraints.txt
	@rm -rf build/pins && git --no-pager diff --stat constraints.txt

clean: ## remove what was made
	rm -rf $(VENV) build dist .link *.egg-info $(SCIMMY)/node_modules
