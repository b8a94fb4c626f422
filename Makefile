# Needs Python 3.11 or newer and make; everything else is installed here, into .venv and node_modules.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CDK := node_modules/.package-lock.json
# An installation of AWS tools on this machine must not change what is built here.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help setup demo up down status test lint unit e2e bench

help: ## What there is
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/bootstrap.txt
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt requirements/bootstrap.txt
	@printf '%s\n%s\n' "$(CURDIR)" "$(CURDIR)/lambdas" \
		> "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/pam.pth"
	@printf '#!%s\nfrom cli.main import app\n\napp()\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/pam
	@chmod +x $(BIN)/pam
	@touch $@

# npm of the node that the virtual environment brings, so that no Node is needed beforehand.
$(CDK): package.json package-lock.json $(READY)
	$(BIN)/npm ci --silent --no-audit --no-fund --no-update-notifier
	@touch $@

setup: $(READY) $(CDK) ## Install everything (the others do it by themselves)

demo: setup ## See the main job, end to end, on this machine (about two minutes)
	@$(BIN)/python -m local demo --state-dir .pam/demo

up: setup ## Start the local stack and leave it running
	@$(BIN)/python -m local up

down: setup ## Stop what `make up` started
	@$(BIN)/python -m local down

status: setup ## Is it up?
	@$(BIN)/python -m local status

test: setup lint unit e2e ## All the tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy lambdas stacks cli local app.py

unit: setup
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not e2e" --disable-socket --allow-hosts=127.0.0.1

e2e: setup
	$(BIN)/python -m pytest -m e2e

bench: setup ## Measure, on this machine
	@$(BIN)/python -m local.bench
