# `make demo` shows the whole way; `make test` is the gate, and what CI runs. `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
.SILENT:
.NOTPARALLEL:
.PHONY: help demo test bench-advisor install lint unit controlplane integration reference lock

export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Folders that exist, so that one list serves every state of the tree.
CODE := operator/pgtend tests $(wildcard demo benchmarks tools)
SCRIPTS := tools/install.sh .ci/run $(wildcard tools/*.sh)

# $(call run,COMMAND): show a command, run it, stop when it fails, say how long it took.
run = printf '  $$ %s\n' '$(1)'; began=$$SECONDS; $(1); printf '    %s s\n' "$$((SECONDS - began))"
heading = printf '\n== %s\n' '$(1)'

help: ## list these targets
	sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

demo: ## install what is missing, then show the whole way on real servers (KEEP=1 leaves them running)
	tools/install.sh demo
	exec .venv/bin/python -m demo

test: ## install what is missing, then lint, unit tests, control plane, integration tests and docs blocks
	for step in install lint unit controlplane integration; do $(MAKE) --no-print-directory "$$step"; done

install: ## install what the tests need and this machine lacks (tools/install.sh --check only says)
	$(call heading,What this machine lacks)
	$(call run,tools/install.sh test)

lint: ## formatting, rules, types, architecture, shell scripts, Dockerfile
	$(call heading,Lint)
	$(call run,ruff format --check $(CODE))
	$(call run,ruff check $(CODE))
	$(call run,mypy --strict $(CODE))
	$(call run,lint-imports --no-logo)
	$(call run,shellcheck $(sort $(SCRIPTS)))
	$(if $(wildcard Dockerfile),$(call run,hadolint Dockerfile))

unit: ## tests that need no server
	$(call heading,Unit tests)
	pytest tests/unit

controlplane: ## build the Kubernetes API that the tests run against: minutes once, then nothing
	$(call heading,Test control plane)
	$(call run,python -m tests.servers.controlplane_binary)

integration: ## tests against a real Kubernetes API and real Postgres servers, end to end, of the documents, and of the demo
	# Each in a session of its own: the operators and the load of one would disturb the next.
	$(call heading,Integration tests)
	$(call run,pytest tests/integration)
	$(call heading,Blocks of the documents)
	$(call run,pytest tests/docs)
	$(call heading,End to end)
	$(call run,pytest tests/e2e --ignore tests/e2e/test_demo.py)
	$(call heading,The demo)
	$(call run,pytest tests/e2e/test_demo.py)

reference: ## write docs/reference/api.md and advise.schema.json from the models
	$(call run,python tools/reference.py docs/reference/api.md)
	$(call run,python tools/reference.py docs/reference/advise.schema.json)

bench-advisor: ## compare the advisor with an optimum and baselines of the literature (see benchmarks/advisor/README.md)
	tools/install.sh bench
	PYTHONPATH=.:operator python -m benchmarks.advisor

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command 'make lock'

lock: ## renew the hashed requirements (UPGRADE=1 takes newer versions)
	compile="$(COMPILE) $(if $(UPGRADE),--upgrade)"
	eval "$$compile pyproject.toml --output-file requirements/run.txt"
	eval "$$compile pyproject.toml --group dev --constraint requirements/run.txt --output-file requirements/dev.txt"
	eval "$$compile --constraint requirements/dev.txt requirements/benchmark.in --output-file requirements/benchmark.txt"
	for name in uv kubectl go postgres18; do
		eval "$$compile --no-deps requirements/$$name.in --output-file requirements/$$name.txt"
	done
