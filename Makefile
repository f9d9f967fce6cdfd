# Thin: every line here is a command that you could type yourself. `make` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup setup-gpu demo demo-book test test-all check fuzz audit docs docs-check lock images clean

BIN := .venv/bin
PYTHON := $(BIN)/python
EXAMPLES ?= 5000
LOCKED := requirements/uv.txt pyproject.toml deploy/setup.sh

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.local-ready ## make .venv ready to run; needs a python3 of 3.11 to 3.14, nothing else
	@echo "ready: $(BIN)/speechmill"

setup-gpu: .venv/.gpu-ready ## the same with what the voice qwen3 needs: torch with CUDA, some gigabytes
	@echo "ready: $(BIN)/speechmill up --voice qwen3"

demo: .venv/.local-ready ## start everything, speak a paragraph into demo/hello.mp3, stop again
	@$(BIN)/speechmill demo -o demo/hello.mp3

demo-book: .venv/.local-ready ## start everything, make an audiobook of examples/reader.epub, stop again
	@mkdir -p demo && rm -rf demo/data
	@$(BIN)/speechmill book examples/reader.epub -o demo/reader.m4b --data demo/data

test: .venv/.dev-ready ## all tests but the slow ones, against real services
	@deploy/test-services.sh
	@$(PYTHON) -m pytest -q -n 2 --dist loadfile -m "not slow"

test-all: .venv/.dev-ready check .venv-oracle/.ready ## the checks, all tests, also the slow ones and qwen-tts's, and the images
	@deploy/test-services.sh
	@$(PYTHON) -m pytest -q
	@.venv-oracle/bin/python -m pytest -q tests/reference
	@.venv-oracle/bin/python -m tests.parity.make_vectors --check
	@deploy/images.sh

check: .venv/.dev-ready docs-check ## style, types, layering, locks, containers' files, generated docs
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --strict speechmill producer worker tests deploy/images_together.py
	@$(BIN)/lint-imports
	@$(PYTHON) -m pytest -q tests/unit/test_imports.py
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(BIN)/hadolint Dockerfile.producer Dockerfile.worker
	@$(BIN)/shellcheck --external-sources .ci/run deploy/*.sh
	@deploy/lock.sh --check

fuzz: .venv/.dev-ready ## attack all that reads from strangers, for some minutes; EXAMPLES=100000 for a night
	@$(PYTHON) -m tests.fuzz --examples $(EXAMPLES)

audit: .venv/.dev-ready ## hold what is locked against known flaws; needs the Internet
	@deploy/audit.sh

docs: .venv/.dev-ready ## write the generated pages under docs/ again
	@$(PYTHON) -m speechmill.cli.configuration

docs-check: .venv/.dev-ready
	@$(PYTHON) -m speechmill.cli.configuration --check

lock: .venv/.dev-ready ## pin again after a change in pyproject.toml or requirements/*.in; LOCK=--upgrade takes newer versions
	@deploy/lock.sh $(LOCK)

images: .venv/.dev-ready ## build the container images, run them together and let them speak
	@deploy/images.sh

clean: ## remove what the other targets made (your data stays)
	rm -rf .venv .venv-oracle .venv-uv build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Stamps: once they are newer than what is locked, `make demo` loses no time here.
.venv/.local-ready: requirements/local.txt $(LOCKED)
	@deploy/setup.sh local

.venv/.gpu-ready: requirements/local.txt requirements/gpu.txt $(LOCKED)
	@deploy/setup.sh gpu

.venv/.dev-ready: requirements/dev.txt $(LOCKED)
	@deploy/setup.sh dev

# The package qwen-tts wants another transformers.
.venv-oracle/.ready: requirements/oracle.txt deploy/oracle.sh | .venv/.dev-ready
	@deploy/oracle.sh
