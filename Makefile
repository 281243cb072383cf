# Cland Chat. `make` alone lists the targets; `make run` needs nothing but Python 3.11 and make.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8080
export PORT

BIN := $(VENV)/bin
PY := $(BIN)/python
MANAGE := $(PY) manage.py
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	--excludes requirements-excludes.txt

# Settings a production start would refuse to do without; the values are worthless elsewhere.
PRODUCTION := DJANGO_ENV=production DATA_DIR=$(CURDIR)/.data/check ALLOWED_HOSTS=chat.example.com \
	DATABASE_URL=postgres://check:check@127.0.0.1:1/check REDIS_URL=redis://127.0.0.1:1/0

.DEFAULT_GOAL := help
.PHONY: help setup run services test check seed bench test-llm format messages lock clean \
	check-style check-types check-imports check-templates check-migrations check-api \
	check-deploy check-containers

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Setting up -----------------------------------------------------------------------------------

# Debian keeps a part of the venv module in a package of its own.
define venv_package
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing python3-venv with apt-get…"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -yqq python3-venv >/dev/null; \
	else echo "Python's venv module is incomplete; on Debian: apt-get install python3-venv"; exit 1; fi
endef

$(BIN)/uv: requirements-uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: no $(PYTHON) here."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with PYTHON=/path/to/python3.11."; exit 1; }
	@echo "Making a virtual environment in $(VENV)…"
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(venv_package); }
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

# The lock is complete, so nothing is resolved again. A package index that only pip is configured
# for is reached by pip.
define install
	@echo "Installing $$(grep -c '==' $(1)) $(2) packages (a minute at most on a usual line)…"
	@$(BIN)/uv pip install --quiet --python $(PY) --no-deps --require-hashes -r $(1) || \
		$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(1)
	@touch $@
endef

$(VENV)/.installed: requirements.txt $(BIN)/uv
	$(call install,requirements.txt,run-time)

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(call install,requirements-dev.txt,test and lint)

setup: $(VENV)/.installed-dev ## Make the virtual environment with everything in it

# --- Running --------------------------------------------------------------------------------------

run: $(VENV)/.installed ## Start the whole product in one process on http://localhost:8080 (PORT)
	@$(MANAGE) run

services: $(VENV)/.installed-dev ## Start the full topology: PostgreSQL, Redis, Chroma, web, workers, scheduler
	@$(PY) -m deploy.topology

seed: $(VENV)/.installed ## Bring the database up to date and put the demo data in
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) seed
	@$(MANAGE) knowledge_seed

# --- Checking -------------------------------------------------------------------------------------

test: $(VENV)/.installed-dev ## Run all tests: Python, real browser, fault injection, JavaScript
	@$(PY) -m tests

test-llm: $(VENV)/.installed-dev ## Try the assistant against model servers nobody here wrote (downloads)
	@$(PY) -m tests.llm.real.servers
	@$(PY) -m pytest -m real_llm tests/llm

check: $(VENV)/.installed-dev ## Lint, types, imports, templates, migrations, API schema, deployment
	@$(MAKE) --no-print-directory --keep-going check-style check-types check-imports check-templates \
		check-migrations check-api check-deploy check-containers \
		&& echo "All checks passed." || { echo "Some checks failed: see above."; exit 1; }

check-style:
	@echo "→ ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --check .; exit 1; }

check-types:
	@echo "→ mypy"
	@$(BIN)/mypy

check-imports:
	@echo "→ import-linter"
	@$(BIN)/lint-imports --no-logo || exit 1

check-templates:
	@echo "→ djlint"
	@$(BIN)/djlint --quiet --lint .

check-migrations:
	@echo "→ migrations"
	@$(MANAGE) makemigrations --check --dry-run --verbosity 1

check-api:
	@echo "→ OpenAPI schema"
	@$(MANAGE) spectacular --validate --fail-on-warn --file /dev/null

check-deploy:
	@echo "→ deployment settings"
	@mkdir -p .data/check && $(PY) -m deploy.keys > .data/check/secrets.env
	@set -a; . ./.data/check/secrets.env; $(PRODUCTION) \
		$(MANAGE) check --deploy --fail-level WARNING

check-containers:
	@echo "→ container files"
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml

# --- Keeping --------------------------------------------------------------------------------------

bench: $(VENV)/.installed-dev ## Measure delivery, idle memory and streaming against a bare baseline
	@$(PY) -m bench

format: $(VENV)/.installed-dev ## Format Python and sort imports
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

messages: $(VENV)/.installed ## Collect the texts to translate, and compile the translations (needs gettext)
	@$(MANAGE) makemessages --locale zh_Hans --add-location file --no-obsolete --verbosity 0 \
		--ignore tests --ignore bench --ignore artifacts
	@$(MANAGE) compilemessages --locale zh_Hans --ignore $(VENV) --verbosity 0

lock: $(BIN)/uv ## Pin and hash the requirements anew, from the *.in files
	@$(COMPILE) requirements.in --output-file requirements.txt
	@$(COMPILE) requirements-dev.in --output-file requirements-dev.txt

clean: ## Remove the virtual environment and caches; the data in .data stays
	@rm -rf $(VENV) artifacts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
