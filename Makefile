# otppi: see README.md. Every target makes the virtual environment first when it is missing or older than its inputs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Debian packages that the tests use: gammu takes the virtual modem for real.
TEST_PACKAGES := gammu

.PHONY: run test check bench soak packages clean

run: $(STAMP)
	@$(BIN)/otppi demo

test: packages $(STAMP) check
	$(BIN)/pytest

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(STAMP)
	$(BIN)/python -m tests.bench

soak: $(STAMP)
	$(BIN)/pytest tests/soak --timeout=3600

packages:
	@sh tests/packages.sh $(TEST_PACKAGES)

$(STAMP): setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "otppi needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
	@echo "Installing otppi and what its tests need into $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV) || { echo "The module venv is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $(STAMP)

clean:
	rm -rf $(VENV) build dist *.egg-info var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .test-output
