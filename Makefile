# otppi: see README.md. Every target makes the virtual environment first when it is missing or older than its inputs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_FOR_TESTS := $(VENV)/.installed-for-tests
INPUTS := setup.cfg pyproject.toml constraints.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
# Debian packages of the tests: gammu takes the virtual modem for real; the brokers are started privately, none as a service;
# compiler and headers build the library of AMQP 1.0; python3-venv only where Python cannot make a venv.
BROKERS = redis-server mosquitto rabbitmq-server activemq
TEST_PACKAGES = gammu $(BROKERS) gcc libc6-dev pkg-config libssl-dev \
	$(shell $(PYTHON) -c 'import os, sysconfig; os.path.exists(sysconfig.get_path("include") + "/Python.h") or print("python3-dev")') \
	$(shell $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv)

.PHONY: run test check bench soak packages clean

run: $(INSTALLED)
	@$(BIN)/otppi demo

# Tests wait more than they compute, so four workers share two processors well. A file stays with one worker, as its tests
# share services; the order is that of tests/conftest.py.
test: packages
	@$(MAKE) --no-print-directory check
	PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.pytest_cache/bytecode $(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

check: $(INSTALLED_FOR_TESTS)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Speed and size, with a table of target and figure; BENCH="p1 p2 p3 p4 p5" names some of them. wrk makes the load.
bench: $(INSTALLED_FOR_TESTS)
	@sh tests/packages.sh wrk $(BROKERS)
	@cd tests && ../$(BIN)/python -m bench $(BENCH)

# The long runs: deaths under load, messages by brokers that die too, an answer of the network that comes late, half an hour of
# random faults on eight modems. SOAK="kills=100 brokers=10000 late modems=30" names some of them, with their sizes.
soak: $(INSTALLED_FOR_TESTS)
	@sh tests/packages.sh $(BROKERS)
	@cd tests && ../$(BIN)/python -m soak $(SOAK)

packages:
	@sh tests/packages.sh $(TEST_PACKAGES)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "otppi needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { echo "Python's module venv is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(INSTALLED): $(INPUTS) | $(BIN)/python
	@echo "Installing otppi and the libraries it needs into $(VENV) ..."
	@$(PIP) -e .
	@touch $@

$(INSTALLED_FOR_TESTS): $(INPUTS) | $(BIN)/python
	@echo "Installing otppi, the libraries it needs and those of its tests into $(VENV):"
	@grep == constraints.txt | paste -sd' ' | fold -sw 110
	@$(PIP) -e '.[test]'
	@touch $(INSTALLED) $@

clean:
	rm -rf $(VENV) build dist *.egg-info var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .test-output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
