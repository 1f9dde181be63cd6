# `make` alone lists what there is. Options: STAGE, PERSIST=1, IAM=1, EMULATOR=localstack, AISLE_STACK, AISLE_PORT.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
PY := .venv/dev/bin/python
LOCAL := $(PY) -m infra.local

export PYTHON STAGE PERSIST IAM EMULATOR AISLE_STACK AISLE_PORT

.PHONY: help venv up down status logs token demo lockers test test-unit test-simulation test-local check bench openapi audit deploy destroy clean
.PHONY: check-code check-format check-lint check-types check-imports check-terraform check-state-machines check-unit

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{printf "  %-10s %s\n", $$1, $$2}'

venv:  ## Install the tools into .venv/, where something has changed
	@sh infra/local/prerequisites.sh
	@$(PYTHON) infra/local/environments.py dev cloud

up: venv  ## Start the local cloud and deploy what has changed into it
	@$(LOCAL) up

down: venv  ## Stop the local cloud
	@$(LOCAL) down

status: venv  ## Show which local clouds run, and where
	@$(LOCAL) status

logs: venv  ## Show what the functions logged; FOLLOW=1 goes on, FUNCTION=name selects
	@$(LOCAL) logs $(if $(FOLLOW),-f) $(FUNCTION)

token: venv  ## Print an access token for ROLE=shopper, associate, supplier, admin or machine
	@$(LOCAL) token $(or $(ROLE),shopper)

demo: up  ## Replay real retail orders through the running system, collect one at a locker, then let suppliers sell
	@$(PY) -m examples.online_retail replay $(DEMO_ARGS)
	@$(PY) -m examples.locker_pickup run
	@PYTHONPATH=supplier_kit $(PY) -m examples.marketplace run

lockers: venv  ## Run virtual locker cabinets against the local cloud; LOCKERS_ARGS, e.g. --fault jam@2
	@$(PY) -m infra.local.lockers $(LOCKERS_ARGS)

test: test-unit test-simulation test-local  ## Run all tests; brings up a local cloud of their own

test-unit: venv
	$(PY) -m pytest --numprocesses auto --dist worksteal tests/unit tests/architecture $(PYTEST_ARGS)

test-simulation: venv  ## Play thousands of simulated histories; AISLE_HISTORIES sets how many
	$(PY) -m pytest --numprocesses auto --dist worksteal tests/simulation $(PYTEST_ARGS)

# The local cloud of the journeys comes up meanwhile, most of which is waiting; what went wrong with it the journeys say.
test-local: venv test-unit
	@mkdir -p .local
	@$(PY) -m infra.local.testing >.local/journeys-up.log 2>&1 & \
	$(PY) -m pytest --numprocesses auto --dist loadgroup tests/integration tests/workflows $(PYTEST_ARGS); code=$$?; \
	wait; exit $$code
	$(PY) -m pytest --numprocesses 3 --dist loadgroup -m 'not last' tests/journeys $(PYTEST_ARGS)
	$(PY) -m pytest --numprocesses 2 --dist loadgroup -m last tests/journeys $(PYTEST_ARGS)

check: check-code check-unit  ## Format, lint, types, imports, Terraform, state machines, quick unit tests

check-code: venv
	@mkdir -p .local
	@$(MAKE) --no-print-directory --jobs --output-sync=target check-format check-lint check-types check-imports \
		check-terraform check-state-machines

check-format:
	@$(PY) -m ruff format --check --quiet . || { echo 'format: run $(PY) -m ruff format .'; exit 1; }

check-lint:
	@$(PY) -m ruff check --quiet .
	@$(LOCAL).lint asyncapi

check-types:
	@$(PY) -m mypy

check-imports:
	@.venv/dev/bin/lint-imports --no-cache >.local/imports.log 2>&1 || { cat .local/imports.log; exit 1; }

check-terraform:
	@$(LOCAL).lint terraform

check-state-machines:
	@$(LOCAL).lint state-machines

check-unit: venv
	@$(PY) -m pytest --quiet --numprocesses auto --dist worksteal -m 'not slow' tests/unit

bench: venv  ## Measure cold starts, calls, request units and the AWS bill
	@$(PY) -m bench $(BENCH_ARGS)

openapi: venv  ## Write docs/openapi.json and docs/asyncapi.json anew from the code
	@$(PY) -m chalicelib.core.openapi > docs/openapi.json
	@$(PY) -m chalicelib.lockers.schemas.asyncapi > docs/asyncapi.json
	@$(PY) -m chalicelib.core.openapi errors > docs/errors.md

audit: venv  ## Scan code, dependencies and infrastructure for known weaknesses
	@$(PYTHON) infra/local/environments.py audit
	.venv/audit/bin/bandit --quiet --severity-level medium --recursive app.py chalicelib infra
	.venv/audit/bin/pip-audit --progress-spinner off --requirement requirements.txt --no-deps --disable-pip
	.venv/audit/bin/checkov --quiet --compact --directory infra/terraform

deploy: venv  ## Deploy STAGE=prod to AWS: Terraform, then the application
	@$(LOCAL) deploy $(or $(STAGE),prod)

destroy: venv  ## Remove STAGE from AWS; asks first
	@$(LOCAL) destroy $(or $(STAGE),$(error name the STAGE to destroy))

clean:  ## Stop the local clouds and remove all that was built
	@test ! -x $(PY) || for stack in .local/*/emulator.json; do \
		test ! -e "$$stack" || AISLE_STACK=$$(basename $$(dirname "$$stack")) $(LOCAL) down; done
	rm -rf .local .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
