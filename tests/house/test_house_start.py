"""A command starts quickly, because it imports what it needs and no more."""

import subprocess
import sys

import pytest

HEAVY = ("actors", "cheroot", "cherrypy", "pykka", "serial", "otppi.adapters", "otppi.app", "jinja2", "hypothesis")


def imported_by(code):
    report = f"import sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, timeout=50, check=True)
    return done.stdout.splitlines()[-1]


def test_the_command_line_alone_imports_neither_actors_nor_servers_nor_vendors():
    assert not imported_by("import otppi.cli")


@pytest.mark.parametrize("words", [["status", "--help"], ["settings", "--help"], ["user", "list", "--help"], ["virtual-modem", "--help"]])
def test_help_does_not_wait_for_libraries_either(words):
    assert not imported_by(f"from otppi.cli import main\ntry: main({words!r})\nexcept SystemExit: pass")


def test_the_domain_imports_the_standard_library_alone():
    code = "import pkgutil, importlib, otppi.domain\nfor module in pkgutil.walk_packages(otppi.domain.__path__, 'otppi.domain.'): importlib.import_module(module.name)"
    assert not imported_by(code)
