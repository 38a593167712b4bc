# Every target installs what it needs; `make` alone lists them. GNU make 3.81 or newer, any POSIX shell.

PYTHON ?= python3
ARGS ?=
SEED ?=

ready := .venv/.ready
python := .venv/bin/python
measuring := build/quality/.ready
measuring_python := build/quality/venv/bin/python

space := $(subst ,, )
packages := $(subst $(space),:,. $(wildcard skills/*/scripts))

.PHONY: help setup demo demo-fleet messages bench test test-fleet test-pythons faults lint types secrets audit without-audit check quality clean

##@ Start here
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { print "\n" substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: $(ready) ## Create .venv with everything the other targets need (PYTHON=python3.12 selects another Python)

demo: $(ready) ## Create images with a simulated service, twice and after a kill; nothing is really paid
	$(python) scripts/demo.py

demo-fleet: $(ready) ## Create 100 images with two workers and a PostgreSQL of their own, and kill one worker
	$(python) scripts/demo_fleet.py

messages: $(ready) ## Print all messages, English and Chinese side by side
	@$(python) scripts/messages.py

bench: $(ready) ## Measure start, memory and waiting with simulated services (5 minutes per skill; ARGS=ima measures one)
	$(python) scripts/bench.py $(ARGS)

##@ Check
test: $(ready) ## Run the tests (ARGS="-k journal" runs some of them)
	$(python) -m pytest $(ARGS)

test-fleet: $(ready) ## Run the fleet's tests on a PostgreSQL of their own, with many kills and a growing database
	$(python) -m pytest tests/fleet -m '' -n 2 $(ARGS)

test-pythons: $(ready) ## Run the tests on every Python from 3.10 to 3.14 that this machine has
	$(python) scripts/test_pythons.py $(ARGS)

faults: $(ready) ## Test every skill against every fault of docs/faults.md (about 10 minutes; SEED=<n> repeats an order)
	$(python) scripts/faults.py --seed='$(SEED)'

lint: $(ready) ## Check style and formatting with ruff, and the import rules with import-linter
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	PYTHONPATH="$(packages)" .venv/bin/lint-imports --no-logo

types: $(ready) ## Check types with mypy
	$(python) -m mypy

secrets: $(ready) ## Search the files that git tracks for keys
	$(python) scripts/find_secrets.py

audit: $(measuring) ## Check the dependencies for known vulnerabilities (needs the network)
	$(measuring_python) scripts/audit.py

without-audit:
	@echo 'audit: skipped, because OFFLINE=yes'

check: lint types test validate secrets $(if $(filter yes,$(OFFLINE)),without-audit,audit) ## Run everything that must pass before a commit (OFFLINE=yes: without the audit)

quality: $(measuring) ## Measure what the tests prove: branches, lives of a paid task, mutants; writes docs/quality.md
	$(measuring_python) scripts/quality.py $(PARTS)

##@ Tidy
clean: ## Remove what these targets created, including .venv; keep the images in generated-images
	rm -rf .venv build demo dist .hypothesis .mypy_cache .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up writes the stamp last: an interrupted set-up leaves none, and the next target starts it again.
$(ready): pyproject.toml scripts/setup.sh
	@PYTHON='$(PYTHON)' sh scripts/setup.sh

# Measuring tools have their own environment, so that set-up is quick.
$(measuring): pyproject.toml | $(ready)
	$(python) -m venv --clear build/quality/venv
	$(measuring_python) -m pip install --quiet --disable-pip-version-check --no-input --editable '.[dev,quality]'
	@touch $@

##@ Release (SKILL=<slug> or all)
.PHONY: package validate test-bundles test-clients install-local uninstall-local bump publish

clients := build/clients/.ready

package: $(ready) ## Build the published bundles: dist/<slug>/ and a zip of each skill
	$(python) scripts/package.py

validate: package ## Check the bundles against the rules of ClawHub, OpenClaw and the validators
	$(python) scripts/validate.py

test-bundles: package ## Run the process tests on the bundles instead of the checkout
	SKILLS_UNDER_TEST=dist $(python) -m pytest tests/contract tests/skill_md $(ARGS)

test-clients: $(clients) ## Run the bundles in the real OpenClaw and ClawHub, on loopback (first installs 1 GB of programs)
	$(python) -m pytest tests/clients -n 2 -rP --durations=0 $(ARGS)

install-local: package ## Install the bundles into your own OpenClaw
	$(python) scripts/install_local.py

uninstall-local: $(ready) ## Remove them again; keep keys, tasks and images
	$(python) scripts/install_local.py --uninstall

bump: $(ready) ## Raise a version: SKILL=image2 PART=patch (or minor, major)
	$(python) scripts/bump.py '$(SKILL)' '$(PART)'

publish: $(ready) ## Show what would be published of SKILL; with CONFIRM=yes, publish it
	$(python) scripts/publish.py '$(SKILL)' --confirm='$(CONFIRM)'

$(clients): scripts/clients.sh skills/*/requirements.txt | $(ready)
	@sh scripts/clients.sh
