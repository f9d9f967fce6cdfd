# Thin: every line here is a command that you could type yourself. `make` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all check docs docs-check lock images clean

BIN := .venv/bin
PYTHON := $(BIN)/python
LOCKED := requirements/uv.txt pyproject.toml deploy/setup.sh

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.local-ready ## make .venv ready to run; needs a python3 of 3.11 to 3.14, nothing else
	@echo "ready: $(BIN)/speechmill"

demo: .venv/.local-ready ## start everything, speak a paragraph into demo/hello.mp3, stop again
	@$(BIN)/speechmill demo -o demo/hello.mp3

test: .venv/.dev-ready ## all tests but the slow ones, against real services
	@deploy/test-services.sh
	@$(PYTHON) -m pytest -q -m "not slow"

test-all: .venv/.dev-ready check ## the checks, all tests, the slow ones too, and the images
	@deploy/test-services.sh
	@$(PYTHON) -m pytest -q
	@deploy/images.sh

check: .venv/.dev-ready docs-check ## style, types, layering, locks, containers' files, generated docs
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --strict speechmill producer worker deploy/images_together.py
	@$(BIN)/lint-imports
	@$(PYTHON) -m pytest -q tests/unit/test_imports.py
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(BIN)/hadolint Dockerfile.producer Dockerfile.worker
	@$(BIN)/shellcheck --external-sources .ci/run deploy/*.sh
	@deploy/lock.sh --check

docs: .venv/.dev-ready ## write the generated pages under docs/ again
	@$(PYTHON) -m speechmill.cli.configuration

docs-check: .venv/.dev-ready
	@$(PYTHON) -m speechmill.cli.configuration --check

lock: .venv/.dev-ready ## pin again after a change in pyproject.toml or requirements/*.in; LOCK=--upgrade takes newer versions
	@deploy/lock.sh $(LOCK)

images: .venv/.dev-ready ## build the container images, run them together and let them speak
	@deploy/images.sh

clean: ## remove what the other targets made (your data stays)
	rm -rf .venv .venv-uv build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Stamps: once they are newer than what is locked, `make demo` loses no time here.
.venv/.local-ready: requirements/local.txt $(LOCKED)
	@deploy/setup.sh local

.venv/.dev-ready: requirements/dev.txt $(LOCKED)
	@deploy/setup.sh dev
